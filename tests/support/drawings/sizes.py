"""Conditions of size and place: tiny images, wide ones, small and cut objects."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from drawings.canvas import Shape, Subject, grain, jpeg, paint, png, sheet


def small_on_page(subject: Subject, rng: np.random.Generator) -> bytes:
    """A small object somewhere on a large page."""
    shape = (800, 800)
    spot = (float(rng.uniform(0.2, 0.8)), float(rng.uniform(0.2, 0.8)))
    return png(paint(sheet(shape), subject.layer(shape, spot, scale=0.25), subject.dark))


def in_corner(subject: Subject, rng: np.random.Generator) -> bytes:
    """An object near one corner."""
    shape = (400, 400)
    x, y = rng.choice([0.27, 0.73], 2)
    scale = 0.7 if subject.is_digit else 0.55
    return png(paint(sheet(shape), subject.layer(shape, (float(x), float(y)), scale), subject.dark))


def touching(subject: Subject, rng: np.random.Generator) -> bytes:
    """Cropped so close that the object touches the border of the image."""
    shape = (400, 400)
    layer = subject.layer(shape)
    rows, columns = (np.flatnonzero((layer.coverage > 0.5).any(axis=axis)) for axis in (1, 0))
    image = paint(sheet(shape), layer, subject.dark)
    return png(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


def wide(subject: Subject, rng: np.random.Generator) -> bytes:
    """A wide image: three times as wide as high."""
    shape = (200, 600)
    return png(paint(sheet(shape), subject.layer(shape, (float(rng.uniform(0.2, 0.8)), 0.5)), subject.dark))


def tall(subject: Subject, rng: np.random.Generator) -> bytes:
    """A tall image, as a phone takes it upright."""
    shape = (800, 360)
    return png(paint(sheet(shape), subject.layer(shape, (0.5, float(rng.uniform(0.3, 0.7)))), subject.dark))


def tiny_light(subject: Subject, rng: np.random.Generator) -> bytes:
    """28 × 28 pixels as drawn in Paint: dark on white, not in the middle."""
    return png(_tiny(subject, rng, (255, 255, 255), (0, 0, 0), (28, 28)))


def tiny_dark(subject: Subject, rng: np.random.Generator) -> bytes:
    """28 × 28 pixels, light on black, not in the middle."""
    return png(_tiny(subject, rng, (0, 0, 0), (255, 255, 255), (28, 28)))


def tiny_filling(subject: Subject, rng: np.random.Generator) -> bytes:
    """28 × 28 pixels that the object fills from edge to edge."""
    shape = (28, 28)
    return png(paint(sheet(shape, (0, 0, 0)), subject.layer(shape, scale=1.9, pen=0.1), (255, 255, 255)))


def small_32(subject: Subject, rng: np.random.Generator) -> bytes:
    """32 × 32 pixels, light on black."""
    return png(_tiny(subject, rng, (0, 0, 0), (255, 255, 255), (32, 32)))


def enlarged(subject: Subject, rng: np.random.Generator) -> bytes:
    """28 × 28 pixels enlarged ten times, with square pixels."""
    small = _tiny(subject, rng, (255, 255, 255), (0, 0, 0), (28, 28))
    return png(Image.fromarray(small).resize((280, 280), Image.Resampling.NEAREST))


def tiny_coloured(subject: Subject, rng: np.random.Generator) -> bytes:
    """28 × 28 pixels in colour, not in the middle."""
    shape = (28, 28)
    x, y = rng.uniform(0.38, 0.62, 2)
    image = paint(sheet(shape), subject.layer(shape, (float(x), float(y)), scale=1.1, pen=0.12), subject.dark)
    return png(image)


def middle_64(subject: Subject, rng: np.random.Generator) -> bytes:
    """64 × 64 pixels, dark on white, in the middle."""
    shape = (64, 64)
    return png(paint(sheet(shape, (255, 255, 255)), subject.layer(shape, scale=1.2, pen=0.09), subject.dark))


def panorama(subject: Subject, rng: np.random.Generator) -> bytes:
    """A strip eight times as wide as high."""
    shape = (120, 960)
    return png(paint(sheet(shape), subject.layer(shape, (float(rng.uniform(0.1, 0.9)), 0.5)), subject.dark))


def small_on_dark(subject: Subject, rng: np.random.Generator) -> bytes:
    """A small light object on a large dark page with a sensor's noise."""
    shape = (700, 700)
    spot = (float(rng.uniform(0.25, 0.75)), float(rng.uniform(0.25, 0.75)))
    return jpeg(grain(paint(sheet(shape, (40, 44, 50)), subject.layer(shape, spot, scale=0.25), subject.pale), 4, rng))


def _tiny(
    subject: Subject, rng: np.random.Generator, ground: tuple[int, int, int], colour: tuple[int, int, int], shape: Shape
) -> NDArray[np.uint8]:
    """A grey image of few pixels, the object half as high and off the middle."""
    x, y = rng.choice([-1, 1], 2) * rng.uniform(0.1, 0.17, 2) + 0.5
    layer = subject.layer(shape, (float(x), float(y)), scale=1.1 if subject.is_digit else 0.8, pen=0.11)
    return np.rint(paint(sheet(shape, ground), layer, colour)[:, :, 0]).astype(np.uint8)
