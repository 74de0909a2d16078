"""Ten million images of 28×28: how fast IDX files are packed and checked, what memory that, training and evaluation take, how
fast steps are.

python bench/big_data.py          # 21 GB of disk, which are freed at the end
python bench/big_data.py --short  # one and a half million, just above the size from which on a set counts as large
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from recording import Log, spread

from lenet.data import idx
from lenet.data.loading import load

TEST = 10_000  # test images
AT_ONCE = 100_000  # images made at a time

# Anonymous memory is what a process needs for itself; pages of a mapped file are the system's, which takes them back at will.
WATCH = """
import json, os, signal, sys, threading, time
peak = {"RssAnon": 0, "RssFile": 0}

def watch():
    while True:
        for line in open("/proc/self/status"):
            name, _, value = line.partition(":")
            if name in peak:
                peak[name] = max(peak[name], int(value.split()[0]) / 1024)
        time.sleep(0.002)

threading.Thread(target=watch, daemon=True).start()
"""
PACK = """
import lenet
began = time.perf_counter()
splits = lenet.data.load(sys.argv[1])
print(json.dumps({"seconds": time.perf_counter() - began, **peak}))
"""
TRAIN = """
import lenet
from lenet.training import loop
from lenet.training.interrupts import Interrupted

began, num = time.perf_counter(), [0]
steps = loop.Loop._steps

def counted(self, plan, stop):
    first = self.position.step
    steps(self, plan, stop)
    num[0] += (self.position.step - first) * self.config.batch_size
    if num[0] >= int(sys.argv[4]):
        os.kill(os.getpid(), signal.SIGINT)

loop.Loop._steps = counted
try:
    lenet.train(sys.argv[1], recipe=sys.argv[3], epochs=1, threads=1, out=sys.argv[2], progress="quiet")
except Interrupted:
    pass
print(json.dumps({"images": num[0], "seconds": time.perf_counter() - began, **peak}))
"""
EVALUATE = """
import warnings
import lenet
warnings.simplefilter("ignore")  # the run has not finished
began = time.perf_counter()
result = lenet.evaluate(sys.argv[1], split="train")
print(json.dumps({"images": result.num_images, "seconds": time.perf_counter() - began, **peak}))
"""
# What `lenet data check` does. All of the digits here are copies but for some corner pixels, so many are joined.
CHECK = """
from lenet.data.loading import load
from lenet.data.own.collection import read_collection
from lenet.data.own.measuring import as_collection, survey
from lenet.data.own.path import own_path
from lenet.doctor.survey_checks import findings

path = own_path(sys.argv[1])
times = [time.perf_counter()]
collection = read_collection(path, for_training=False) if path else as_collection(load(sys.argv[1]))
surveyed = survey(collection)
times.append(time.perf_counter())
copies = len(surveyed.all_copies)
times.append(time.perf_counter())
names = [finding.name for finding in findings(surveyed)]
times.append(time.perf_counter())
seconds = dict(zip(("measuring", "comparing", "findings"), [b - a for a, b in zip(times, times[1:])]))
print(json.dumps({"images": len(collection.items), "copies": copies, "names": names, **seconds, **peak}))
"""
STEPS = """
import dataclasses
import numpy as np
import lenet
from lenet.configuration import configure
from lenet.data.plan import plan
from lenet.training.setup import set_up

splits = lenet.data.load(sys.argv[1])
config = configure("fast", threads=1)
few = splits.train.subset(np.arange(60_000))
few = dataclasses.replace(few, images=np.array(few.images), labels=np.array(few.labels))
rates = {"mapped": [], "memory": []}
engines = {}
for name, train in (("mapped", splits.train), ("memory", few)):
    setup = set_up(config, dataclasses.replace(splits, train=train))
    engines[name] = setup.engine, plan(config, 0, len(train))
take = int(sys.argv[2]) // config.batch_size
for turn in range(int(sys.argv[3]) + 1):
    for name, (engine, epoch) in engines.items():
        start = turn * take % (epoch.num_steps - take)
        seconds = engine.train_steps(epoch, start, start + take).seconds
        if turn:
            rates[name].append(take * config.batch_size / seconds)
