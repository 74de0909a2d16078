"""The tables of docs/own-images.md, made from bench/records/photographs.log."""

import sys
from collections.abc import Iterator

from recording import ROOT, record
from row import Row, judged

sys.path.append(str(ROOT / "tests" / "support"))
import drawings

WAYS = {"lenet": "lenet", "resized": "plain resizing", "tutorial": "tutorials' way"}
KINDS = {"digit": "digits", "garment": "garments"}
DATA = {"mnist": "MNIST", "fashion-mnist": "Fashion-MNIST"}
TARGETS = {"digit": 0.97, "garment": 0.68}


def photographs() -> Iterator[str]:
    """The accuracy over all conditions, by kind."""
    found = record("photographs")["drawings"]
    yield f"| drawings | images | {' | '.join(WAYS.values())} |"
    yield f"| --- | ---: |{' ---: |' * len(WAYS)}"
    for kind, name in KINDS.items():
        shares = " | ".join(f"{found[kind]['accuracy'][way]:.1%}" for way in WAYS)
        number = found[kind]["of"] * len(found[kind]["conditions"])
        yield f"| {name}, {len(found[kind]['conditions'])} conditions | {number:,} | {shares} |"


def photograph_conditions() -> Iterator[str]:
    """For each condition the number classified correctly, digits and garments."""
    found = record("photographs")["drawings"]
    columns = [f"{name}: {way}" for name in KINDS.values() for way in WAYS.values()]
    yield f"| condition | what it is | {' | '.join(columns)} |"
    yield f"| --- | --- |{' ---: |' * len(columns)}"
    for condition in drawings.CONDITIONS.values():
        counts = [found[kind]["conditions"].get(condition.name) for kind in KINDS]
        cells = [str(count[way]) if count else "" for count in counts for way in WAYS]
        yield f"| {condition.name.replace('_', ' ')} | {condition.sentence} | {' | '.join(cells)} |"


def photograph_files() -> Iterator[str]:
    """The accuracy on test images that were made into files."""
    found = record("photographs")["test_images"]
    yield f"| test images | {' | '.join(DATA[data] for data in found)} |"
    yield f"| --- |{' ---: |' * len(found)}"
    for variant in next(iter(found.values())):
        if variant == "images":
            continue
        yield f"| {variant} | {' | '.join(f'{values[variant]:.1%}' for values in found.values())} |"


def photograph_rows() -> Iterator[Row]:
    """The rows of docs/benchmarks.md."""
    found = record("photographs")
    for kind, name in KINDS.items():
        shares, least = found["drawings"][kind]["accuracy"], TARGETS[kind]
        conditions = len(found["drawings"][kind]["conditions"])
        yield Row(
            f"drawn {name}",
            f"drawn {name} under {conditions} conditions, classified correctly by a network of the recipe `fast`",
            f"{shares['lenet']:.1%}",
            "photographs",
            f"plain resizing {shares['resized']:.1%}, the tutorials' way {shares['tutorial']:.1%}",
            judged(f"{least:.0%} or more", shares["lenet"] >= least),
        )
    seconds = found["predict_seconds"]["median"]
    what = "`lenet predict` of a photo of 12 megapixels, whole process"
    target = judged("0.7 s or less, 0.5 hoped for", seconds <= 0.7)
    yield Row("megapixels", what, f"{seconds:.2f} s", "photographs", target=target)
