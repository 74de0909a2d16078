"""Conditions of light: on which ground, from where, with which shadows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from drawings.canvas import Floats, Shape, Subject, blur, clouds, grain, grid, jpeg, paint, png, sheet

SHAPE = (480, 480)


def dark_ground(subject: Subject, rng: np.random.Generator) -> bytes:
    """Light on an even dark ground."""
    return png(paint(sheet(SHAPE, (34, 36, 40)), subject.layer(SHAPE), subject.pale))


def sloping(subject: Subject, rng: np.random.Generator) -> bytes:
    """Light from one side: the sheet is half as bright at the other."""
    light = 0.5 + 0.5 * grid(SHAPE)[0]
    return jpeg(_lit(subject, rng, np.broadcast_to(light, SHAPE)))


def vignette(subject: Subject, rng: np.random.Generator) -> bytes:
    """A lens that is darker towards the corners."""
    x, y = grid(SHAPE)
    light = 1 - rng.uniform(0.45, 0.65) * ((x - 0.5) ** 2 + (y - 0.5) ** 2) / 0.5
    return jpeg(_lit(subject, rng, light))


def lamp(subject: Subject, rng: np.random.Generator) -> bytes:
    """A lamp near one corner lights the sheet unevenly."""
    x, y = grid(SHAPE)
    light = 0.45 + 0.55 * np.exp(-((x - rng.uniform(0.1, 0.3)) ** 2 + (y - 0.2) ** 2) / 0.3)
    return jpeg(_lit(subject, rng, light))


def corner_shadow(subject: Subject, rng: np.random.Generator) -> bytes:
    """The soft shadow of a hand over one corner."""
    x, y = grid(SHAPE)
    side = rng.integers(2)
    far = np.hypot(x - side, y - 1)
    light = 1 - 0.45 / (1 + np.exp((far - rng.uniform(0.4, 0.5)) / 0.02))
    return jpeg(_lit(subject, rng, light))


def shadow_edge(subject: Subject, rng: np.random.Generator) -> bytes:
    """The edge of a shadow runs through the object."""
    x, y = grid(SHAPE)
    slope = rng.uniform(-0.6, 0.6)
    far = x - 0.5 + slope * (y - 0.5)
    light = 1 - 0.35 / (1 + np.exp(far / rng.uniform(0.015, 0.04)))
    return jpeg(_lit(subject, rng, light))


def window(subject: Subject, rng: np.random.Generator) -> bytes:
    """Stripes of light from a window with bars."""
    x, y = grid(SHAPE)
    bars = np.sin(2 * np.pi * (2.2 * x + 0.5 * y + rng.uniform()))
    light = 0.82 + 0.18 / (1 + np.exp(-6 * bars))
    return jpeg(_lit(subject, rng, light - 0.1))


def glare(subject: Subject, rng: np.random.Generator) -> bytes:
    """The reflection of a lamp beside the object."""
    x, y = grid(SHAPE)
    spot = np.exp(-((x - 0.9) ** 2 + (y - rng.uniform(0.1, 0.9)) ** 2) / 0.012)
    image = paint(sheet(SHAPE, (196, 192, 184)), subject.layer(SHAPE), subject.dark)
    return jpeg(grain(image + 60 * spot[:, :, None], 2, rng))


def dim(subject: Subject, rng: np.random.Generator) -> bytes:
    """Too little light: dark, of little contrast, noisy."""
    image = paint(sheet(SHAPE, (78, 72, 64)), subject.layer(SHAPE), (38, 36, 36))
    return jpeg(grain(image, 4, rng))


def wrinkled(subject: Subject, rng: np.random.Generator) -> bytes:
    """A crumpled sheet, each fold with its shadow."""
    light = 0.92 + 0.09 * clouds(SHAPE, 5, rng) + 0.03 * clouds(SHAPE, 12, rng)
    return jpeg(_lit(subject, rng, light))


def drop_shadow(subject: Subject, rng: np.random.Generator) -> bytes:
    """The object casts a soft shadow beside itself."""
    shadow = paint(sheet(SHAPE), subject.layer(SHAPE, spot=(0.53, 0.53)), (150, 150, 150))
    return jpeg(paint(blur(shadow, 10), subject.layer(SHAPE), subject.dark))


def torch(subject: Subject, rng: np.random.Generator) -> bytes:
    """A torch lights the middle of a blackboard; its borders are dark."""
    x, y = grid(SHAPE)
    light = 0.3 + 0.9 * np.exp(-((x - 0.5) ** 2 + (y - 0.5) ** 2) / 0.12)
    image = paint(sheet(SHAPE, (86, 92, 90)), subject.layer(SHAPE, pen=0.09), subject.pale)
    return jpeg(grain(image * light[:, :, None], 2, rng))


def dark_sloping(subject: Subject, rng: np.random.Generator) -> bytes:
    """Light on a dark ground that becomes brighter towards one side."""
    image = paint(sheet(SHAPE, (96, 104, 112)), subject.layer(SHAPE), subject.pale)
    return jpeg(grain(image * (0.4 + 0.6 * grid(SHAPE)[1])[:, :, None], 2, rng))


def two_shadows(subject: Subject, rng: np.random.Generator) -> bytes:
    """Shadows of head and phone over two opposite corners."""
    x, y = grid(SHAPE)
    light = np.ones(SHAPE, np.float32)
    for corner in (0.0, 1.0):
        far = np.hypot(x - corner, y - corner)
        light -= 0.35 / (1 + np.exp((far - rng.uniform(0.3, 0.42)) / 0.03))
    return jpeg(_lit(subject, rng, light))


def _lit(subject: Subject, rng: np.random.Generator, light: NDArray[Any], shape: Shape = SHAPE) -> Floats:
    """The subject on a sheet of paper under a light, float32 of `shape`, with a little noise."""
    image = paint(sheet(shape), subject.layer(shape), subject.dark)
    return grain(image * light[:, :, None], 1.5, rng)
