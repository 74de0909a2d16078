"""Garments by their outlines, in the order of Fashion-MNIST's classes, each time a little different.

Points are (x, y) in a box of height and width 1, y downwards. Clothes are symmetric: half an outline, x from the middle.
Shoes point to the left, as in the data set.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NAMES = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Part:
    """A polygon, or a line if it has a width; shade 1 is the cloth's colour, smaller is darker, larger paler."""

    points: Points
    shade: float = 1.0
    width: float = 0.0  # share of the garment's height


@dataclass(frozen=True)
class Pattern:
    """A garment: its width for a height of 1, and its parts, the later above the earlier."""

    aspect: float
    parts: tuple[Part, ...]


def _mirrored(*half: tuple[float, float]) -> Points:
    """An outline from its right half, x from the middle; the left half follows."""
    return tuple((0.5 + x, y) for x, y in half) + tuple((0.5 - x, y) for x, y in reversed(half))


PATTERNS = (
    Pattern(  # T-shirt: short sleeves
        0.92,
        (
            Part(_mirrored((0.0, 0.09), (0.07, 0.08), (0.13, 0.0), (0.27, 0.05), (0.5, 0.25), (0.4, 0.4), (0.29, 0.31),
                           (0.28, 0.98), (0.0, 1.0))),
            Part(((0.37, 0.02), (0.44, 0.1), (0.5, 0.11), (0.56, 0.1), (0.63, 0.02)), 0.7, 0.012),
            Part(((0.21, 0.3), (0.22, 0.6)), 0.8, 0.008),
            Part(((0.79, 0.3), (0.78, 0.6)), 0.8, 0.008),
        ),
    ),
    Pattern(  # trouser: two legs
        0.45,
        (
            Part(_mirrored((0.0, 0.0), (0.36, 0.0), (0.42, 0.28), (0.46, 1.0), (0.14, 1.0), (0.06, 0.42), (0.0, 0.3))),
            Part(((0.14, 0.05), (0.86, 0.05)), 0.75, 0.01),
            Part(((0.5, 0.05), (0.5, 0.3)), 0.75, 0.01),
        ),
    ),
    Pattern(  # pullover: long sleeves, bands at neck, cuffs and waist
        0.92,
        (
            Part(_mirrored((0.0, 0.06), (0.09, 0.05), (0.13, 0.0), (0.27, 0.05), (0.38, 0.22), (0.5, 0.9), (0.39, 0.94),
                           (0.3, 0.42), (0.29, 1.0), (0.0, 1.0))),
            Part(((0.36, 0.03), (0.43, 0.09), (0.57, 0.09), (0.64, 0.03)), 0.75, 0.02),
            Part(((0.21, 0.94), (0.79, 0.94)), 0.8, 0.012),
            Part(((0.01, 0.84), (0.11, 0.88)), 0.8, 0.012),
            Part(((0.99, 0.84), (0.89, 0.88)), 0.8, 0.012),
        ),
    ),
    Pattern(  # dress: no sleeves, a waist, a wide skirt
        0.55,
        (
            Part(_mirrored((0.0, 0.1), (0.1, 0.08), (0.16, 0.0), (0.26, 0.0), (0.3, 0.14), (0.24, 0.36), (0.5, 1.0),
                           (0.0, 1.0))),
            Part(((0.27, 0.36), (0.73, 0.36)), 0.75, 0.012),
            Part(((0.4, 0.4), (0.3, 0.98)), 0.85, 0.01),
            Part(((0.6, 0.4), (0.7, 0.98)), 0.85, 0.01),
        ),
    ),
    Pattern(  # coat: long, open at the front, with lapels
        0.75,
        (
            Part(_mirrored((0.0, 0.08), (0.12, 0.0), (0.3, 0.05), (0.4, 0.2), (0.5, 0.82), (0.39, 0.85), (0.31, 0.4),
                           (0.36, 1.0), (0.0, 1.0))),
            Part(((0.5, 0.3), (0.5, 1.0)), 0.35, 0.018),
            Part(((0.38, 0.0), (0.5, 0.3), (0.62, 0.0)), 0.45, 0.018),
            Part(((0.25, 0.62), (0.4, 0.6)), 0.6, 0.012),
            Part(((0.75, 0.62), (0.6, 0.6)), 0.6, 0.012),
        ),
    ),
    Pattern(  # sandal: a sole with a heel, and straps with gaps between them
        1.9,
        (
            Part(((0.0, 0.86), (0.3, 0.8), (0.62, 0.62), (0.95, 0.5), (1.0, 0.56), (0.99, 0.98), (0.9, 0.98), (0.88, 0.7),
                  (0.62, 0.86), (0.3, 0.98), (0.02, 1.0))),
            Part(((0.12, 0.84), (0.22, 0.48), (0.34, 0.8)), 1.0, 0.07),
            Part(((0.28, 0.8), (0.4, 0.36), (0.54, 0.68)), 1.0, 0.07),
            Part(((0.66, 0.62), (0.74, 0.1), (0.96, 0.06), (0.95, 0.54)), 1.0, 0.07),
        ),
    ),
    Pattern(  # shirt: a collar, buttons, sleeves to the elbow
        0.85,
        (
            Part(_mirrored((0.0, 0.07), (0.06, 0.0), (0.16, 0.0), (0.3, 0.06), (0.42, 0.28), (0.5, 0.66), (0.38, 0.72),
                           (0.29, 0.4), (0.29, 0.95), (0.0, 1.0)), 1.25),
            Part(((0.5, 0.12), (0.5, 0.98)), 0.85, 0.01),
            Part(((0.36, 0.0), (0.42, 0.12), (0.5, 0.08), (0.58, 0.12), (0.64, 0.0)), 0.6, 0.014),
            *(Part(((0.5, y), (0.5, y + 0.012)), 0.3, 0.02) for y in (0.22, 0.36, 0.5, 0.64, 0.78)),
        ),
    ),
    Pattern(  # sneaker: low, with a pale sole and laces
        2.3,
        (
            Part(((0.0, 0.72), (0.06, 0.56), (0.24, 0.44), (0.42, 0.14), (0.5, 0.04), (0.6, 0.18), (0.84, 0.16), (0.96, 0.0),
                  (0.99, 0.5), (1.0, 0.78), (0.0, 0.8))),
            Part(((0.0, 0.76), (1.0, 0.74), (1.0, 0.98), (0.02, 1.0)), 1.5),
            *(Part(((x, y), (x + 0.06, y + 0.2)), 1.6, 0.04) for x, y in ((0.24, 0.44), (0.31, 0.32), (0.38, 0.2))),
            Part(((0.56, 0.7), (0.7, 0.3)), 0.6, 0.05),
        ),
    ),
    Pattern(  # bag: a body with a flap, and a handle
        1.1,
        (
            Part(((0.26, 0.36), (0.32, 0.12), (0.42, 0.02), (0.58, 0.02), (0.68, 0.12), (0.74, 0.36)), 0.9, 0.045),
            Part(((0.06, 0.34), (0.94, 0.34), (1.0, 0.96), (0.97, 1.0), (0.03, 1.0), (0.0, 0.96))),
            Part(((0.05, 0.55), (0.5, 0.62), (0.95, 0.55)), 0.7, 0.014),
            Part(((0.47, 0.57), (0.53, 0.57), (0.53, 0.68), (0.47, 0.68)), 1.5),
        ),
    ),
    Pattern(  # ankle boot: a shaft, a toe, a heel
        1.0,
        (
            Part(((0.0, 0.84), (0.06, 0.72), (0.3, 0.6), (0.44, 0.44), (0.46, 0.04), (0.94, 0.0), (0.93, 0.5), (1.0, 0.76),
                  (1.0, 0.98), (0.76, 0.98), (0.7, 0.9), (0.02, 0.94))),
            Part(((0.02, 0.9), (0.7, 0.88), (0.98, 0.84)), 0.55, 0.02),
            Part(((0.47, 0.1), (0.94, 0.07)), 0.75, 0.014),
            Part(((0.62, 0.07), (0.66, 0.4)), 0.7, 0.016),
        ),
    ),
)  # fmt: skip


def sew(label: int, rng: np.random.Generator) -> tuple[float, list[tuple[NDArray[np.float64], float, float]]]:
    """Make a garment of a class: its aspect, and its parts as points (N, 2) around the origin, of height 1, shade, width."""
    pattern = PATTERNS[label]
    aspect = pattern.aspect * rng.uniform(0.92, 1.08)
    bend = rng.normal(0, 0.008, (4, 2))  # a smooth change of the whole outline
    parts = []
    for part in pattern.parts:
        points = np.array(part.points)
        waves = np.sin(np.pi * np.outer(points[:, 1], (1, 2, 3, 4)) + np.arange(4)) @ bend
        points = (points - 0.5) * (aspect, 1) + waves
        parts.append((points, part.shade, part.width))
    return aspect, parts
