"""Seconds to pack 20,000 small JPEGs, beside a plain loop with Pillow, and until the first step of a second training.

python bench/packing.py
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from recording import Log, spread

import lenet

FIRST_STEP = """
import os, sys, time
import lenet
from lenet.engines import cpu

def stop(*_, **__):
    print(time.time() - float(os.environ["BEGAN"]), flush=True)
    os._exit(0)

cpu.CpuEngine.train_steps = stop
lenet.train(sys.argv[1], recipe="fast", epochs=1, out=sys.argv[2], progress="quiet")
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    log = Log("packing", record=not options.no_record)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["LENET_CACHE"] = str(folder / "cache")
        images = draw(folder / "images", options.images)
        seconds: dict[str, list[float]] = {"pillow": [], "packing": [], "first_step": [], "first_step_mnist": []}
        for _ in range(options.repeats):
            shutil.rmtree(folder / "cache", ignore_errors=True)
            seconds["pillow"].append(timed(lambda: plain(images)))
            seconds["packing"].append(timed(lambda: lenet.data.load(images)))
            seconds["first_step"].append(first_step(str(images), folder))
            seconds["first_step_mnist"].append(first_step("mnist", folder))
    results = {what: spread(values) for what, values in seconds.items()}
    log.say("what               median s   min s    max s")
    for what, figures in results.items():
        log.say(f"{what:<18} {figures['median']:>8.3f}  {figures['min']:>7.3f}  {figures['max']:>7.3f}")
    log.finish({"bench": "packing", "images": options.images, **results})


def draw(folder: Path, count: int) -> Path:
    """Write class folders of JPEGs, 28×28 and grey, about as smooth as photographs."""
    random = np.random.default_rng(0)
    for number in range(count):
        path = folder / f"class {number % 10}" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        coarse = Image.fromarray(random.integers(0, 256, (7, 7), np.uint8))
        coarse.resize((28, 28), Image.Resampling.BICUBIC).save(path, quality=90)
    return folder


def plain(folder: Path) -> None:
    """Decode all images as a tutorial does; nothing is checked, compared or kept."""
    paths = sorted(folder.rglob("*.jpg"))
    np.stack([np.asarray(Image.open(path).convert("L").resize((28, 28))) for path in paths])


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def first_step(data: str, folder: Path) -> float:
    """Seconds from the start of a process to the first step of its training."""
    command = [sys.executable, "-c", FIRST_STEP, data, tempfile.mkdtemp(dir=folder)]
    environment = os.environ | {"BEGAN": str(time.time())}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout)


if __name__ == "__main__":
    main()
