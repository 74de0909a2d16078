"""Ten stored images, one of each class, of Fashion-MNIST and of the built-in digits: a served network must recognise them.

examples.npz holds them; examples.LICENSE.txt says whose they are.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lenet.data.catalogue import CATALOGUE
from lenet.images.pixels import Pixels

FILE = Path(__file__).with_name("examples.npz")


def examples(classes: Sequence[str]) -> tuple[Pixels, NDArray[np.int64]] | None:
    """Return stored images with the classes of a network.

    Returns:
        uint8 (10, 28, 28) and int64 (10,), one of each class; None if no stored images have these classes.
    """
    for name in ("fashion-mnist", "digits"):
        if tuple(classes) == tuple(CATALOGUE[name].classes):
            with np.load(FILE, allow_pickle=False) as archive:
                images: Pixels = archive[name]
            return images, np.arange(len(images), dtype=np.int64)
    return None
