"""What all measurements share: the description of the machine, the record on disk, and its last line of JSON.

A record is made of committed code alone: with uncommitted changes, files under bench/records/ and docs/ aside, a measurement
that is to be recorded ends with an error.
"""

import datetime
import io
import json
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lenet.runs.environment import processor

ROOT = Path(__file__).parent.parent
RECORDS = ROOT / "bench" / "records"


class Log:
    """Prints lines, and keeps them for the record."""

    def __init__(self, name: str, *, record: bool) -> None:
        at = commit()
        if record and at.endswith("+"):
            error = "error: with uncommitted changes, the record would name a commit that was not measured"
            sys.exit(f"{error}\nhint: commit first, or --no-record")
        self.name, self.record, self.text = name, record, io.StringIO()
        self.say(f"# python {' '.join(['bench/' + Path(sys.argv[0]).name, *sys.argv[1:]])}")
        self.say(
            f"# {processor()}, {os.cpu_count()} cores, Python {sys.version.split()[0]}, {datetime.date.today()}, "
            f"commit {at}"
        )

    def say(self, line: str = "") -> None:
        print(line, flush=True)
        self.text.write(line + "\n")

    def finish(self, result: dict[str, Any]) -> None:
        """The last line: one JSON object. With it, the record bench/records/NAME.log is complete."""
        self.say(json.dumps(result))
        if self.record:
            (RECORDS / f"{self.name}.log").write_text(self.text.getvalue(), encoding="utf-8")


def commit(checkout: Path = ROOT) -> str:
    """The commit that is checked out, with `+` if the code differs from it.

    A copy without the repository has it from the environment variable LENET_COMMIT, which bench/gpu.sh sets.
    """
    if "LENET_COMMIT" in os.environ and not (checkout / ".git").exists():
        return os.environ["LENET_COMMIT"]
    head, changes = (
        subprocess.run(
            ["git", "-C", str(checkout), *command], capture_output=True, text=True, check=True
        ).stdout.strip()
        for command in (["rev-parse", "HEAD"], ["status", "--porcelain", "--", ".", ":!bench/records", ":!docs"])
    )
    return f"{head}+" if changes else head


def record(name: str) -> dict[str, Any]:
    """The last line of bench/records/NAME.log."""
    result: dict[str, Any] = json.loads((RECORDS / f"{name}.log").read_text(encoding="utf-8").splitlines()[-1])
    return result


def commit_of(name: str) -> str:
    """The commit that bench/records/NAME.log was measured at, shortened, with `+` if the code differed from it."""
    found = re.search(r"commit ([0-9a-f]{7})[0-9a-f]*(\+?)", (RECORDS / f"{name}.log").read_text(encoding="utf-8"))
    return found[1] + found[2] if found else ""


def spread(values: list[float]) -> dict[str, float]:
    """Median, minimum and maximum."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def mean_and_deviation(values: list[float]) -> dict[str, float]:
    """Mean and sample standard deviation (0 for a single value)."""
    return {"mean": statistics.fmean(values), "deviation": statistics.stdev(values) if len(values) > 1 else 0.0}


# Starts a command and prints its exit code, seconds and peak memory. A process begins with the memory of the one that started
# it, as the system counts, so that one must be small.
LAUNCHER = """
import os, sys, time
began = time.perf_counter()
null = os.open(os.devnull, os.O_WRONLY)
silent = [(os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, null, 2)]
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=silent)
_, status, usage = os.wait4(child, 0)
print(os.waitstatus_to_exitcode(status), time.perf_counter() - began, usage.ru_maxrss)
"""


def measured(command: Sequence[str], folder: Path, code: int = 0) -> tuple[float, float]:
    """Runs a command in `folder`: seconds from its start to its exit, and its peak memory in MB (10^6 bytes)."""
    launcher = [sys.executable, "-I", "-S", "-c", LAUNCHER, *command]
    done = subprocess.run(launcher, cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
    ended, seconds, peak = done.stdout.split()
    if int(ended) != code:
        sys.exit(f"error: {' '.join(command)} ended with {ended}, expected {code}")
    return float(seconds), int(peak) * (1 if sys.platform == "darwin" else 1024) / 1e6


def pin(number: int) -> list[int]:
    """Binds this process, and those it starts, to the first `number` cores it may use; the numbers of the cores."""
    cores = sorted(os.sched_getaffinity(0))[:number]
    assert len(cores) == number, f"{number} cores are needed; this process may use {len(cores)}"
    os.sched_setaffinity(0, cores)
    assert os.sched_getaffinity(0) == set(cores)
    return cores
