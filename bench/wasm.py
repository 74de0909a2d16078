"""Builds the kernels for WebAssembly into the page of the explorer, and prints the size; measures their speed in node.

    python bench/wasm.py            (needs ziglang; `make wasm`)
    python bench/wasm.py --speed    (needs node too; a minute, bench/records/wasm.log)

The speed is that of an epoch of LeNetAvg on 60,000 images, batch 256, and of the logits of 10,000 images, in turn with the
native variant that computes the same bits, both on one thread. The seconds in node include compiling to machine code.
"""

import argparse
import gzip
import shutil
import sys
import time
from pathlib import Path

from recording import ROOT, Log, spread

from lenet.configuration import configure
from lenet.data.plan import plan
from lenet.explorer.build import KERNELS, build_kernels

OUT = ROOT / "build"
IMAGES = {"train": 60_000, "logits": 10_000}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    log = Log("wasm", record=options.speed and not options.no_record)
    OUT.mkdir(exist_ok=True)
    module = KERNELS
    shutil.copyfile(build_kernels(OUT), module)
    content = module.read_bytes()
    sizes = {"bytes": len(content), "compressed_bytes": len(gzip.compress(content))}
    log.say(f"{module.relative_to(ROOT)}: {sizes['bytes']:,} bytes, {sizes['compressed_bytes']:,} with gzip")
    if not options.speed:
        return
    speeds = measured(module, options.repeats)
    log.say("images/s     median       min       max")
    for name, values in speeds.items():
        figures = spread(values)
        log.say(f"{name:<14}{figures['median']:>7,.0f}  {figures['min']:>8,.0f}  {figures['max']:>8,.0f}")
    log.finish({"bench": "wasm", **sizes, **{name: spread(values) for name, values in speeds.items()}})


def measured(module: Path, repeats: int) -> dict[str, list[float]]:
    """Images per second by what was computed, and where."""
    sys.path.insert(0, str(ROOT / "tests/support"))
    from engines import cpu_engine
    from made_up import noise
    from webassembly import computed

    dataset, images = noise(IMAGES["train"]), noise(IMAGES["logits"], seed=1).images
    config = configure("book-sgd", threads=1)
    epoch = plan(config, 0, len(dataset))
    speeds: dict[str, list[float]] = {f"{what} {where}": [] for what in IMAGES for where in ("sse4", "node")}
    for _ in range(repeats):
        engine = cpu_engine(config, dataset, "sse4")
        there = computed(module, engine, epoch, epoch.num_steps, images)
        here = engine.train_steps(epoch, 0, epoch.num_steps)
        began = time.perf_counter()
        engine.logits(images)
        seconds = time.perf_counter() - began
        speeds["train sse4"].append(IMAGES["train"] / here.seconds)
        speeds["train node"].append(IMAGES["train"] / there.train_seconds)
        speeds["logits sse4"].append(IMAGES["logits"] / seconds)
        speeds["logits node"].append(IMAGES["logits"] / there.logits_seconds)
    return speeds


if __name__ == "__main__":
    main()
