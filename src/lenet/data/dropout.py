"""Which units a Dropout layer drops: a hash of one random number for each image of an epoch, of the layer and of the unit.

Every engine computes it anew where it needs it, forward and backward, so no mask is stored. A unit is kept where its hash,
uniform in 0 … 2^32 - 1, is at least floor(rate * 2^32).
"""

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint32]

UNIT, LAYER = np.uint32(0x9E3779B9), 0x85EBCA6B  # odd multipliers, which spread neighbouring numbers
FIRST, SECOND = np.uint32(0x7FEB352D), np.uint32(0x846CA68B)  # of Wellons' lowbias32
_STREAM = (
    5  # keeps this generator's numbers apart from those of data/plan.py, initial weights, simulations and augmentation
)


def draw_keys(seed: int, epoch: int, num_images: int) -> Keys:
    """Draw the random number of each image of an epoch.

    Args:
        seed: of the training.
        epoch: counted from 0.
        num_images: the size of the training set.

    Returns:
        uint32 (num_images,); position i belongs to the i-th image to train on.
    """
    return np.random.default_rng([_STREAM, seed, epoch]).integers(0, 1 << 32, num_images, np.uint32)


def kept(keys: Keys, layer: int, num_units: int, rate: float) -> NDArray[np.bool_]:
    """Return which units are kept.

    Args:
        keys: uint32 (N,), of the images of a batch.
        layer: the layer's position in Architecture.layers.
        num_units: numbers in the layer's output for one image, counted as in memory.
        rate: of the layer.

    Returns:
        bool (N, num_units).
    """
    units = np.arange(num_units, dtype=np.uint32) * UNIT  # modulo 2^32, as everything here
    mixed = keys[:, None] + (units + np.uint32(layer * LAYER % (1 << 32)))
    mixed ^= mixed >> np.uint32(16)
    mixed *= FIRST
    mixed ^= mixed >> np.uint32(15)
    mixed *= SECOND
    mixed ^= mixed >> np.uint32(16)
    return mixed >= np.uint32(int(rate * (1 << 32)))


def scale(rate: float) -> np.float32:
    """Return what the kept numbers are multiplied by."""
    return np.float32(1 / (1 - rate))
