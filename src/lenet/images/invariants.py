"""How the images of a data set are framed: measured by what nearly all images of MNIST or Fashion-MNIST share."""

import numpy as np
from numpy.typing import NDArray

SAMPLE = 4000  # images: enough, in some tens of milliseconds
NEARLY_ALL = 0.9  # of the images
INK = 32  # of 255 above a black background; the noise of a JPEG is below
# The longest edge of the ink, as shares of the image's, and how far its centre of mass may lie from the middle, in 28ths:
# of MNIST's images 20/28 in 99.98 %, and half a pixel; EMNIST fills 24/28 and centres the box.
MASS, CENTRED = ((20 / 28, 1.5), (24 / 28, 5.0)), 2
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


def _centres(profiles: NDArray[np.float64]) -> NDArray[np.float64]:
    """The centre of mass of each profile (N, edge), in pixels from the image's edge."""
    totals = np.maximum(profiles.sum(axis=1), 1)
    centres: NDArray[np.float64] = profiles @ np.arange(profiles.shape[1]) / totals + 0.5
    return centres


def _nearly_all(facts: NDArray[np.bool_]) -> bool:
    return bool(facts.mean() >= NEARLY_ALL)
