"""How many images the explorer's page preprocesses as lenet does, bit for bit: what the network sees, and every step.

    python bench/page_parity.py                  (10,000 images, about fifteen minutes; needs both data sets and node)
    python bench/page_parity.py --data mnist --name page_parity_mnist    (a half, in a record of its own)
    python bench/page_parity.py --start 0 --images 500 --no-record

The images are 5,000 test images of MNIST and 5,000 of Fashion-MNIST as people have them: by turns as they are, enlarged on an
even ground, in a photo, and moved. Python and node get the same decoded pixels, since decoders of JPEG differ.
"""

import argparse
import io
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray
from photograph_files import VARIANTS
from recording import ROOT, Log

import lenet
from lenet.images.decode import decode

sys.path.append(str(ROOT / "tests" / "support"))
import parity

FRAMINGS = {"mnist": "mass", "fashion-mnist": "box"}
BATCH = 100  # images that node gets at once
Pixels = NDArray[np.uint8]


def image_files(images: Pixels, start: int) -> list[tuple[str, Pixels]]:
    """The variant and the pixels of each image, (N, 28, 28), whose first has a number in the data set."""
    names = list(VARIANTS)
    result = []
    for number, image in enumerate(images, start):
        name = names[number % len(names)]
        make, suffix = VARIANTS[name]
        content = io.BytesIO()
        make(image, np.random.default_rng(number)).save(content, {"png": "PNG", "jpg": "JPEG"}[suffix])
        result.append((name, decode(content.getvalue(), name)))
    return result


def compared(log: Log, data: str, start: int, stop: int) -> dict[str, dict[str, int]]:
    """Count the images of each variant, and those that are equal."""
    images = lenet.data.load(data).test.images
    counts = {name: {"images": 0, "equal": 0} for name in VARIANTS}
    for first in range(start, stop, BATCH):
        files = image_files(images[first : min(first + BATCH, stop)], first)
        preprocessing = parity.FRAMINGS[FRAMINGS[data]]
        differences = parity.unequal([pixels for _, pixels in files], preprocessing, parts=False)
        for number, (name, _) in enumerate(files):
            counts[name]["images"] += 1
            counts[name]["equal"] += number not in differences
        for number, what in differences.items():
            log.say(f"{data} {first + number}, {files[number][0]}: {', '.join(what)}")
    for name, count in counts.items():
        log.say(f"{data:<15}{name:<25}{count['equal']:>7,} of {count['images']:,} are equal")
    return counts


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--start", type=int, default=0, help="the first test image of each data set")
    parser.add_argument("--images", type=int, default=5000, help="test images of each data set")
    parser.add_argument("--data", choices=list(FRAMINGS), nargs="+", default=list(FRAMINGS))
    parser.add_argument("--name", default="page_parity", help="of the record")
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    log = Log(options.name, record=not options.no_record)
    result: dict[str, Any] = {"bench": "page_parity", "preprocessing": {}}
    for data in options.data:
        result["preprocessing"][data] = compared(log, data, options.start, options.start + options.images)
    counts = [count for variants in result["preprocessing"].values() for count in variants.values()]
    result |= {name: sum(count[name] for count in counts) for name in ("images", "equal")}
    log.say(f"preprocessing: {result['equal']:,} of {result['images']:,} images are equal, bit for bit")
    log.finish(result)


if __name__ == "__main__":
    main()
