"""Scaling a solid object that was found to the size of the training images, between the middles of its soft edges.

An enlarged or blurred image has soft edges. Measured from where they begin, an object is larger than it was, so that it would
become too small and might be placed a pixel away.
"""

import numpy as np

from lenet.images.finding.filters import Floats

HALF = 0.5  # of what lies just inside of an edge: as high is the edge in its middle
REACH = 0.7  # of a pixel that the network sees: how far inside
FINER = 4  # times the size, of which each pixel's middle is taken: Fashion-MNIST's images were sharpened


def fitted(relief: Floats, frame: tuple[int, int]) -> Floats:
    """Scale an object, keeping its proportions, so that it just fits into a frame.

    Args:
        relief: float32 (height, width): how far the object rises above its ground, cropped to it.
        frame: Height and width to fit into.

    Returns:
        float32, as high or as wide as the frame.
    """
    from PIL import Image

    cell = max(length / room for length, room in zip(relief.shape, frame, strict=True))
    down, across = (_edges(relief.max(axis=1 - axis), cell) for axis in (0, 1))
    scale = min(frame[0] / (down[1] - down[0]), frame[1] / (across[1] - across[0]))
    height, width = (max(1, round((last - first) * scale)) for first, last in (down, across))
    fine, cubic = (FINER * width, FINER * height), Image.Resampling.BICUBIC
    # One axis at a time, because versions of Pillow do not agree on which comes first.
    wide = Image.fromarray(relief).resize((fine[0], len(relief)), cubic, (across[0], 0, across[1], len(relief)))
    parts = np.asarray(wide.resize(fine, cubic, (0, down[0], fine[0], down[1]))).reshape(height, FINER, width, FINER)
    rows = parts[:, FINER // 2 - 1] + parts[:, FINER // 2]
    return np.asarray((rows[:, :, FINER // 2 - 1] + rows[:, :, FINER // 2]) / 4)


def _edges(profile: Floats, cell: float) -> tuple[float, float]:
    """Where an object begins and ends along an axis, from the maxima across it; a pixel of the network has `cell` of them."""
    near = max(1, round(REACH * cell))
    first, last = _edge(profile.tolist(), near), len(profile) - _edge(profile[::-1].tolist(), near)
    return (first, last) if last - first >= 1 else (0.0, float(len(profile)))


def _edge(profile: list[float], near: int) -> float:
    """Where a profile first reaches half of its maximum over the first pixels, between two of them; 0 if at once."""
    half = HALF * max(profile[: near + 1])
    place = next(number for number, value in enumerate(profile) if value >= half)
    before = profile[place - 1] if place else 0.0
    if profile[place] <= before:
        return float(place)
    return max(0.0, place - 0.5 + (half - before) / (profile[place] - before))
