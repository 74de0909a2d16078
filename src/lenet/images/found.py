"""What was found in an image: for explaining it, and for reading several parts one by one.

    framed = preprocessing.explain("forty-two.png")   # Framed: what `apply` gives is framed.seen
    framed.found.parts                                # a Box for each part of similar size, left to right: here two
    framed.steps                                      # (title, image) from the image to what the network sees
    preprocessing.split("forty-two.png")              # two Framed, one for each part

`found` is None where nothing was looked for: images that go in as they are, and the framing "whole".
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Pixels = NDArray[np.uint8]  # (height, width), or (height, width, 3) with colours


class Box(NamedTuple):
    """Rows and columns of an image, as for slicing."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def height(self) -> int:
        """The number of rows."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """The number of columns."""
        return self.right - self.left


@dataclass(frozen=True, eq=False)
class Found:
    """What was found in an image, on a copy of some hundred pixels along each edge.

    Attributes:
        copy: uint8 (height, width), or (height, width, 3) with colours: the image, reduced.
        square: How many pixels of the image, along each edge, are one of the copy; less than 1 for small images.
        kept: bool (height, width): what belongs to the object.
        dropped: bool (height, width): what differs from the ground and was left out, such as specks, lines and frames.
        box: The box of what is kept, in pixels of the image.
        parts: The boxes of the parts of similar size, left to right, in pixels of the image: one, unless the image shows
            several objects.
    """

    copy: Pixels
    square: float
    kept: Mask
    dropped: Mask
    box: Box
    parts: tuple[Box, ...]

    @cached_property
    def ground(self) -> Pixels:
        """The copy as it would be without anything on its ground: uint8 of the copy's shape."""
        from lenet.images.finding.ground import without

        return without(self.copy, self.kept | self.dropped)


@dataclass(frozen=True, eq=False)
class Framed:
    """An image on its way to the network.

    Attributes:
        seen: uint8 (height, width) of the network's size: what the network sees.
        found: What was found in the image; None where nothing was looked for.
        steps: Title and image, uint8, of each step from the image to `seen`.
    """

    seen: Pixels
    found: Found | None
    steps: tuple[tuple[str, Pixels], ...]
