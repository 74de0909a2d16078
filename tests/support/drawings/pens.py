"""Conditions of pens, pencils and brushes."""

import numpy as np

from drawings.canvas import PAPER, Layer, Subject, blur, clouds, grain, paint, png, sheet

SHAPE = (400, 400)


def plain(subject: Subject, rng: np.random.Generator) -> bytes:
    """Dark on an even light ground."""
    return png(paint(sheet(SHAPE), subject.layer(SHAPE), subject.dark))


def thin(subject: Subject, rng: np.random.Generator) -> bytes:
    """A fine liner, two hundredths of the digit's height."""
    shape = (600, 600)
    return png(paint(sheet(shape), subject.layer(shape, pen=rng.uniform(0.015, 0.025)), subject.dark))


def thick(subject: Subject, rng: np.random.Generator) -> bytes:
    """A broad felt pen, a sixth of the digit's height."""
    return png(paint(sheet(SHAPE), subject.layer(SHAPE, pen=rng.uniform(0.14, 0.17)), subject.dark))


def pencil(subject: Subject, rng: np.random.Generator) -> bytes:
    """A soft pencil: grey, and rough as the paper."""
    layer = subject.layer(SHAPE, pen=rng.uniform(0.04, 0.06))
    rough = (0.62 + 0.3 * rng.standard_normal(SHAPE, np.float32)).clip(0.1, 1)
    return png(grain(paint(sheet(SHAPE), Layer(layer.coverage * rough, layer.shade), (84, 84, 88)), 2, rng))


def chalk(subject: Subject, rng: np.random.Generator) -> bytes:
    """White chalk with gaps on a smeared blackboard."""
    layer = subject.layer(SHAPE, pen=rng.uniform(0.08, 0.12))
    gaps = (clouds(SHAPE, 130, rng) > -0.45).astype(np.float32)
    ground = sheet(SHAPE, (44, 62, 54)) + 8 * clouds(SHAPE, 7, rng)[:, :, None]
    return png(grain(paint(ground, Layer(layer.coverage * gaps, layer.shade), subject.pale), 3, rng))


def marker(subject: Subject, rng: np.random.Generator) -> bytes:
    """A coloured marker, darker where its ink gathers."""
    colour = ((200, 40, 50), (20, 120, 70), (30, 80, 190), (150, 50, 150))[rng.integers(4)]
    layer = subject.layer(SHAPE, pen=rng.uniform(0.1, 0.13))
    return png(paint(sheet(SHAPE), Layer(layer.coverage, layer.shade + 0.25 * clouds(SHAPE, 9, rng)), colour))


def faint(subject: Subject, rng: np.random.Generator) -> bytes:
    """A hard pencil, hardly darker than the paper."""
    pale = tuple(value - 38 for value in PAPER)
    return png(grain(paint(sheet(SHAPE), subject.layer(SHAPE), pale), 1.5, rng))  # type: ignore[arg-type]


def bleeding(subject: Subject, rng: np.random.Generator) -> bytes:
    """Ink that runs into the paper."""
    return png(blur(paint(sheet(SHAPE), subject.layer(SHAPE, pen=0.09), subject.dark), 5))


def dry(subject: Subject, rng: np.random.Generator) -> bytes:
    """A ballpoint that runs dry: its strokes have short gaps."""
    layer = subject.layer(SHAPE, pen=0.06)
    gaps = (clouds(SHAPE, 60, rng) > -0.55).astype(np.float32)
    return png(paint(sheet(SHAPE), Layer(layer.coverage * gaps, layer.shade), subject.dark))


def brush(subject: Subject, rng: np.random.Generator) -> bytes:
    """A brush whose stroke is broad downwards and fine sideways."""
    layer = subject.layer(SHAPE, pen=0.045)
    coverage = np.maximum.reduce([np.roll(layer.coverage, shift, axis=1) for shift in range(-7, 8)])
    return png(paint(sheet(SHAPE), Layer(coverage, layer.shade), subject.dark))


def crayon(subject: Subject, rng: np.random.Generator) -> bytes:
    """A wax crayon on rough paper: broad, coloured, and full of small holes."""
    colour = ((214, 60, 40), (40, 110, 200), (60, 140, 60))[rng.integers(3)]
    layer = subject.layer(SHAPE, pen=rng.uniform(0.1, 0.13))
    holes = (clouds(SHAPE, 180, rng) > -0.35).astype(np.float32)
    return png(grain(paint(sheet(SHAPE), Layer(layer.coverage * holes, layer.shade), colour), 2, rng))
