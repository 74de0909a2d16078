"""Joins the figures of bench/gpu.py into one record, and compares them with the targets.

    python bench/gpu_record.py FIGURES SUMMARY RECORD

bench/gpu.sh calls it after every step, so that the record holds what there is also if the machine is taken away. RECORD can
be put into bench/records/gpu.log as it is: its last line is a JSON object with all figures.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = "program-"


@dataclass(frozen=True)
class Target:
    """What a figure should reach.

    Attributes:
        what: the name of the figure.
        path: to the number, in the figures.
        least: the target: the least value, or the greatest for seconds.
        hope: a better value.
        unit: of the number; "s" for seconds, of which fewer are better.
    """

    what: str
    path: tuple[str, ...]
    least: float
    hope: float
    unit: str

    def is_met(self, value: float) -> bool:
        """Return whether a number reaches the target."""
        return value <= self.least if self.unit == "s" else value >= self.least


STEPS = ("steps", "ratio")
TARGETS = (
    Target("steps alone", ("steps", "images_per_second", "lenet cuda", "median"), least=3e6, hope=1e7, unit="images/s"),
    Target(
        "… in ten calls an epoch, as lenet train",
        ("steps", "images_per_second", "lenet cuda, ten calls an epoch", "median"),
        least=3e6,
        hope=1e7,
        unit="images/s",
    ),
    Target("steps against PyTorch eager", (*STEPS, "PyTorch eager", "lenet cuda"), least=10, hope=50, unit="×"),
    Target(
        "steps against torch.compile",
        (*STEPS, "torch.compile reduce-overhead", "lenet cuda"),
        least=3,
        hope=10,
        unit="×",
    ),
    Target("ten epochs and evaluations", ("epochs", "seconds", "lenet cuda", "median"), least=0.5, hope=0.1, unit="s"),
    Target("… a whole lenet train, capture included", ("epochs", "seconds", "lenet train", "median"), 0.5, 0.1, "s"),
    Target("90 % from the first step", ("accuracy", "best"), least=1.0, hope=0.2, unit="s"),
    Target("K = 128 networks at once", ("many", "128", "median"), least=8e6, hope=2e7, unit="model·images/s"),
    Target("published programs on the GPU", ("programs_on_device",), least=5, hope=5, unit="of 5"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Joins the figures of bench/gpu.py into one record.")
    parser.add_argument("figures", type=Path, help="the folder of their logs")
    parser.add_argument("summary", type=Path, help="the table of steps that bench/gpu.sh writes")
    parser.add_argument("record", type=Path, help="the file that is written")
    options = parser.parse_args()
    options.record.write_text(joined(options.figures, options.summary), encoding="utf-8")


def joined(folder: Path, summary: Path) -> str:
    """Return the record: the logs, the steps of bench/gpu.sh, the figures beside their targets, and a line of JSON."""
    logs = sorted(folder.glob("*.log"), key=lambda path: path.stat().st_mtime)
    texts = [path.read_text(encoding="utf-8") for path in logs]
    parsed = [json.loads(text.splitlines()[-1]) for text in texts]
    figures: dict[str, Any] = {each.pop("figure"): each for each in parsed}
    text = "# bash bench/gpu.sh\n" + "\n".join("\n".join(each.splitlines()[:-1]) + "\n" for each in texts)
    steps = summary.read_text(encoding="utf-8") if summary.exists() else ""
    rows = [f"{target.what:<40}{_compared(target, number(figures, target.path))}" for target in TARGETS]
    if best := fastest(figures):
        rows.append(
            f"90 % by {best}; capturing graphs took {figures['accuracy'][best]['capture_seconds']:.2f} s before"
        )
    wanted = "\n".join([f"{'':<40}{'measured':>14}{'target':>12}{'hoped for':>12}", *rows])
    numbers = {target.what: number(figures, target.path) for target in TARGETS}
    last = {"bench": "gpu", "targets": numbers, "steps": steps.splitlines(), "figures": figures}
    return f"{text}\n{steps}\n{wanted}\n{json.dumps(last)}\n"


def number(figures: dict[str, Any], path: tuple[str, ...]) -> float | None:
    """Return a number of the figures, or None if it was not measured."""
    if path == ("programs_on_device",):
        ran = [each["on_device"] for name, each in figures.items() if name.startswith(PROGRAM)]
        return sum(ran) if ran else None
    if path == ("accuracy", "best"):
        best = fastest(figures)
        return float(figures["accuracy"][best]["median"]) if best else None
    value: Any = figures
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return None if value is None else float(value)


def fastest(figures: dict[str, Any]) -> str | None:
    """Return the settings that reach 90 % first, or None if none do."""
    medians = {name: each["median"] for name, each in figures.get("accuracy", {}).items() if each["median"] is not None}
    return min(medians, key=lambda name: float(medians[name])) if medians else None


def _compared(target: Target, value: float | None) -> str:
    if value is None:
        return f"{'not measured':>14}"
    written = f"{value:,.3g}" if value < 1000 else f"{value:,.0f}"
    met = "met" if target.is_met(value) else "NOT met"
    return f"{written:>14}{target.least:>12g}{target.hope:>12g}  {target.unit}  {met}"


if __name__ == "__main__":
    main()
