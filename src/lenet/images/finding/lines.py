"""Straight lines from edge to edge, as paper is ruled: finding them, so that they do not tie together what they cross."""

import numpy as np

from lenet.images.finding.filters import Floats
from lenet.images.finding.quantiles import median, quantile
from lenet.images.found import Mask

SLOPES = np.linspace(-0.18, 0.18, 37)  # up to ten degrees
COVERAGE = 0.55  # of the image's width that a line's pixels must cover
THINNESS = 1 / 80  # of the image's height: half the width of the broadest line
PALER = 0.75  # of the ink: a single line is ruling if it is paler


def ruling(mask: Mask, relief: Floats) -> Mask:
    """Find the lines of ruled or squared paper: straight and thin, from edge to edge, paler than the ink or several.

    Args:
        mask: What stands out from the ground, bool (height, width).
        relief: How far, float32 (height, width).

    Returns:
        The pixels of the lines, as far as nothing crosses them.
    """
    lines = [_level_lines(mask), _level_lines(mask.T)]
    found = lines[0][0] | lines[1][0].T
    rest = mask & ~found
    if not found.any() or not rest.any():
        return np.zeros_like(mask)
    is_paler = median(relief[found]) < PALER * quantile(relief[rest], 0.75)
    if is_paler:
        return found
    several = [part if count > 1 else np.zeros_like(part) for part, count in lines]
    return several[0] | several[1].T


def _level_lines(mask: Mask) -> tuple[Mask, int]:
    """The pixels of lines that are level, or nearly so, and how many lines there are."""
    height, width = mask.shape
    reach = max(1, round(THINNESS * height))
    thin = mask & ~_thick(mask, 2 * reach + 1)
    above = np.zeros_like(thin)
    above[1:] = thin[:-1]
    rows, columns = np.nonzero(thin & ~above)  # the first pixel of each run downwards
    best, best_rows, best_slope = 0.0, np.zeros(0, np.int64), 0.0
    margin = round(float(np.abs(SLOPES).max()) * width / 2) + 1  # how far a line may rise on its way to the side
    for slope in SLOPES:
        starts = rows - np.rint(slope * (columns - width / 2)).astype(np.int64) + margin
        counts = np.bincount(starts, minlength=height + 2 * margin)
        pairs = (counts[:-1] + counts[1:]) / width
        score = float((pairs[pairs >= COVERAGE] ** 2).sum())
        if score > best:
            best, best_rows, best_slope = score, np.flatnonzero(pairs >= COVERAGE), float(slope)
    lines = np.zeros_like(mask)
    if not len(best_rows):
        return lines, 0
    all_rows, all_columns = np.nonzero(thin)
    starts = all_rows - np.rint(best_slope * (all_columns - width / 2)).astype(np.int64) + margin
    near = np.zeros(height + 2 * (margin + reach) + 2, np.bool_)
    for offset in range(-1, 2 * reach + 2):
        near[best_rows + offset] = True
    lines[all_rows[near[starts]], all_columns[near[starts]]] = True
    return lines, 1 + int((np.diff(best_rows) > 2 * reach + 2).sum())


def _thick(mask: Mask, length: int) -> Mask:
    """The pixels of a mask in runs downwards of at least `length` pixels."""
    height = len(mask)
    if height < length:
        return np.zeros_like(mask)
    sums = np.pad(mask, ((1, 0), (0, 0))).cumsum(axis=0)
    ends = np.zeros((height + 1, mask.shape[1]), np.int64)  # row y + 1: whether a whole run ends in row y, summed
    ends[length:] = sums[length:] - sums[:-length] == length
    ends = ends.cumsum(axis=0)
    last = np.minimum(np.arange(height) + length, height)
    return np.asarray(ends[last] > ends[:-1])
