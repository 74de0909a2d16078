"""Runs as two tidy CSV tables, `lenet export RUN… --to csv`: runs.csv and points.csv.

runs.csv has a row for each run: settings, final numbers, hashes and versions. points.csv has a row for each number of
metrics.jsonl. Numbers have all their digits.
"""

import csv
import io
import os
from collections.abc import Iterable, Sequence

from lenet.analysis.report import counted
from lenet.config import FIELDS
from lenet.deploy.targets import Export
from lenet.deploy.tracking.finding import find_all
from lenet.deploy.tracking.numbers import ENVIRONMENT, FINAL, RunNumbers, numbers_of
from lenet.sweeps.values import text_of

POINTS = ("run", "step", "epoch", "name", "value")
TAGS = (
    "weights_sha256",
    "calibrated_sha256",
    "data_fingerprint",
    "teacher_sha256",
    "engine_used",
    "device_used",
    "threads_used",
    *ENVIRONMENT,
    "folder",
)
RUNS = ("run", "variation", "status", *FIELDS, *FINAL, "epochs_done", "findings", *TAGS)


def make(sources: Sequence[str | os.PathLike[str]]) -> Export:
    """Make the two tables.

    Args:
        sources: as `find_all` takes them.

    Raises:
        RunError: as `find_all` raises it, or a run cannot be read.
    """
    runs, points = io.StringIO(), io.StringIO()
    rows = csv.DictWriter(runs, RUNS, restval="", lineterminator="\n")
    rows.writeheader()
    lines = csv.writer(points, lineterminator="\n")
    lines.writerow(POINTS)
    num_runs, num_points = 0, 0
    for found in find_all(sources):
        numbers = numbers_of(found)
        rows.writerow(_row(numbers))
        lines.writerows(_lines(numbers))
        num_runs, num_points = num_runs + 1, num_points + len(numbers.values)
    note = f"runs.csv: {counted(num_runs, 'run')}, a row each; points.csv: {num_points:,} numbers"
    content = {"runs.csv": runs.getvalue().encode(), "points.csv": points.getvalue().encode()}
    return Export(content, (note,))


def _row(numbers: RunNumbers) -> dict[str, str | float]:
    """A row of runs.csv; what the run does not have is empty."""
    settings = {name: "" if value is None else text_of(value) for name, value in numbers.found.settings.items()}
    findings = " ".join(dict.fromkeys(finding.name for finding in numbers.findings))
    return settings | dict(numbers.final) | dict(numbers.tags) | {"run": numbers.found.name, "findings": findings}


def _lines(numbers: RunNumbers) -> Iterable[tuple[object, ...]]:
    return ((numbers.found.name, value.step, value.epoch, value.name, value.value) for value in numbers.values)
