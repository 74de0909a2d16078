"""Some images of a collection, made together, with what finds duplicates among them."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lenet.data import duplicates
from lenet.errors import LenetError
from lenet.images.pixels import Pixels
from lenet.images.preprocess import Preprocessing

Digests = NDArray[np.uint8]  # (N, 16)


class Batch(NamedTuple):
    """Images that were made together.

    Args:
        images: uint8 (M, height, width) or (M, height, width, 3).
        digests: uint8 (M, 16), of each a hash of its pixels.
        thumbnails: uint8 (M, 16, 16) or (M, 16, 16, 3).
        bad: of what cannot be read the place among those asked for, from 0, and the reason.
    """

    images: Pixels
    digests: Digests
    thumbnails: Pixels
    bad: tuple[tuple[int, str], ...] = ()

    @classmethod
    def of(cls, images: Pixels, bad: tuple[tuple[int, str], ...] = ()) -> "Batch":
        """Return images with their digests and thumbnails."""
        return cls(images, duplicates.digests(images), duplicates.thumbnails(images), bad)


def make_batch(names: Sequence[str], read: Callable[[int], Any], preprocessing: Preprocessing) -> Batch:
    """Make some images.

    Args:
        names: what messages call them.
        read: gives the source of each, by its place among the names; raises LenetError.
        preprocessing: how they are made.
    """
    images = np.empty((len(names), *preprocessing.shape), np.uint8)
    bad: list[tuple[int, str]] = []
    for place, name in enumerate(names):
        try:
            images[place - len(bad)] = preprocessing.apply(read(place), name)
        except LenetError as error:
            bad.append((place, error.message))
    return Batch.of(images[: len(names) - len(bad)], tuple(bad))
