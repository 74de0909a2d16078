"""Joins the figures of bench/gpu.py into one record, and compares them with what is wanted.

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
    """A number that is wanted.

    Attributes:
        what: is measured.
        path: to the number, in the figures.
        least: that is wanted; of seconds the most.
        hope: what would be better.
        unit: of the number; "s" for seconds, of which fewer are better.
    """

    what: str
    path: tuple[str, ...]
    least: float
    hope: float
    unit: str

    def is_met(self, value: float) -> bool:
        """Return whether a number is as wanted."""
        return value <= self.least if self.unit == "s" else value >= self.least


STEPS = ("steps", "ratio")
TARGETS = (
    Target("steps alone", ("steps", "images_per_second", "lenet cuda", "median"), least=3e6, hope=1e7, unit="images/s"),
    Target("steps against PyTorch eager", (*STEPS, "PyTorch eager", "lenet cuda"), least=10, hope=50, unit="×"),
    Target(
        "steps against torch.compile",
        (*STEPS, "torch.compile reduce-overhead", "lenet cuda"),
        least=3,
        hope=10,
        unit="×",
    ),
    Target("ten epochs and evaluations", ("epochs", "seconds", "lenet cuda", "median"), least=0.5, hope=0.1, unit="s"),
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
    """Return the record: the logs, the steps that were taken, the numbers that are wanted, and a line of JSON."""
    logs = sorted(folder.glob("*.log"), key=lambda path: path.stat().st_mtime)
    texts = [path.read_text(encoding="utf-8") for path in logs]
    parsed = [json.loads(text.splitlines()[-1]) for text in texts]
    figures: dict[str, Any] = {each.pop("figure"): each for each in parsed}
    text = "# bash bench/gpu.sh\n" + "\n".join("\n".join(each.splitlines()[:-1]) + "\n" for each in texts)
    taken = summary.read_text(encoding="utf-8") if summary.exists() else ""
    rows = [f"{target.what:<32}{_compared(target, number(figures, target.path))}" for target in TARGETS]
    wanted = "\n".join([f"{'':<32}{'measured':>14}{'wanted':>12}{'hoped for':>12}", *rows])
    numbers = {target.what: number(figures, target.path) for target in TARGETS}
    last = {"bench": "gpu", "targets": numbers, "steps": taken.splitlines(), "figures": figures}
    return f"{text}\n{taken}\n{wanted}\n{json.dumps(last)}\n"


def number(figures: dict[str, Any], path: tuple[str, ...]) -> float | None:
    """Return a number of the figures, or None if it was not measured."""
    if path == ("programs_on_device",):
        ran = [each["on_device"] for name, each in figures.items() if name.startswith(PROGRAM)]
        return sum(ran) if ran else None
    if path == ("accuracy", "best"):
        medians = [each["median"] for each in figures.get("accuracy", {}).values() if each["median"] is not None]
        return min(medians) if medians else None
    value: Any = figures
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return None if value is None else float(value)


def _compared(target: Target, value: float | None) -> str:
    if value is None:
        return f"{'not measured':>14}"
    written = f"{value:,.3g}" if value < 1000 else f"{value:,.0f}"
    met = "met" if target.is_met(value) else "NOT met"
    return f"{written:>14}{target.least:>12g}{target.hope:>12g}  {target.unit}  {met}"


if __name__ == "__main__":
    main()
