"""Images that a network has never seen the like of, by kind: uint8 (N, 28, 28), the same for every run of a seed.

Strokes, shapes, noise, plain and patterned grounds, and changed images are the kinds that chose the rule (docs/log.md);
letters, icons and drawings took no part in that.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from recording import ROOT

import lenet
from lenet.data.dataset import Images
from lenet.images.preprocess import Preprocessing

sys.path.append(str(ROOT / "tests" / "support"))
import drawings
import own_sets

EDGE, FINE = 28, 4
COUNT = 500
Random = np.random.Generator
CONDITIONS = 10  # of the drawings, the first ones


def made(random: Random) -> dict[str, Images]:
    """Images that are of no class, drawn from a generator."""
    return {
        "noise": _many(random, _noise),
        "one grey level": np.repeat(np.arange(256, dtype=np.uint8), EDGE * EDGE).reshape(-1, EDGE, EDGE),
        "gradients, stripes, checks": _many(random, _pattern),
        "strokes": _many(random, _strokes),
        "shapes": _many(random, _shape),
    }


def changed(images: Images, random: Random) -> dict[str, Images]:
    """Images of the network's own data set, changed: inverted, their quarters in another order, halves of two."""
    some, others = (images[random.integers(0, len(images), COUNT)] for _ in range(2))
    half = EDGE // 2
    quarters = some.reshape(COUNT, 2, half, 2, half).transpose(0, 1, 3, 2, 4).reshape(COUNT, 4, half, half)
    mixed = np.stack([each[random.permutation(4)] for each in quarters])
    mixed = mixed.reshape(COUNT, 2, 2, half, half).transpose(0, 1, 3, 2, 4).reshape(COUNT, EDGE, EDGE)
    halves = some.copy()
    halves[:, :, half:] = others[:, ::-1, half:]
    return {"inverted": 255 - some, "quarters in another order": mixed, "halves of two, one upside down": halves}


def letters(preprocessing: Preprocessing, seed: int) -> dict[str, Images]:
    """Drawn capital letters, and matplotlib's icons in colour, as `lenet predict` brings them to the network."""
    return {
        name: np.stack([preprocessing.apply(image) for _, image in getattr(own_sets, name)(20, seed)])
        for name in ("letters", "icons")
    }


def drawn(preprocessing: Preprocessing, kind: str, seed: int) -> Images:
    """Photographs of drawn digits or garments under ten conditions; those that are refused are left out."""
    seen = []
    with tempfile.TemporaryDirectory() as folder:
        for condition in list(drawings.conditions(kind))[:CONDITIONS]:
            for label in range(10):
                path = drawings.save(Path(folder), condition.name, kind, label, seed)
                try:
                    seen.append(preprocessing.apply(path))
                except lenet.LenetError:
                    continue
    return np.stack(seen)


def _many(random: Random, draw: Callable[[Random], Images]) -> Images:
    return np.stack([draw(random) for _ in range(COUNT)])


def _noise(random: Random) -> Images:
    image = Image.fromarray(random.integers(0, 256, (EDGE, EDGE), np.uint8))
    values = np.asarray(image.filter(ImageFilter.GaussianBlur(float(random.choice([0, 0, 1, 2, 4])))), np.float64)
    noise: Images = ((values - values.min()) / max(np.ptp(values), 1e-9) * 255).astype(np.uint8)
    return noise


def _pattern(random: Random) -> Images:
    y, x = np.mgrid[:EDGE, :EDGE] / (EDGE - 1)
    angle = random.uniform(0, 2 * np.pi)
    ramp = np.cos(angle) * x + np.sin(angle) * y
    ramp = (ramp - ramp.min()) / np.ptp(ramp)
    stripes = np.sin(ramp * random.uniform(5, 40)) > 0
    checks = (np.sin(x * random.uniform(5, 30)) > 0) ^ (np.sin(y * random.uniform(5, 30)) > 0)
    return (np.asarray((ramp, stripes, checks)[random.integers(3)], np.float64) * 255).astype(np.uint8)


def _strokes(random: Random) -> Images:
    image = Image.new("L", (EDGE * FINE, EDGE * FINE))
    draw = ImageDraw.Draw(image)
    for _ in range(random.integers(1, 4)):
        start, one, two, end = random.uniform(18, 94, (4, 2))
        t = np.linspace(0, 1, 24)[:, None]
        points = (1 - t) ** 3 * start + 3 * (1 - t) ** 2 * t * one + 3 * (1 - t) * t**2 * two + t**3 * end
        width = int(random.integers(5, 13))
        draw.line([tuple(point) for point in points], fill=255, width=width, joint="curve")
        for x, y in points[::4]:
            draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)
    return np.asarray(image.resize((EDGE, EDGE), Image.Resampling.BOX))


def _shape(random: Random) -> Images:
    image = Image.new("L", (EDGE * FINE, EDGE * FINE))
    draw = ImageDraw.Draw(image)
    for _ in range(random.integers(1, 3)):
        corners = np.sort(random.uniform(4, 108, (2, 2)), axis=0)
        box, grey = (*corners[0], *(corners[1] + 2)), int(random.integers(90, 256))
        match random.integers(4):
            case 0:
                draw.ellipse(box, fill=grey)
            case 1:
                draw.rectangle(box, fill=grey)
            case 2:
                draw.polygon([tuple(point) for point in random.uniform(4, 108, (3, 2))], fill=grey)
            case _:
                draw.ellipse(box, outline=grey, width=int(random.integers(4, 16)))
    return np.asarray(image.resize((EDGE, EDGE), Image.Resampling.BOX))
