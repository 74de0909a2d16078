"""Conditions of colour: where brightness alone shows little or nothing."""

import numpy as np

from drawings.canvas import CLOTHS, Colour, Floats, Subject, clouds, grain, jpeg, paint, png, sheet

SHAPE = (360, 360)


def equal_brightness(subject: Subject, rng: np.random.Generator) -> bytes:
    """Object and ground of one brightness, in different colours."""
    ink, ground = _equal(((236, 64, 30), (0, 160, 90)), ((40, 110, 230), (180, 100, 30)), rng)
    return png(paint(sheet(SHAPE, ground), subject.layer(SHAPE, pen=0.09), ink))


def red_on_green(subject: Subject, rng: np.random.Generator) -> bytes:
    """Red on green, nearly as bright, with a sensor's noise."""
    image = paint(sheet(SHAPE, (62, 150, 60)), subject.layer(SHAPE, pen=0.09), (222, 62, 60))
    return jpeg(grain(image, 2, rng), 92)


def blue_on_grey(subject: Subject, rng: np.random.Generator) -> bytes:
    """Pale blue on grey of the same brightness."""
    return png(paint(sheet(SHAPE, (150, 150, 150)), subject.layer(SHAPE, pen=0.1), (90, 160, 252)))


def yellow_on_white(subject: Subject, rng: np.random.Generator) -> bytes:
    """A yellow highlighter on white paper."""
    return png(paint(sheet(SHAPE, (252, 252, 250)), subject.layer(SHAPE, pen=0.12), (250, 230, 60)))


def coloured_paper(subject: Subject, rng: np.random.Generator) -> bytes:
    """Dark on strongly coloured paper."""
    colours: tuple[Colour, ...] = ((250, 210, 60), (240, 130, 160), (120, 200, 240), (150, 220, 120))
    return png(paint(sheet(SHAPE, colours[rng.integers(4)]), subject.layer(SHAPE), subject.dark))


def neon(subject: Subject, rng: np.random.Generator) -> bytes:
    """A bright colour on black."""
    colours: tuple[Colour, ...] = ((60, 250, 80), (250, 60, 220), (70, 220, 250), (250, 240, 70))
    return png(paint(sheet(SHAPE, (8, 8, 12)), subject.layer(SHAPE), colours[rng.integers(4)]))


def blue_on_black(subject: Subject, rng: np.random.Generator) -> bytes:
    """Pure blue, which is dark in grey, on black."""
    return png(paint(sheet(SHAPE, (6, 6, 8)), subject.layer(SHAPE, pen=0.1), (40, 50, 255)))


def two_grounds(subject: Subject, rng: np.random.Generator) -> bytes:
    """A ground that changes its colour, but not its brightness, from side to side."""
    mix = np.linspace(0, 1, SHAPE[1], dtype=np.float32)[None, :, None]
    ground: Floats = sheet(SHAPE, (236, 206, 186)) * (1 - mix) + sheet(SHAPE, (186, 222, 236)) * mix
    return png(paint(ground, subject.layer(SHAPE), subject.dark))


def many_coloured(subject: Subject, rng: np.random.Generator) -> bytes:
    """An object in several colours, as of several pens or cloths."""
    ink = sheet(SHAPE, CLOTHS[rng.integers(len(CLOTHS))])
    ink += 45 * np.stack([clouds(SHAPE, 5, rng) for _ in range(3)], axis=2)
    layer = subject.layer(SHAPE, pen=0.1)
    cover = layer.coverage[:, :, None]
    return png(sheet(SHAPE) * (1 - cover) + ink * layer.shade[:, :, None] * cover)


def purple_on_blue(subject: Subject, rng: np.random.Generator) -> bytes:
    """Purple on blue, of nearly one brightness, in uneven light."""
    light = np.linspace(0.8, 1, SHAPE[0], dtype=np.float32)[:, None, None]
    image = paint(sheet(SHAPE, (70, 120, 210)), subject.layer(SHAPE, pen=0.1), (190, 70, 190))
    return jpeg(grain(image * light, 1.5, rng), 92)


def _equal(
    first: tuple[Colour, Colour], second: tuple[Colour, Colour], rng: np.random.Generator
) -> tuple[Colour, Colour]:
    """One of two pairs of colours, the ground's made as bright as the ink's."""
    ink, ground = (first, second)[rng.integers(2)]
    weights = np.array((0.299, 0.587, 0.114))
    shift = float(weights @ np.array(ink) - weights @ np.array(ground))
    red, green, blue = (value + shift for value in ground)
    return ink, (red, green, blue)
