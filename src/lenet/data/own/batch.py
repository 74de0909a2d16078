"""Some images of a collection, made together, with what finds duplicates among them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from lenet.data import duplicates
from lenet.data.mapped import scratch
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


class HasCopies(Protocol):
    """What finds copies among some images."""

    @property
    def digests(self) -> Digests: ...
    @property
    def thumbnails(self) -> Pixels: ...


def joined_copies(batches: Iterable[HasCopies], count: int, shape: tuple[int, ...]) -> tuple[Digests, Pixels]:
    """Join hashes and thumbnails, in files if there are many.

    Args:
        batches: of all images, in order.
        count: how many images there are.
        shape: of an image.
    """
    digests = scratch((count, duplicates.DIGEST), np.uint8)
    thumbnails, start = scratch((count, duplicates.EDGE, duplicates.EDGE, *shape[2:]), np.uint8), 0
    for batch in batches:
        stop = start + len(batch.digests)
        digests[start:stop], thumbnails[start:stop] = batch.digests, batch.thumbnails
        start = stop
    return digests, thumbnails


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
