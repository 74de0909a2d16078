"""Conditions of what garments lie on or hang before: floors, walls, cloths, and grounds of nearly their own brightness."""

import numpy as np

from drawings.canvas import Floats, Subject, clouds, grain, grid, jpeg, paint, sheet

SHAPE = (420, 420)


def planks(subject: Subject, rng: np.random.Generator) -> bytes:
    """A floor of pale wooden planks with dark joints."""
    ground = sheet(SHAPE, (208, 178, 138)) + 6 * np.repeat(clouds(SHAPE, 40, rng)[:, :1], SHAPE[1], axis=1)[:, :, None]
    for number, top in enumerate(range(int(rng.integers(0, 40)), SHAPE[0], 84)):
        ground[top : top + 84] += 8 * (-1) ** number
        ground[top : top + 2] = (150, 118, 84)
    return _photo(subject, rng, ground)


def tiles(subject: Subject, rng: np.random.Generator) -> bytes:
    """A floor of white tiles with grey joints."""
    ground = sheet(SHAPE, (232, 232, 228))
    start = int(rng.integers(10, 60))
    ground[start::105] = ground[:, start::105] = (178, 176, 172)
    ground[start + 1 :: 105] = ground[:, start + 1 :: 105] = (178, 176, 172)
    return _photo(subject, rng, ground)


def carpet(subject: Subject, rng: np.random.Generator) -> bytes:
    """A carpet: a rough light pile."""
    ground = sheet(SHAPE, (206, 200, 188)) + 14 * rng.standard_normal((*SHAPE, 1), np.float32)
    return _photo(subject, rng, ground + 8 * clouds(SHAPE, 70, rng)[:, :, None])


def bed(subject: Subject, rng: np.random.Generator) -> bytes:
    """A bed with the folds of its sheet."""
    x, y = grid(SHAPE)
    waves = sum(np.sin(2 * np.pi * (a * x + b * y + c)) for a, b, c in rng.uniform(-3, 3, (4, 3)))
    return _photo(subject, rng, sheet(SHAPE, (224, 224, 228)) + 6 * np.asarray(waves)[:, :, None])


def checked(subject: Subject, rng: np.random.Generator) -> bytes:
    """A checked table cloth in pale colours."""
    x, y = grid(SHAPE)
    stripes = ((x * 12 % 2 < 1).astype(np.float32) + (y * 12 % 2 < 1))[:, :, None]
    return _photo(subject, rng, sheet(SHAPE, (246, 244, 240)) - stripes * np.array((6, 16, 16), np.float32))


def striped(subject: Subject, rng: np.random.Generator) -> bytes:
    """A wall paper with broad stripes of two pale colours."""
    ground = sheet(SHAPE, (238, 230, 214))
    ground[:, (np.arange(SHAPE[1]) // 35) % 2 == 0] = (222, 214, 200)
    return _photo(subject, rng, ground)


def wall_and_floor(subject: Subject, rng: np.random.Generator) -> bytes:
    """A light wall above, a somewhat darker floor below."""
    ground = sheet(SHAPE, (234, 230, 222))
    ground[int(rng.uniform(0.6, 0.8) * SHAPE[0]) :] = (202, 190, 172)
    return _photo(subject, rng, ground)


def bricks(subject: Subject, rng: np.random.Generator) -> bytes:
    """A white brick wall."""
    ground = sheet(SHAPE, (226, 222, 216))
    for row, top in enumerate(range(0, SHAPE[0], 42)):
        ground[top : top + 3] = (200, 196, 190)
        for left in range(-42 * (row % 2), SHAPE[1], 84):
            ground[top : top + 42, max(0, left) : max(0, left + 3)] = (200, 196, 190)
    return _photo(subject, rng, ground + 4 * clouds(SHAPE, 30, rng)[:, :, None])


def pale_on_white(subject: Subject, rng: np.random.Generator) -> bytes:
    """A pale object on white, as in a shop's catalogue."""
    image = paint(sheet(SHAPE, (252, 252, 252)), subject.layer(SHAPE, pen=0.1), (206, 202, 196))
    return jpeg(image, 92)


def dark_on_dark(subject: Subject, rng: np.random.Generator) -> bytes:
    """A dark object on a ground that is a little darker."""
    image = paint(sheet(SHAPE, (26, 26, 30)), subject.layer(SHAPE, pen=0.1), (74, 70, 72))
    return jpeg(grain(image, 2, rng), 92)


def marble(subject: Subject, rng: np.random.Generator) -> bytes:
    """Marble with grey veins."""
    veins = np.exp(-np.abs(clouds(SHAPE, 5, rng) + 0.4 * clouds(SHAPE, 11, rng)) / 0.04)
    return _photo(subject, rng, sheet(SHAPE, (236, 234, 232)) - 26 * veins[:, :, None])


def _photo(subject: Subject, rng: np.random.Generator, ground: Floats) -> bytes:
    """The subject on a ground, as a photo with a little noise."""
    return jpeg(grain(paint(ground, subject.layer(SHAPE), subject.dark), 2, rng))
