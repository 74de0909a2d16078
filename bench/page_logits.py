"""Whether the explorer's page, its kernels as WebAssembly and the native variant SSE4 compute the same logits, bit for bit.

    python bench/page_logits.py    (five minutes, bench/records/page_logits.log; needs both data sets and node)

All 10,000 test images of MNIST and of Fashion-MNIST, each with a LeNet that was trained for an epoch and with the ready-made
network of the data set; every logit of the three is compared.
"""

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from recording import ROOT, Log

import lenet
from lenet import data
from lenet.config import TrainConfig
from lenet.engines.cpu import CpuEngine
from lenet.explorer.build import KERNELS
from lenet.networks.trained import TrainedNetwork
from lenet.runs.opening import network_of

sys.path.append(str(ROOT / "tests" / "support"))
from page_engine import page_outputs

DATA = ("mnist", "fashion-mnist")


def networks(name: str) -> dict[str, TrainedNetwork]:
    """A LeNet and the ready-made network for a data set."""
    with tempfile.TemporaryDirectory() as folder:
        trained = network_of(lenet.train(name, recipe="sprint", epochs=1, seed=0, out=Path(folder) / "run"))
        return {"LeNet": replace(trained, loaded=trained.network), "ready-made": network_of(lenet.load(name))}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=10_000, help="test images of each data set")
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    log = Log("page_logits", record=not options.no_record)
    equal = images = 0
    for name in DATA:
        pixels = data.load(name).test.images[: options.images]
        for kind, trained in networks(name).items():
            engine = CpuEngine(trained.network, None, TrainConfig(threads=1), trained.preprocessing, variant="sse4")
            native, case = engine.logits(pixels), {"page": (trained.network, trained.preprocessing, pixels)}
            same = np.ones(len(pixels), bool)
            for module in (None, KERNELS):
                with tempfile.TemporaryDirectory() as folder:
                    there = page_outputs(case, Path(folder), module)["page"]
                same &= (there.view(np.int32) == native.view(np.int32)).all(axis=1)
            log.say(f"{name:<15}{kind:<12}{same.sum():>7,} of {len(same):,} images have the same logits in all three")
            equal, images = equal + int(same.sum()), images + len(same)
    log.say(f"logits: {equal:,} of {images:,} are equal, bit for bit")
    log.finish({"bench": "page_logits", "images": images, "equal": equal})


if __name__ == "__main__":
    main()
