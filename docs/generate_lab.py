"""docs/lab.md from the numbers in docs/lab/, which `make lab` puts there; a test compares.

python docs/generate_lab.py
"""

import json
import sys
from pathlib import Path

from lenet.analysis.lab.laboratory import EXPERIMENTS, report

FOLDER = Path(__file__).parent / "lab"
HEAD = """# The laboratory: the chapter's exercises, done

Every section is the output of the command at its head, and `make lab` does them all. The numbers behind a table, seed by
seed, are in [lab/](lab/). Differences are tested by Welch's test, those between numbers of epochs, whose runs begin alike,
seed by seed; not corrected for how many there are.
"""


def generate() -> str:
    """The document."""
    reports = [report(json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))) for name in EXPERIMENTS]
    return "\n".join([HEAD, *(each.markdown("##", "lab/") for each in reports)])


if __name__ == "__main__":
    sys.stdout.write(generate())
