"""Connected components of a mask, with what shape rules ask of each: area, box, contact with the border.

parts = label(mask)
parts.keep(parts.areas > 20)        # the mask of the large ones
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.images.found import Box, Mask

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Components:
    """The components of a mask, numbered from 0 by their first pixel.

    Attributes:
        labels: int64 (height, width): the component of each pixel; -1 outside the mask.
        areas: int64 (N,), in pixels.
        boxes: int64 (N, 4): top, bottom, left, right, as for slicing.
        contacts: int64 (N, 4): how many pixels lie in the first row, the last, the first column, the last.
    """

    labels: Ints
    areas: Ints
    boxes: Ints
    contacts: Ints

    def __len__(self) -> int:
        return len(self.areas)

    def keep(self, chosen: Mask) -> Mask:
        """The mask of the components that are chosen, bool (N,)."""
        return np.append(chosen, False)[self.labels]

    def sums(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """The sum of the values (height, width) over each component: float64 (N,)."""
        inside = self.labels >= 0
        return np.bincount(self.labels[inside], values[inside], len(self)).astype(np.float64)

    @property
    def sizes(self) -> Ints:
        """The height or width of each, whichever is larger."""
        return np.asarray(np.maximum(self.boxes[:, 1] - self.boxes[:, 0], self.boxes[:, 3] - self.boxes[:, 2]))


def label(mask: Mask) -> Components:
    """Find the components of a mask; pixels that touch at a corner belong together.

    Rows are split into runs, and runs that touch are joined to the component with the smaller number until none changes.
    """
    height, width = mask.shape
    steps = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(steps == 1)
    ends = np.nonzero(steps == -1)[1]
    row = width + 2  # so that runs of different rows never touch
    first = np.searchsorted(rows * row + ends, (rows + 1) * row + starts, "left")
    last = np.searchsorted(rows * row + starts, (rows + 1) * row + ends, "right")
    counts = np.maximum(last - first, 0)
    above = np.repeat(np.arange(len(rows)), counts)
    below = np.arange(len(above)) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(first, counts)
    roots = np.arange(len(rows))
    while True:
        one, other = roots[above], roots[below]
        apart = one != other
        if not apart.any():
            break
        np.minimum.at(roots, np.maximum(one, other)[apart], np.minimum(one, other)[apart])
        while (roots[roots] != roots).any():
            roots = roots[roots]
    _, numbers = np.unique(roots, return_inverse=True)
    count = int(numbers.max()) + 1 if len(numbers) else 0
    lengths = ends - starts
    boxes = np.tile(np.array([height, 0, width, 0]), (count, 1))
    for column, values in ((0, rows), (2, starts)):
        np.minimum.at(boxes[:, column], numbers, values)
    for column, values in ((1, rows + 1), (3, ends)):
        np.maximum.at(boxes[:, column], numbers, values)
    facts = (lengths * (rows == 0), lengths * (rows == height - 1), starts == 0, ends == width)
    contacts = np.stack([np.bincount(numbers, fact, count) for fact in facts], axis=1).astype(np.int64)
    labels = np.full(mask.shape, -1, np.int64)
    labels[mask] = np.repeat(numbers, lengths)
    return Components(labels, np.bincount(numbers, lengths, count).astype(np.int64), boxes, contacts)


def filled(mask: Mask) -> Mask:
    """Fill the holes of a mask: what cannot be reached from the image's border."""
    around = label(~mask)
    return mask | around.keep(around.contacts.sum(axis=1) == 0)


def box_of(mask: Mask) -> Box:
    """The box of what is true."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return Box(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)
