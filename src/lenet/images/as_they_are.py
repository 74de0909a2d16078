"""Images of the network's own size that go in as they are, many at once: what `Preprocessing.apply` does with each.

seen, is_inverted, is_ready = as_they_are(images, preprocessing)
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lenet.images.framing import corners
from lenet.images.invariants import are_framed
from lenet.images.pixels import Pixels
from lenet.images.preprocess import WHOLE, Preprocessing


class AsTheyAre(NamedTuple):
    """Images of the network's own size.

    Attributes:
        seen: uint8, what the network sees of those that are ready; meaningless for the others.
        is_inverted: bool (N,), whether that is the inverse of the image.
        is_ready: bool (N,), whether the image goes in as it is; in the others the object has to be found first.
    """

    seen: Pixels
    is_inverted: NDArray[np.bool_]
    is_ready: NDArray[np.bool_]


def as_they_are(images: Pixels, preprocessing: Preprocessing) -> AsTheyAre:
    """Return which images need no more than to be inverted, if that.

    Args:
        images: uint8 (N, height, width), or (N, height, width, 3) for a network that takes colours, of its size.
        preprocessing: the network's.
    """
    none, every = np.zeros(len(images), np.bool_), np.ones(len(images), np.bool_)
    if preprocessing.framing == WHOLE or preprocessing.ground == "mixed":
        return AsTheyAre(images, none, every)
    is_light = corners(images).mean(axis=(1, 2)) > 127.5
    dark = np.where(is_light[:, None, None], 255 - images, images) if is_light.any() else images
    is_ready = are_framed(dark, preprocessing.framing, preprocessing.objects)
    if preprocessing.ground == "light":
        return AsTheyAre(255 - dark, ~is_light, is_ready)
    return AsTheyAre(dark, is_light, is_ready)
