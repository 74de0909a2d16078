"""The size of the explorer's page of a LeNet with 1,000 images and 10 snapshots, part by part, and how long it takes to make.

    LENET_DATA=FOLDER python bench/explorer_size.py    (a minute; bench/records/explorer_size.log)

The seconds are those of the processor that `lenet explore RUN --no-open` takes, the start of Python included.
"""

import argparse
import collections
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from recording import Log

import lenet
from lenet.explorer import build
from lenet.explorer.page_data import page_data
from lenet.explorer.static import static

DATA = ("mnist", "fashion-mnist")
PARTS = {"images": ("images",), "weights": ("weights",), "snapshots": ("snapshots", "scales")}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    log = Log("explorer_size", record=not options.no_record)
    result: dict[str, Any] = {"bench": "explorer_size"}
    with tempfile.TemporaryDirectory() as folder:
        for data in DATA:
            run = lenet.train(data, recipe="fast", out=Path(folder) / data, progress="quiet")
            seconds = [made(run, Path(folder) / f"{data}.html") for _ in range(options.repeats)]
            sizes = parts(run)
            sizes["page"] = (Path(folder) / f"{data}.html").stat().st_size
            median = statistics.median(seconds)
            log.say(
                f"{data}: {sizes['page']:,} bytes, {median:.2f} s of a processor to make (median of {len(seconds)})"
            )
            for part, size in sizes.items():
                log.say(f"  {part:<12} {size:>10,}")
            result[data] = {**sizes, "cpu_seconds": median}
    log.finish(result)


def made(run: lenet.Run, path: Path) -> float:
    """The seconds of the processor that the command takes."""
    before = os.times()
    command = [sys.executable, "-m", "lenet", "explore", str(run.path), "--no-open", "--out", str(path)]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def parts(run: lenet.Run) -> dict[str, int]:
    """The bytes of each part of the page."""
    data = page_data(run)
    sizes: collections.Counter[str] = collections.Counter()
    for key, value in data["runs"][0].items():
        part = next((name for name, keys in PARTS.items() if key in keys), "the rest")
        sizes[part] += len(build.to_json({key: value}).encode())
    without = build.page({"format": 1, "runs": [], "notices": []})
    sizes["program"] = len(without)
    sizes["no script"] = len(static(data, [run.network]).encode())
    return dict(sizes)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