print(json.dumps(rates))
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=10_000_000)
    parser.add_argument("--short", action="store_true", help="one and a half million images")
    parser.add_argument("--folder", help="a folder with room for twice the images")
    parser.add_argument("--no-check", action="store_true", help="leave out the check, which takes as long as all else")
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    count = 1_500_000 if options.short else options.images
    log = Log("big_data_short" if options.short else "big_data", record=not options.no_record)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        os.environ["LENET_CACHE"] = str(folder / "cache")
        data = make(folder / "images", count)
        log.say(f"{count:,} images of 28×28 in IDX files, {count * 784 / 1e9:.2f} GB")
        packed = run(PACK, data)
        forget(data)
        log.say(
            f"packing        {(count + TEST) / packed['seconds']:>12,.0f} images/s, "
            f"{packed['RssAnon']:,.0f} MB anonymous at most"
        )
        result: dict[str, Any] = {"bench": "big_data", "images": count, "packing": (count + TEST) / packed["seconds"]}
        result["packing_mb"] = packed["RssAnon"]
        for recipe in ("small", "fast"):
            most = 100_000 if recipe == "fast" else 10_000
            runs = [tempfile.mkdtemp(dir=folder) for _ in range(2)]
            sets = zip((data, "fashion-mnist"), runs, strict=True)
            large, usual = (run(TRAIN, each, out, recipe, most) for each, out in sets)
            result[f"training_{recipe}"] = compared(log, f"training {recipe}", large, usual)
        result["evaluation"] = compared(log, "evaluation", *(run(EVALUATE, each) for each in runs))
        if not options.no_check:
            checks = [run(CHECK, each) for each in (data, "fashion-mnist")]
            result["check"] = compared(log, "data check", *checks)
            for stage in ("measuring", "comparing", "findings"):
                speeds = [each["images"] / each[stage] for each in checks]
                log.say(f"  {stage:<12} {speeds[0]:>12,.0f} images/s, Fashion-MNIST {speeds[1]:,.0f}")
        rates = run(STEPS, data, 30_000, 9)
        ratios = [mapped / memory for mapped, memory in zip(rates["mapped"], rates["memory"], strict=True)]
        figures = {name: spread(values) for name, values in rates.items()}
        log.say(
            f"steps          {figures['mapped']['median']:>12,.0f} images/s mapped, "
            f"{figures['memory']['median']:,.0f} in memory: {spread(ratios)['median']:.3f} times"
        )
        log.finish({**result, "steps": figures, "ratio": spread(ratios)})


def compared(log: Log, what: str, large: dict[str, Any], usual: dict[str, Any]) -> dict[str, Any]:
    """Report the memory of two processes; return it."""
    more = large["RssAnon"] - usual["RssAnon"]
    log.say(
        f"{what:<14} {large['RssAnon']:>12,.0f} MB anonymous at most, Fashion-MNIST {usual['RssAnon']:,.0f}: {more:+,.0f} MB"
        f"; mapped pages {large['RssFile']:,.0f} MB; {large['images']:,} images"
    )
    return {"big": large, "fashion-mnist": usual, "more_mb": more}


def make(folder: Path, count: int) -> Path:
    """Write IDX files of MNIST's names: digits, each with a number of its own in the corner, so that no two are equal."""
    folder.mkdir()
    digits = load("digits").train
    random = np.random.default_rng(0)
    for name, size in (("train", count), ("t10k", TEST)):
        files = [folder / f"{name}-{what}-ubyte" for what in ("images-idx3", "labels-idx1")]
        with files[0].open("wb") as images, files[1].open("wb") as labels:
            images.write(idx.dump(np.empty((0, 28, 28), np.uint8))[:4] + np.array([size, 28, 28], ">u4").tobytes())
            labels.write(idx.dump(np.empty(0, np.uint8))[:4] + np.array([size], ">u4").tobytes())
            for start in range(0, size, AT_ONCE):
                chosen = random.integers(0, len(digits), min(AT_ONCE, size - start))
                pixels = digits.images[chosen]
                numbers = np.arange(start, start + len(chosen)) + (name == "t10k") * count
                pixels[:, 0, :4] = numbers.astype(">u4")[:, None].view(np.uint8)
                images.write(pixels.data)
                labels.write(digits.labels[chosen].astype(np.uint8).data)
            for file in (images, labels):  # on the disk, so that it is not written while something is measured
                file.flush()
                os.fsync(file.fileno())
    return folder


def forget(folder: Path) -> None:
    """Let the system drop the files from its memory, so that what is packed stays there."""
    if hasattr(os, "posix_fadvise"):
        for path in folder.iterdir():
            with path.open("rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def run(script: str, *arguments: object) -> Any:
    """What a script prints in a process of its own, as JSON."""
    command = [sys.executable, "-c", WATCH + script, *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
