"""Whether the sets of one name fit each other: the same size, the same classes."""

import itertools
from typing import TYPE_CHECKING

from lenet.errors import DataError

if TYPE_CHECKING:
    from lenet.data.dataset import Dataset


def check_fit(train: "Dataset", other: "Dataset", split: str) -> None:
    """Check that two sets have images of one size and the same classes.

    Args:
        train: The training set.
        other: The other set.
        split: What messages call it, such as "test".

    Raises:
        DataError: They do not fit.
    """
    if train.images.shape[1:] != other.images.shape[1:]:
        sizes = " and ".join(f"{part.name} of {'×'.join(map(str, part.images.shape[1:]))}" for part in (train, other))
        raise DataError(
            f"training and {split} images have different sizes: {sizes}", hint="bring all images to one size"
        )
    if train.classes != other.classes:
        pairs = enumerate(itertools.zip_longest(train.classes, other.classes, fillvalue="none"))
        label, (first, second) = next(pair for pair in pairs if pair[1][0] != pair[1][1])
        raise DataError(
            f"training and {split} set have different classes: class {label} is {first} in one and {second} in the other",
            hint="give both sets the same names in the same order",
        )
