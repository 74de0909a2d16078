"""The tables of docs/doctor.md, from the record; `make docs` puts them there, and a test compares.

python bench/doctor_table.py          (prints docs/doctor.md with the tables of today's record)
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from table import between, record

PAGE = Path(__file__).parent.parent / "docs" / "doctor.md"
BEGIN = "<!-- numbers: bench/doctor_table.py {} -->\n"


def chance(found: dict[str, Any]) -> Iterator[str]:
    """Of the trainings that end at chance level, those that were named, by configuration."""
    yield "| network | configuration | ended at chance | of them named | others | of them named | named later | no number |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for activation in ("sigmoid", "relu"):
        for name, row in found["chance"][activation].items():
            yield f"| {activation} | {name} | {counts(row)} |"
    total = found["chance"]["total"]
    wanted = f"{'met' if total['met'] else '**not met**'}: 99 % or more, 1 % or less"
    yield f"| all | {wanted} | {counts(total)} |"


def counts(row: dict[str, int]) -> str:
    """The numbers of a row."""
    keys = ("at_chance", "named", "others", "others_named", "others_named_later", "not_finite")
    return " | ".join(str(row[key]) for key in keys)


def cures(found: dict[str, Any]) -> Iterator[str]:
    """How often one thing changed made a training learn that had ended at chance level."""
    names = {
        "xavier-uniform": "sigmoid: `--init xavier-uniform`",
        "relu": "sigmoid: `--activation relu`",
        "rate": "ReLU: a tenth of the rate",
    }
    yield "| what was changed | configuration | learnt | of |"
    yield "| --- | --- | --- | --- |"
    for name, what in names.items():
        for activation in ("sigmoid", "relu"):
            for configuration, row in found["chance"][activation].items():
                if name in row:
                    yield f"| {what} | {configuration} | {row[name][0]} | {row[name][1]} |"
        learnt, of = found["cures"][name]
        yield f"| {what} | all | {learnt} | {of} |"


def healthy(found: dict[str, Any]) -> Iterator[str]:
    """What was found in recipes that are well, and how near they came to the thresholds."""
    yield "| recipe, 10 epochs | trainings | findings | largest gap | largest rise of the loss | dead | saturated |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for recipe, row in found["healthy"].items():
        names = ", ".join(f"{count} {name}" for name, count in row["findings"].items()) or "none"
        yield (
            f"| `{recipe}` | {row['runs']} | {names} | {row['gap']:.3f} | {row['rise']:.2f} | {row['dead']:.0%} | "
            f"{row['saturated']:.0%} |"
        )


def cost(found: dict[str, Any]) -> Iterator[str]:
    """Seconds, and their share of a training."""
    yield "| training | seconds | before the first step | after chunks | after epochs | copies of the state | in all |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for name, row in found["cost"].items():
        parts = row["doctor_seconds"]
        yield (
            f"| {name} | {row['seconds']:.1f} | "
            + " | ".join(
                f"{1000 * parts[part]:.0f} ms" for part in ("before", "after_chunk", "after_epoch", "state_dict")
            )
            + f" | {row['share']:.1%} |"
        )


def page() -> str:
    """docs/doctor.md with the tables between their marks."""
    text, found = PAGE.read_text(encoding="utf-8"), record("doctor")
    for make in (chance, cures, healthy, cost):
        text = between(text, BEGIN.format(make.__name__), "\n".join(make(found)) + "\n")
    return text


if __name__ == "__main__":
    sys.stdout.write(page())
