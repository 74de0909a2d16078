"""How the images of a data set are framed: measured by what nearly all images of MNIST or Fashion-MNIST share."""

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
    sample = images[np.linspace(0, len(images) - 1, min(SAMPLE, len(images))).astype(np.int64)]
    if ground == "light":
        sample = 255 - sample
    edges = np.array(images.shape[1:], np.float64)
    ink = sample > INK
    corners = ~ink[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    has_ground = ink.any(axis=(1, 2)) & (corners.sum(axis=1) >= 2)
    profiles = [np.asarray(ink.any(axis=axis)) for axis in (2, 1)]  # (N, height), (N, width)
    before, after = (np.stack([part[:, ::step].argmax(axis=1) for part in profiles], axis=1) for step in (1, -1))
    longest = ((edges - before - after) / edges).max(axis=1)  # (N,), as shares
    box_is_centred = (np.abs(before - after) / edges).max(axis=1) <= CENTRED / 28
    centre = np.stack([_centres(sample.sum(axis=axis, dtype=np.float64)) for axis in (2, 1)], axis=1)
    off_centre = 28 * np.abs(centre / edges - 0.5).max(axis=1)
    for share, reach in MASS:
        if _nearly_all(has_ground & (np.abs(longest - share) < 1.5 / 28) & (off_centre <= reach)):
            return "mass"
    return "box" if _nearly_all(has_ground & (longest >= BOX) & box_is_centred) else "whole"


def is_framed(image: NDArray[np.uint8], framing: str) -> bool:
    """Tell whether an image, uint8 (height, width), on a dark ground is framed like the training images already."""
    return bool(are_framed(image[None], framing)[0])


def are_framed(images: NDArray[np.uint8], framing: str) -> NDArray[np.bool_]:
    """Tell which images on a dark ground are framed like the training images already.

    All 140,000 images of MNIST and Fashion-MNIST are. The longest edge of MNIST's ink is 20 of 28 pixels, or 19, its centre
    of mass in 13.48 to 14.5, in pixel indices; EMNIST's longest edge is 24, and the box in the middle. Fashion-MNIST's
    objects have a longest edge of 26 or more, and at most two more empty rows on one side than on the other.

    Args:
        images: uint8 (N, height, width).
        framing: "mass" or "box".

    Returns:
        bool (N,).
    """
    edges = np.array(images.shape[1:], np.float64)
    ink = images > (FAINT if framing == "mass" else 0)
    profiles = [np.asarray(ink.any(axis=axis)) for axis in (2, 1)]  # (N, height), (N, width)
    before, after = (np.stack([part[:, ::step].argmax(axis=1) for part in profiles], axis=1) for step in (1, -1))
    longest = ((edges - before - after) / edges).max(axis=1) * 28
    uneven = (np.abs(before - after) / edges).max(axis=1) * 28
    is_bright: NDArray[np.bool_] = images.max(axis=(1, 2)) >= 250
    if framing == "box":
        border = np.concatenate([images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]], axis=1)
        has_ground = (border == 0).mean(axis=1) >= 0.05
        fills: NDArray[np.bool_] = is_bright & has_ground & (longest >= 26 - 1e-6) & (uneven <= 2 + 1e-6)
        return fills
    is_emnist = (longest > 23.5) & (longest < 24.5) & (uneven <= 1)
    centres = np.stack([_centres(images.sum(axis=axis, dtype=np.float64)) for axis in (2, 1)], axis=1)
    off = 28 * (centres / edges - 0.5)
    is_centred = ((off > -0.05) & (off < 1)).all(axis=1)
    is_mnist = (longest >= 19 - 1e-6) & (longest <= 20 + 1e-6) & is_centred
    framed: NDArray[np.bool_] = is_bright & (is_emnist | is_mnist)
    return framed


def _centres(profiles: NDArray[np.float64]) -> NDArray[np.float64]:
    """The centre of mass of each profile (N, edge), in pixels from the image's edge."""
    totals = np.maximum(profiles.sum(axis=1), 1)
    centres: NDArray[np.float64] = profiles @ np.arange(profiles.shape[1]) / totals + 0.5
    return centres


def _nearly_all(facts: NDArray[np.bool_]) -> bool:
    return bool(facts.mean() >= NEARLY_ALL)
