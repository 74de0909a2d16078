"""The table of numbers in the README, from the records; `make docs` puts it there, and a test compares.

python bench/table.py                 (prints README.md with the table of today's records)
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- numbers: bench/table.py -->\n", "<!-- /numbers -->"


def record(name: str) -> dict[str, Any]:
    """The last line of bench/records/NAME.log."""
    lines = (ROOT / "bench" / "records" / f"{name}.log").read_text(encoding="utf-8").splitlines()
    result: dict[str, Any] = json.loads(lines[-1])
    return result


def rows() -> Iterator[tuple[str, str, str, str]]:
    """What was measured, the figure, what was wanted and whether it is met, and the record."""
    accuracy, speed, memory, startup = (record(name) for name in ("accuracy", "end_to_end", "memory", "startup"))
    for recipe, low, high in (("fast", 0.91, 1.0), ("book-sgd", 0.78, 0.84)):
        found = accuracy[recipe]
        wanted = f"{low:.0%} or more" if high == 1 else f"{low:.0%} to {high:.0%}"
        yield (
            f"test accuracy on Fashion-MNIST, `{recipe}`, {found['epochs']} epochs",
            f"{found['mean']:.2%} ± {100 * found['deviation']:.2f} (mean and deviation, {found['seeds']} seeds)",
            judged(wanted, low <= found["mean"] <= high),
            "accuracy",
        )
    rate, ratio = speed["images_per_second"], speed["ratio"]
    what = f"`book-sgd`, load to save, {speed['epochs']} epochs and evaluations, {speed['threads']} CPU threads"
    yield what, f"{rate['lenet']['median']:,.0f} images/s", "", "end_to_end"
    for workers, comment in ((4, "as the books have it"), (0, "its fastest here")):
        name = f"tutorial_{workers}_workers"
        yield (
            f"… against a tutorial's DataLoader, {workers} workers, {comment}",
            f"{ratio[name]:.2f} × (it makes {rate[name]['median']:,.0f} images/s)",
            judged("2.5 × or more", ratio[name] >= 2.5),
            "end_to_end",
        )
    peak = max(values["max"] for values in memory["peak_megabytes"].values())
    yield "peak memory of a training on Fashion-MNIST", f"{peak:,.0f} MB", judged("under 600 MB", peak < 600), "memory"
    for name, what, limit in (("lenet_help", "`lenet --help`", 0.3), ("import_lenet", "`import lenet`", 0.05)):
        seconds = startup[name]["median"]
        yield what, f"{1000 * seconds:.0f} ms", judged(f"under {1000 * limit:.0f} ms", seconds < limit), "startup"


def judged(wanted: str, is_met: bool) -> str:
    """What was wanted, and whether it is met."""
    return f"{wanted}: {'met' if is_met else '**not met**'}"


def table() -> str:
    """The lines of the table."""
    lines = ["| what | figure | wanted | record |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {what} | {figure} | {wanted} | [{name}](bench/records/{name}.log) |"
        for what, figure, wanted, name in rows()
    ]
    return "\n".join(lines) + "\n"


def readme() -> str:
    """README.md with the table between its marks."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: BEGIN + table() + END, text, flags=re.S)


if __name__ == "__main__":
    sys.stdout.write(readme())
