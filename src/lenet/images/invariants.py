"""How the images of a data set are framed: measured by what nearly all images of MNIST or Fashion-MNIST share."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SAMPLE = 4000  # images: enough, in some tens of milliseconds
NEARLY_ALL = 0.9  # of the images
INK = 32  # of 255 above a black background; the noise of a JPEG is below
# The longest edge of the ink, as shares of the image's, and how far its centre of mass may lie from the middle, in 28ths:
# of MNIST's images 20/28 in 99.98 %, and half a pixel; EMNIST fills 24/28 and centres the box.
MASS, CENTRED = ((20 / 28, 1.5), (24 / 28, 5.0)), 2
FAINT = 8  # of 255: the ink of one image, which JPEG may have changed a little
BOX = 26 / 28  # of Fashion-MNIST's images 98 % have more
MARGIN = 1 / 28  # by which images may be beyond what a sample of the training images has
SMALLEST, FARTHEST = (
    0.4,
    0.25,
)  # shares of an image's edges: a data set with smaller or more distant objects is no better known
FULL = 250  # of 255: the brightest pixel of an image whose contrast is the training images'


class ObjectRange(NamedTuple):
    """How large the objects of a data set are, and where they lie, as shares of the image's edges.

    Args:
        least: The longest edge of the smallest object.
        most: The longest edge of the largest object.
        off_centre: How far a centre of mass lies from the middle at most, along either axis.
    """

    least: float
    most: float
    off_centre: float


class _Geometry(NamedTuple):
    """What the ink of N images is like, as shares of the image's edges; each float64.

    Args:
        longest: The longest edge of its box, (N,).
        uneven: By how much the margins on both sides of the box differ, (N,), along the axis where they differ more.
        offsets: Where its centre of mass lies from the middle, (N, 2), downwards and to the right.
    """

    longest: NDArray[np.float64]
    uneven: NDArray[np.float64]
    offsets: NDArray[np.float64]


def measured_framing(images: NDArray[np.uint8], ground: str) -> str:
    """Measure how images are framed.

    Args:
        images: uint8 (N, height, width), or (N, height, width, 3) with colours.
        ground: their background, "dark", "light" or "mixed".

    Returns:
        "mass" where nearly all have MNIST's invariants, "box" where nearly all have Fashion-MNIST's, else "whole".
    """
    if images.ndim == 4 or ground == "mixed" or min(images.shape[1:]) < 8:
        return "whole"
    sample = _sample(images, ground)
    ink = sample > INK
    corners = ~ink[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    has_ground = ink.any(axis=(1, 2)) & (corners.sum(axis=1) >= 2)
    longest, uneven, offsets = _geometry(sample, INK)
    off_centre = 28 * np.abs(offsets).max(axis=1)
    for share, reach in MASS:
        if _nearly_all(has_ground & (np.abs(longest - share) < 1.5 / 28) & (off_centre <= reach)):
            return "mass"
    return "box" if _nearly_all(has_ground & (longest >= BOX) & (uneven <= CENTRED / 28)) else "whole"


def measured_range(images: NDArray[np.uint8], framing: str, ground: str) -> ObjectRange | None:
    """Measure how large the objects of training images are and where they lie, if these are not framed all alike.

    Args:
        images: uint8 (N, height, width).
        framing: "mass" or "box".
        ground: their background, "dark" or "light".

    Returns:
        What a sample of the images has, and a margin; None where nearly all images are framed as `is_framed` knows it.
    """
    sample = _sample(images, ground)
    sample = sample[sample.max(axis=(1, 2)) >= FULL]
    if not len(sample) or _nearly_all(are_framed(sample, framing)):
        return None
    longest, _, offsets = _geometry(sample, FAINT)
    least, most = max(float(longest.min()) - MARGIN, SMALLEST), min(float(longest.max()) + MARGIN, 1.0)
    off_centre = min(float(np.abs(offsets).max()) + MARGIN, FARTHEST)
    return ObjectRange(round(least, 4), round(most, 4), round(off_centre, 4))


def is_framed(image: NDArray[np.uint8], framing: str, objects: ObjectRange | None = None) -> bool:
    """Tell whether an image, uint8 (height, width), on a dark ground is framed like the training images already."""
    return bool(are_framed(image[None], framing, objects)[0])


def are_framed(images: NDArray[np.uint8], framing: str, objects: ObjectRange | None = None) -> NDArray[np.bool_]:
    """Tell which images on a dark ground are framed like the training images already.

    All 140,000 images of MNIST and Fashion-MNIST are. The longest edge of MNIST's ink is 20 of 28 pixels, or 19, its centre
    of mass in 13.48 to 14.5, in pixel indices; EMNIST's longest edge is 24, and the box in the middle. Fashion-MNIST's
    objects have a longest edge of 26 or more, and at most two more empty rows on one side than on the other.

    Args:
        images: uint8 (N, height, width).
        framing: "mass" or "box".
        objects: How large the training images' objects are and where they lie, if these are not framed all alike.

    Returns:
        bool (N,).
    """
    border = np.concatenate([images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]], axis=1)
    longest, uneven, offsets = (28 * part for part in _geometry(images, FAINT if framing == "mass" else 0))
    if framing == "box":
        framed = ((border == 0).mean(axis=1) >= 0.05) & (longest >= 26 - 1e-6) & (uneven <= 2 + 1e-6)
    else:
        is_centred = ((offsets > -0.05) & (offsets < 1)).all(axis=1)
        framed = (longest >= 19 - 1e-6) & (longest <= 20 + 1e-6) & is_centred
        framed |= (longest > 23.5) & (longest < 24.5) & (uneven <= 1)  # as in EMNIST
    if objects is not None:
        longest, _, offsets = _geometry(images, FAINT)
        is_alike = (longest >= objects.least) & (longest <= objects.most)
        is_near = np.abs(offsets).max(axis=1) <= objects.off_centre
        framed |= is_alike & is_near & ((border <= FAINT).mean(axis=1) >= 0.5)
    return np.asarray(framed & (images.reshape(len(images), -1).max(axis=1) >= FULL))


def _sample(images: NDArray[np.uint8], ground: str) -> NDArray[np.uint8]:
    """Some of the images, at equal distances, on a dark ground."""
    sample = images[np.linspace(0, len(images) - 1, min(SAMPLE, len(images))).astype(np.int64)]
    return 255 - sample if ground == "light" else sample


def _geometry(images: NDArray[np.uint8], level: int) -> _Geometry:
    """Measure the ink of images (N, height, width): what is brighter than a level, and for its mass all brightness."""
    edges = np.array(images.shape[1:], np.float64)
    ink, values = (images > level).astype(np.float32), images.astype(np.float32)
    profiles = [_sums(ink, axis) > 0 for axis in (2, 1)]  # (N, height), (N, width)
    before, after = (np.stack([part[:, ::step].argmax(axis=1) for part in profiles], axis=1) for step in (1, -1))
    centre = np.stack([_centres(_sums(values, axis)) for axis in (2, 1)], axis=1)
    return _Geometry(
        ((edges - before - after) / edges).max(axis=1),
        (np.abs(before - after) / edges).max(axis=1),
        centre / edges - 0.5,
    )


def _sums(values: NDArray[np.float32], axis: int) -> NDArray[np.float64]:
    """Sums of images (N, height, width) of whole numbers along an axis: exact, in half the time of `sum`."""
    return np.asarray(np.einsum("nij->ni" if axis == 2 else "nij->nj", values), np.float64)


def _centres(profiles: NDArray[np.float64]) -> NDArray[np.float64]:
    """The centre of mass of each profile (N, edge), in pixels from the image's edge."""
    totals = np.maximum(profiles.sum(axis=1), 1)
    centres: NDArray[np.float64] = profiles @ np.arange(profiles.shape[1]) / totals + 0.5
    return centres


def _nearly_all(facts: NDArray[np.bool_]) -> bool:
    return bool(facts.mean() >= NEARLY_ALL)
