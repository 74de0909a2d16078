"""Fault injection: tests what lenet promises about interruptions, full disks, damaged files and bad networks.

python bench/faults.py                all of it
python bench/faults.py --short        the same kinds, fewer trials (two minutes)
python bench/faults.py --only kills   one module of bench/faultlab; in the record the others stay as they were measured

Prints the table `fault, trials, survived, evidence`, keeps it under bench/records, and writes it into docs/faults.md. Exit
code 1 if anything was lost.
"""

import argparse
import dataclasses
import importlib
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from faultlab import Row
from recording import RECORDS, Log, commit, record

MODULES = (
    "downloads",
    "processes",
    "kills",
    "saving",
    "corruption",
    "resuming",
    "signals",
    "memory",
    "hostile",
    "fuzzing",
    "cost",
)

ALONE = ("signals", "cost")  # they measure time
LANES = 2  # other modules at the same time, the longest first
LONGEST = "hostile"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true", help="fewer trials; nothing is recorded")
    parser.add_argument("--only", nargs="+", choices=MODULES, default=MODULES, metavar="MODULE")
    parser.add_argument("--no-record", action="store_true")
    parser.add_argument("--rows", metavar="FILE", help="one module in this process, its rows as JSON into a file")
    options = parser.parse_args()
    if options.rows:
        examine(options.only[0], options.short, Path(options.rows))
        return
    recorded = not (options.short or options.no_record)
    log = Log("faults", record=recorded)
    together = sorted((name for name in options.only if name not in ALONE), key=lambda name: name != LONGEST)
    alone = [name for name in options.only if name in ALONE]
    rows = [row for row in on_record() if row.module not in options.only] if recorded else []
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for names, workers in ((together, LANES), (alone, 1)):
            with ThreadPoolExecutor(workers) as pool:
                for name, taken, found in pool.map(lambda name: in_a_process(name, options.short, folder), names):
                    seconds[name] = taken
                    rows += found
                    for row in found:
                        print(line(row), flush=True)
                    print(f"# {name}: {taken:.0f} s", flush=True)
    failed = [name for name in options.only if name not in {row.module for row in rows}]
    rows.sort(key=lambda row: MODULES.index(row.module))
    log.say(f"# {'fault':<78} {'trials':>9} {'survived':>9}  commit   evidence")
    for row in rows:
        log.say(line(row))
    log.finish({"bench": "faults", "rows": [dataclasses.asdict(row) for row in rows], "seconds": seconds})
    lost = [row for row in rows if not row.is_met]
    for row in lost:
        print(
            f"error: {row.fault}: {row.trials - row.survived} of {row.trials} did not end as promised: {row.evidence}",
            file=sys.stderr,
        )
    for name in failed:
        print(f"error: the module {name} did not finish", file=sys.stderr)
    sys.exit(1 if lost or failed else 0)


def on_record() -> list[Row]:
    """The rows of the record."""
    if not (RECORDS / "faults.log").is_file():
        return []
    return [Row(**row) for row in record("faults")["rows"]]


def line(row: Row) -> str:
    return f"{row.fault:<80} {row.trials:>9,} {row.survived:>9,}  {row.commit[:7]}  {row.evidence}"


def in_a_process(name: str, short: bool, folder: str) -> tuple[str, float, list[Row]]:
    """Runs a module in a process of its own, whose patches and limits end with it; returns its seconds and rows."""
    file = Path(folder) / f"{name}.json"
    command = [sys.executable, __file__, "--only", name, "--rows", str(file), *(["--short"] if short else [])]
    began = time.perf_counter()
    done = subprocess.run(command)
    found = json.loads(file.read_text(encoding="utf-8")) if done.returncode == 0 else []
    return name, time.perf_counter() - began, [Row(**row) for row in found]


def examine(name: str, short: bool, file: Path) -> None:
    """Runs one module in this process."""
    made = {"module": name, "commit": commit()}
    rows = [dataclasses.asdict(row) | made for row in importlib.import_module(f"faultlab.{name}").examine(short)]
    file.write_text(json.dumps(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
