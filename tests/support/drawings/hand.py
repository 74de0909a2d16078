"""Digits as a hand writes them: pen strokes through a few points, in several styles, each time a little different.

Points are (x, y) in a box of height and width 1, y downwards. A stroke is a smooth curve through its points; a point that
is given twice is a corner.
"""

import numpy as np
from numpy.typing import NDArray

Stroke = NDArray[np.float64]  # (N, 2), x and y

# For each digit the styles, each one or more strokes, as points x,y in hundredths.
STYLES: tuple[tuple[str, ...], ...] = (
    (  # 0: a closed oval, an open one
        "50,0 14,20 6,55 25,92 55,100 87,78 92,40 72,6 50,0",
        "60,3 30,6 8,40 15,85 50,100 85,80 92,35 66,2 45,6",
    ),
    (  # 1: a line, a leaning line, one with a short flag
        "50,0 50,50 50,100",
        "58,0 50,50 42,100",
        "38,13 52,0 52,0 51,50 50,100",
    ),
    (  # 2: with a corner at the foot, with a loop
        "10,24 30,3 65,2 86,22 74,48 42,74 6,100 6,100 50,98 96,97",
        "10,20 38,0 76,10 80,36 50,72 18,96 7,88 24,80 55,94 96,92",
    ),
    (  # 3: round, with a flat top
        "10,13 45,0 80,12 76,36 36,47 36,47 82,58 88,82 50,100 7,88",
        "12,5 82,4 82,4 42,42 42,42 80,50 90,76 55,100 8,90",
    ),
    (  # 4: open, closed
        "22,0 8,50 8,50 50,53 92,48 | 78,2 72,50 66,100",
        "68,0 5,62 5,62 50,64 97,62 | 68,0 68,50 66,100",
    ),
    (  # 5: in one stroke, with the bar drawn last
        "86,2 26,3 26,3 18,44 18,44 50,36 84,55 80,86 45,100 7,90",
        "28,2 20,42 20,42 56,38 85,60 74,90 40,100 8,92 | 27,3 60,3 90,0",
    ),
    (  # 6: curved, with a straight back
        "74,0 40,18 14,60 24,92 55,100 84,80 70,56 42,54 17,74",
        "60,0 30,36 12,72 30,97 62,98 84,78 66,58 36,62 15,80",
    ),
    (  # 7: plain, with a bent stem, with a bar
        "8,5 90,4 90,4 64,50 42,100",
        "6,12 10,4 50,6 92,2 92,2 60,42 50,100",
        "8,5 90,4 90,4 64,50 42,100 | 36,52 58,50 84,49",
    ),
    (  # 8: in one stroke from the top, as two rings
        "72,10 48,0 20,14 30,38 70,62 80,86 48,100 18,85 30,62 66,38 78,16 66,5",
        "50,48 22,34 26,8 50,0 76,10 76,36 50,48 | 50,48 16,64 20,92 50,100 82,90 84,62 50,48",
    ),
    (  # 9: with a straight stem, with a curved one
        "84,12 50,0 16,20 26,46 56,50 82,26 84,12 84,12 80,55 74,100",
        "82,16 50,1 18,18 22,44 54,50 84,20 84,20 84,60 66,94 36,99",
    ),
)


def write(digit: int, rng: np.random.Generator) -> list[Stroke]:
    """Write a digit: strokes as dense points (N, 2), around the origin, of about height 1."""
    styles = STYLES[digit]
    strokes = styles[rng.integers(len(styles))]
    aspect = rng.uniform(0.52, 0.72)
    slant, angle = rng.uniform(-0.04, 0.22), np.radians(rng.uniform(-4, 4))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    curves = []
    for stroke in strokes.split("|"):
        points = np.array([point.split(",") for point in stroke.split()], np.float64) / 100
        noise = rng.normal(0, 0.013, points.shape)
        corners = np.flatnonzero((points[1:] == points[:-1]).all(axis=1))
        noise[corners + 1] = noise[corners]  # both points of a corner move together
        points = points + noise - 0.5
        x, y = points[:, 0] * aspect - points[:, 1] * slant, points[:, 1]
        curves.append(_smooth(np.stack([x, y], axis=1) @ turn))
    return curves


def _smooth(points: Stroke, steps: int = 12) -> Stroke:
    """A Catmull-Rom spline through the points."""
    padded = np.concatenate([points[:1], points, points[-1:]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    parts = []
    for p0, p1, p2, p3 in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        if (p1 == p2).all():
            continue  # a corner
        parts.append(
            0.5 * (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * p1 - p0 - 3 * p2 + p3) * t**3)
        )
    return np.concatenate([*parts, points[-1:]])
