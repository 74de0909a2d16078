"""Conditions of what else is in the image: specks, neighbours, labels."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from drawings.canvas import PAPER, Floats, Layer, Subject, blur, draw_line, grain, jpeg, paint, png, sheet

SHAPE = (420, 420)


def speck(subject: Subject, rng: np.random.Generator) -> bytes:
    """A small object on a large page, and one speck of dirt far from it."""
    shape = (800, 800)
    image = paint(sheet(shape), subject.layer(shape, _spot(rng), scale=0.2), subject.dark)
    y, x = rng.integers(20, 120, 2)
    image[-y - 3 : -y, x : x + 3] = 60
    return png(image)


def dust(subject: Subject, rng: np.random.Generator) -> bytes:
    """Dust all over a scan: forty dark dots."""
    image = paint(sheet(SHAPE), subject.layer(SHAPE), subject.dark)
    for y, x in rng.integers(4, SHAPE[0] - 8, (40, 2)):
        size = rng.integers(1, 4)
        image[y : y + size, x : x + size] = rng.uniform(50, 150)
    return png(image)


def salt_and_pepper(subject: Subject, rng: np.random.Generator) -> bytes:
    """A fax: one pixel in a hundred black or white."""
    image = paint(sheet(SHAPE), subject.layer(SHAPE), subject.dark)
    chance = rng.uniform(size=SHAPE)
    image[chance < 0.005], image[chance > 0.995] = 0, 255
    return png(image)


def cut_neighbours(subject: Subject, rng: np.random.Generator) -> bytes:
    """Strokes of the neighbouring digits, cut off by the image's borders."""
    image = sheet(SHAPE)
    for x in (-0.02, 1.02):
        other = Subject("digit", int(rng.integers(10)), rng)
        image = paint(image, other.layer(SHAPE, (x, 0.5)), subject.dark)
    return png(paint(image, subject.layer(SHAPE), subject.dark))


def signature(subject: Subject, rng: np.random.Generator) -> bytes:
    """Small writing at the foot of the page."""
    image = paint(sheet(SHAPE), subject.layer(SHAPE, (0.5, 0.44), scale=0.9), subject.dark)
    for x in np.arange(0.62, 0.92, 0.05):
        letter = Subject("digit", int(rng.integers(10)), rng)
        image = paint(image, letter.layer(SHAPE, (float(x), 0.94), scale=0.1, pen=0.1), (60, 60, 70))
    return png(image)


def stroke_beside(subject: Subject, rng: np.random.Generator) -> bytes:
    """A stray stroke of the pen near one corner."""
    start = np.array([rng.uniform(0.04, 0.1), rng.uniform(0.05, 0.3)])
    line = np.stack([start, start + np.array((0.06, 0.05)), start + np.array((0.08, 0.02))]) * SHAPE[0]
    return png(paint(paint(sheet(SHAPE), _line(line, 5), subject.dark), subject.layer(SHAPE), subject.dark))


def smudge(subject: Subject, rng: np.random.Generator) -> bytes:
    """A grey smudge of a finger beside the object."""
    mark = np.zeros(SHAPE, np.float32)
    y, x = rng.integers(30, 330), rng.choice([20, 360])
    mark[y : y + 60, x : x + 40] = 1
    ground = blur(paint(sheet(SHAPE), Layer(mark, np.ones(SHAPE, np.float32)), (206, 204, 200)), 12)
    return png(grain(paint(ground, subject.layer(SHAPE), subject.dark), 1, rng))


def hole(subject: Subject, rng: np.random.Generator) -> bytes:
    """The two holes of a folder's sheet at the left edge."""
    image = sheet(SHAPE)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    for row in (130, 290):
        image[(y - row) ** 2 + (x - 30) ** 2 < 13**2] = (70, 66, 62)
    return png(paint(image, subject.layer(SHAPE, (0.56, 0.5), scale=0.9), subject.dark))


