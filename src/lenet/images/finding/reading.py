"""What an image shows, as ink or as a solid object: the type that both ways of looking for it give."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.images.finding.filters import Floats
from lenet.images.finding.quantiles import median
from lenet.images.found import Mask

MIN_CONTRAST = 10  # of 255; what differs less from the ground is not seen


@dataclass(frozen=True, eq=False)
class Reading:
    """One way to read an image.

    Attributes:
        relief: float32 (height, width): how far the image differs from its ground.
        noise: How far noise lets the relief rise above zero (three stds).
        parts: bool (height, width) each: what belongs to the object, part by part, left to right; several if the image
            shows several objects of similar size.
        kept: What belongs to the object.
        dropped: What stands out from the ground, and does not.
        cost: How implausible this reading is, where there are several.
    """

    relief: Floats
    noise: float
    parts: tuple[Mask, ...]
    kept: Mask
    dropped: Mask
    cost: float = 0.0

    @property
    def contrast(self) -> float:
        """How far the object differs from the ground, in the median."""
        return median(self.relief[self.kept])


def gaps(boxes: NDArray[np.int64], chosen: NDArray[np.int64]) -> NDArray[np.float64]:
    """How far boxes (N, 4) are away from the common box of those that are chosen: float64 (N,)."""
    low, high = chosen[:, [0, 2]].min(axis=0), chosen[:, [1, 3]].max(axis=0)
    apart = np.maximum(low - boxes[:, [1, 3]], boxes[:, [0, 2]] - high).clip(0)
    return np.asarray(np.sqrt((apart**2).sum(axis=1)))  # np.hypot's last bit depends on the processor
