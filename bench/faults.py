"""Nothing lost: what lenet promises of interruption, full disks, bad files and bad networks, each promise put to the test.

python bench/faults.py                all of it
python bench/faults.py --short        the same kinds, fewer trials (two minutes)
python bench/faults.py --only kills   one module of bench/faultlab

Prints the table `fault, trials, survived, evidence`, keeps it under bench/records, and writes it into docs/faults.md. Exit
code 1 if anything was lost.
"""

import argparse
import dataclasses
import importlib
import sys
import time

from faultlab import Row
from recording import Log

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


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true", help="fewer trials; nothing is recorded")
    parser.add_argument("--only", nargs="+", choices=MODULES, default=MODULES, metavar="MODULE")
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    log = Log("faults", record=not (options.short or options.no_record or options.only != MODULES))
    log.say(f"# {'fault':<78} {'trials':>9} {'survived':>9}  evidence")
    rows: list[Row] = []
    seconds = {}
    for name in options.only:
        began = time.perf_counter()
        for row in importlib.import_module(f"faultlab.{name}").examine(options.short):
            log.say(f"{row.fault:<80} {row.trials:>9,} {row.survived:>9,}  {row.evidence}")
            rows.append(row)
        seconds[name] = time.perf_counter() - began
    log.finish({"bench": "faults", "rows": [dataclasses.asdict(row) for row in rows], "seconds": seconds})
    lost = [row for row in rows if not row.is_met]
    for row in lost:
        print(
            f"error: {row.fault}: {row.trials - row.survived} of {row.trials} did not end as promised", file=sys.stderr
        )
    sys.exit(1 if lost or not rows else 0)


if __name__ == "__main__":
    main()
