"""Which parts of an image an answer rests on: the probability that a class loses where a patch of the image is covered.

occluded = occlusion(probabilities, image, label=9, ground=0)
occluded.losses  # (height, width), large where the network looks
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.data.dataset import Images

PATCH = 5 / 28  # of an edge: the square that is covered
STEPS = 14  # positions of the square along an edge, at most
AT_ONCE = 64  # copies of the image in memory


@dataclass(frozen=True, eq=False)
class Occlusion:
    """What covering parts of an image does to the probability of a class.

    Attributes:
        probability: of the class without a cover.
        losses: float64 (height, width): how far the probability falls where a pixel is covered, on average over all squares
            that cover it; negative where the cover makes the class more probable.
        patch: height and width of the square, in pixels.
    """

    probability: float
    losses: NDArray[np.float64]
    patch: tuple[int, int]


def occlusion(
    probabilities: Callable[[Images], NDArray[np.float64]], image: Images, label: int, ground: int
) -> Occlusion:
    """Cover a square of an image with its ground, in all positions, and measure the probability of a class.

    Args:
        probabilities: what computes float64 (N, num_classes) of uint8 images.
        image: uint8 (height, width) or (height, width, 3), as the network sees it.
        label: the class.
        ground: the byte that covers.
    """
    height, width = image.shape[:2]
    patch = (max(1, round(height * PATCH)), max(1, round(width * PATCH)))
    tops, lefts = _starts(height, patch[0]), _starts(width, patch[1])
    squares = [(slice(top, top + patch[0]), slice(left, left + patch[1])) for top in tops for left in lefts]
    whole = float(probabilities(image[None])[0, label])
    sums, counts = np.zeros((height, width)), np.zeros((height, width))
    for start in range(0, len(squares), AT_ONCE):
        part = squares[start : start + AT_ONCE]
        covered = np.repeat(image[None], len(part), axis=0)
        for number, square in enumerate(part):
            covered[number][square] = ground
        for square, probability in zip(part, probabilities(covered)[:, label], strict=True):
            sums[square] += whole - probability
            counts[square] += 1
    return Occlusion(whole, sums / counts, patch)


def _starts(edge: int, patch: int) -> list[int]:
    """Where the squares begin: at most STEPS, evenly, so that every pixel is covered by one of them."""
    count = min(edge - patch + 1, max(STEPS, -(-edge // patch)))
    return sorted({round(start) for start in np.linspace(0, edge - patch, count)})
