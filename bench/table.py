"""The table of numbers in the README, from the records; `make docs` puts it there, and a test compares.

python bench/table.py                 (prints README.md with the table of today's records)
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- numbers: bench/table.py -->\n", "<!-- /numbers -->"


def record(name: str) -> dict[str, Any]:
    """The last line of bench/records/NAME.log."""
    lines = (ROOT / "bench" / "records" / f"{name}.log").read_text(encoding="utf-8").splitlines()
    result: dict[str, Any] = json.loads(lines[-1])
    return result


def table() -> str:
    """The lines of the table."""
    accuracy, speed, memory, startup = (record(name) for name in ("accuracy", "end_to_end", "memory", "startup"))
    rows = []
    for recipe in ("fast", "book-sgd"):
        found = accuracy[recipe]
        rows.append(
            (
                f"test accuracy on Fashion-MNIST, recipe `{recipe}`, {found['epochs']} epochs",
                f"{found['mean']:.2%} ± {100 * found['deviation']:.2f} (mean and deviation of {found['seeds']} seeds)",
                "accuracy",
            )
        )
    rate = speed["images_per_second"]
    rows.append(
        (
            f"book-sgd, load to save, {speed['epochs']} epochs and evaluations, {speed['threads']} CPU threads",
            f"{rate['lenet']['median']:,.0f} images/s",
            "end_to_end",
        )
    )
    for workers, comment in ((4, "as the books have it"), (0, "its fastest here")):
        name = f"tutorial_{workers}_workers"
        rows.append(
            (
                f"… against a tutorial's DataLoader with {workers} workers, {comment}",
                f"{speed['ratio'][name]:.2f} × (it makes {rate[name]['median']:,.0f} images/s)",
                "end_to_end",
            )
        )
    peak = max(values["max"] for values in memory["peak_megabytes"].values())
    rows.append(("peak memory of a training on Fashion-MNIST", f"{peak:,.0f} MB", "memory"))
    help_, import_ = (1000 * startup[name]["median"] for name in ("lenet_help", "import_lenet"))
    rows.append(("`lenet --help`; `import lenet`", f"{help_:.0f} ms; {import_:.0f} ms", "startup"))
    lines = ["| what | figure | record |", "| --- | --- | --- |"]
    lines += [f"| {what} | {figure} | [{name}](bench/records/{name}.log) |" for what, figure, name in rows]
    return "\n".join(lines) + "\n"


def readme() -> str:
    """README.md with the table between its marks."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: BEGIN + table() + END, text, flags=re.S)


if __name__ == "__main__":
    sys.stdout.write(readme())
