"""Several objects in one image: numbers as a hand writes them, and garments side by side."""

from collections.abc import Sequence

import numpy as np

from drawings.canvas import Floats, Subject, grain, jpeg, paint, png, sheet

GROUNDS = ("paper", "photo", "dark")


def write_row(kind: str, labels: Sequence[int], seed: int) -> bytes:
    """Draw several objects from left to right: an encoded image.

    Args:
        kind: "digit" or "garment".
        labels: The class of each.
        seed: Decides sizes, gaps, ground and everything else; odd ones are held out.
    """
    rng = np.random.default_rng([len(kind), *labels, seed])
    shape = (300, 150 * len(labels) + 130) if kind == "digit" else (320, 330 * len(labels))
    ground = GROUNDS[rng.integers(len(GROUNDS))]
    image: Floats = sheet(shape, (34, 38, 44)) if ground == "dark" else sheet(shape)
    first = Subject(kind, labels[0], rng)
    colour, pen, scale = first.pale if ground == "dark" else first.dark, rng.uniform(0.07, 0.1), rng.uniform(0.9, 1.1)
    for number, label in enumerate(labels):
        place = (number + 0.5) * shape[1] / len(labels) if kind == "garment" else 140 + 150 * number
        spot = (float((place + rng.uniform(-8, 8)) / shape[1]), float(0.5 + rng.uniform(-0.03, 0.03)))
        subject = Subject(kind, label, rng)
        image = paint(image, subject.layer(shape, spot, scale * rng.uniform(0.94, 1.06), pen), colour)
    if ground == "photo":
        light = np.linspace(0.75, 1, shape[1], dtype=np.float32)[None, :, None]
        return jpeg(grain(image * light, 2, rng))
    return png(image)
