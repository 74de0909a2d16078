"""What all measurements share: the machine's description, the table, the last line of JSON, and the record on disk."""

import datetime
import io
import json
import os
import statistics
import sys
from pathlib import Path
from typing import Any

from lenet.runs.environment import git_commit, processor

RECORDS = Path(__file__).parent / "records"


class Log:
    """Prints lines, and keeps them for the record."""

    def __init__(self, name: str, *, record: bool) -> None:
        self.name, self.record, self.text = name, record, io.StringIO()
        self.say(f"# python {' '.join(['bench/' + Path(sys.argv[0]).name, *sys.argv[1:]])}")
        self.say(
            f"# {processor()}, {os.cpu_count()} cores, Python {sys.version.split()[0]}, {datetime.date.today()}, "
            f"commit {git_commit(Path(__file__).parent)}"
        )

    def say(self, line: str = "") -> None:
        print(line, flush=True)
        self.text.write(line + "\n")

    def finish(self, result: dict[str, Any]) -> None:
        """The last line: one JSON object. With it, the record bench/records/NAME.log is complete."""
        self.say(json.dumps(result))
        if self.record:
            (RECORDS / f"{self.name}.log").write_text(self.text.getvalue(), encoding="utf-8")


def spread(values: list[float]) -> dict[str, float]:
    """Median, minimum and maximum."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def mean_and_deviation(values: list[float]) -> dict[str, float]:
    """Mean and sample standard deviation (0 for a single value)."""
    return {"mean": statistics.fmean(values), "deviation": statistics.stdev(values) if len(values) > 1 else 0.0}


def pin(number: int) -> list[int]:
    """Binds this process, and those it starts, to the first `number` cores it may use; the numbers of the cores."""
    cores = sorted(os.sched_getaffinity(0))[:number]
    assert len(cores) == number, f"{number} cores are needed; this process may use {len(cores)}"
    os.sched_setaffinity(0, cores)
    assert os.sched_getaffinity(0) == set(cores)
    return cores
