"""Conditions of cloth: patterns, prints and colours of garments, on an even ground."""

import numpy as np
from numpy.typing import NDArray

from drawings.canvas import PAPER, Colour, Floats, Layer, Subject, clouds, grid, jpeg, paint, png, sheet

SHAPE = (400, 400)


def stripes(subject: Subject, rng: np.random.Generator) -> bytes:
    """Stripes of two colours, one of them nearly that of the ground."""
    _, y = grid(SHAPE)
    first = (y * rng.uniform(14, 22) + rng.uniform()) % 1 < 0.5
    return png(_two(subject, subject.dark, (226, 222, 214), np.broadcast_to(first, SHAPE)))


def dots(subject: Subject, rng: np.random.Generator) -> bytes:
    """Pale dots on dark cloth."""
    x, y = (axis * 16 % 1 - 0.5 for axis in grid(SHAPE))
    return png(_two(subject, subject.dark, (232, 226, 214), np.hypot(x, y) > 0.25))


def tartan(subject: Subject, rng: np.random.Generator) -> bytes:
    """A tartan of crossing stripes."""
    x, y = grid(SHAPE)
    threads = 0.7 + 0.35 * (x * 13 % 1 < 0.4) + 0.35 * (y * 13 % 1 < 0.4)
    layer = subject.layer(SHAPE)
    return png(paint(sheet(SHAPE), Layer(layer.coverage, layer.shade * threads), subject.dark))


def print_in_front(subject: Subject, rng: np.random.Generator) -> bytes:
    """A bright print in the middle of dark cloth."""
    x, y = grid(SHAPE)
    outside = np.hypot(x - 0.5, (y - rng.uniform(0.42, 0.55)) * 1.3) > rng.uniform(0.07, 0.1)
    return png(_two(subject, subject.dark, (250, 214, 70), outside))


def two_halves(subject: Subject, rng: np.random.Generator) -> bytes:
    """The upper part dark, the lower one pale."""
    _, y = grid(SHAPE)
    return jpeg(_two(subject, subject.dark, (176, 160, 140), np.broadcast_to(y < rng.uniform(0.45, 0.6), SHAPE)))


def camouflage(subject: Subject, rng: np.random.Generator) -> bytes:
    """Large patches of green and brown."""
    return png(_two(subject, (62, 76, 50), (128, 108, 72), clouds(SHAPE, 12, rng) > 0))


def shiny(subject: Subject, rng: np.random.Generator) -> bytes:
    """Leather or silk with bright reflections."""
    layer = subject.layer(SHAPE)
    shine = 1 + 2.4 * clouds(SHAPE, 6, rng).clip(0) ** 2
    return jpeg(paint(sheet(SHAPE), Layer(layer.coverage, layer.shade * shine), subject.dark))


def white_on_grey(subject: Subject, rng: np.random.Generator) -> bytes:
    """A white garment with grey folds on a light grey ground, as a shop photographs it."""
    layer = subject.layer(SHAPE)
    folds = 1 - 0.06 * np.abs(clouds(SHAPE, 14, rng))
    return jpeg(paint(sheet(SHAPE, (186, 186, 190)), Layer(layer.coverage, layer.shade * folds), (250, 250, 252)))


def _two(subject: Subject, first: Colour, second: Colour, is_first: NDArray[np.bool_]) -> Floats:
    """The subject on paper in two colours."""
    layer = subject.layer(SHAPE)
    cloth = np.where(is_first[:, :, None], np.array(first, np.float32), np.array(second, np.float32))
    cover = layer.coverage[:, :, None]
    return np.asarray(sheet(SHAPE, PAPER) * (1 - cover) + (cloth * layer.shade[:, :, None]).clip(0, 255) * cover)
