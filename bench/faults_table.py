"""The table of docs/faults.md, from the record; `make faults` and `make docs` put it there, and a test compares.

python bench/faults_table.py          (prints docs/faults.md with the table of today's record)
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from table import between, record

PAGE = Path(__file__).parent.parent / "docs" / "faults.md"
BEGIN = "<!-- numbers: bench/faults_table.py -->\n"


def lines() -> Iterator[str]:
    """The table: what was done, how often, how often all was as promised, and what was looked at."""
    yield "| fault | trials | survived | wanted | evidence |"
    yield "| --- | ---: | ---: | --- | --- |"
    for row in record("faults")["rows"]:
        kept = f"{row['survived']:,}" if row["survived"] == row["trials"] else f"**{row['survived']:,}: not met**"
        yield f"| {row['fault']} | {row['trials']:,} | {kept} | {row['wanted']} | {row['evidence']} |"


def page() -> str:
    """docs/faults.md with the table between its marks."""
    return between(PAGE.read_text(encoding="utf-8"), BEGIN, "\n".join(lines()) + "\n")


if __name__ == "__main__":
    sys.stdout.write(page())
