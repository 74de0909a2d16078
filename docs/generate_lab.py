"""docs/lab.md from the numbers in docs/lab/, which `make lab` puts there; a test compares.

python docs/generate_lab.py
"""

import json
import sys
from pathlib import Path

from lenet.analysis.lab.laboratory import EXPERIMENTS, report

FOLDER = Path(__file__).parent / "lab"
HEAD = """# The lab: the chapter's exercises

Each section is the output of the command below its heading; `make lab` runs them all. The numbers of every seed are in
[lab/](lab/). Differences are tested with Welch's t-test; those between numbers of epochs with a paired t-test, since a short
run is the beginning of a long one with the same seed. p-values are not corrected for multiple comparisons.
"""


def generate() -> str:
    """The document."""
    reports = [report(json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))) for name in EXPERIMENTS]
    return "\n".join([HEAD, *(each.markdown("##", "lab/") for each in reports)])


if __name__ == "__main__":
    sys.stdout.write(generate())