def price_tag(subject: Subject, rng: np.random.Generator) -> bytes:
    """A small tag with a price in one corner, as shops put it."""
    image = sheet(SHAPE, (250, 250, 250))
    image[10:46, 10:96] = (214, 40, 46)
    for x in (0.07, 0.11, 0.17, 0.21):
        digit = Subject("digit", int(rng.integers(10)), rng)
        image = paint(image, digit.layer(SHAPE, (x, 0.066), scale=0.1, pen=0.12), (255, 255, 255))
    return jpeg(paint(image, subject.layer(SHAPE, (0.54, 0.56), scale=0.92), subject.dark))


def date_stamp(subject: Subject, rng: np.random.Generator) -> bytes:
    """The orange date that a camera prints into the corner."""
    image = paint(sheet(SHAPE, (206, 204, 198)), subject.layer(SHAPE, scale=0.9), subject.dark)
    for x in np.arange(0.7, 0.95, 0.045):
        digit = Subject("digit", int(rng.integers(10)), rng)
        image = paint(image, digit.layer(SHAPE, (float(x), 0.93), scale=0.09, pen=0.12), (250, 140, 30))
    return jpeg(grain(image, 3, rng))


def crease(subject: Subject, rng: np.random.Generator) -> bytes:
    """A fold of the sheet: one fine line from edge to edge beside the object."""
    x = rng.uniform(0.1, 0.18) * SHAPE[1]
    line = np.array([[x, -5], [x + rng.uniform(-12, 12), SHAPE[0] + 5]])
    ground = paint(sheet(SHAPE), _line(line, 2), (186, 182, 176))
    return png(grain(paint(ground, subject.layer(SHAPE, (0.56, 0.5)), subject.dark), 1, rng))


def hanger(subject: Subject, rng: np.random.Generator) -> bytes:
    """A thin rail runs behind the object from edge to edge."""
    ground: Floats = sheet(SHAPE, PAPER)
    row = int(rng.uniform(0.03, 0.07) * SHAPE[0])
    ground[row : row + 4] = (90, 90, 96)
    return jpeg(paint(ground, subject.layer(SHAPE, (0.5, 0.55), scale=0.95), subject.dark))


def fingers(subject: Subject, rng: np.random.Generator) -> bytes:
    """Fingers hold the sheet at its lower corners."""
    image = sheet(SHAPE)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    for column in (rng.integers(0, 30), SHAPE[1] - rng.integers(0, 30)):
        image[(y - SHAPE[0]) ** 2 / 70**2 + (x - column) ** 2 / 40**2 < 1] = (206, 156, 130)
    return jpeg(grain(paint(blur(image, 1), subject.layer(SHAPE, (0.5, 0.46), scale=0.9), subject.dark), 2, rng))


def pen_beside(subject: Subject, rng: np.random.Generator) -> bytes:
    """The pen lies beside what it wrote, half outside of the image."""
    x = rng.uniform(0.86, 0.92) * SHAPE[1]
    line = np.array([[x, SHAPE[0] * 0.55], [x + 12, SHAPE[0] * 1.05]])
    ground = paint(sheet(SHAPE), _line(line, 13), (30, 90, 170))
    return jpeg(paint(ground, subject.layer(SHAPE, (0.43, 0.5), scale=0.9), subject.dark))


def staple(subject: Subject, rng: np.random.Generator) -> bytes:
    """A grey staple in the upper left corner of the sheet."""
    image = sheet(SHAPE)
    image[26:29, 20:56] = (110, 112, 116)
    return png(paint(image, subject.layer(SHAPE), subject.dark))


def corner_mark(subject: Subject, rng: np.random.Generator) -> bytes:
    """The crop marks of a printed form in all four corners."""
    image = sheet(SHAPE)
    for _ in range(4):
        image[14:17, 14:44] = image[14:44, 14:17] = 20
        image = np.ascontiguousarray(np.rot90(image))
    return png(paint(image, subject.layer(SHAPE, scale=0.9), subject.dark))


def _line(points: NDArray[np.float64], width: float) -> Layer:
    image = Image.new("L", SHAPE[::-1])
    draw_line(image, points, 255, width)
    return Layer(np.asarray(image, np.float32) / 255, np.ones(SHAPE, np.float32))


def _spot(rng: np.random.Generator) -> tuple[float, float]:
    """Somewhere right of the middle, above the foot of the page."""
    return float(rng.uniform(0.4, 0.8)), float(rng.uniform(0.2, 0.6))
