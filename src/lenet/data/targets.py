"""Soft targets of a training: a teacher's logits for each image."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lenet.errors import DataError

Targets: TypeAlias = NDArray[np.floating[Any]]  # float16 or float32 (N, num_classes) or (N, 2, num_classes)


def checked_targets(name: str, targets: Targets, count: int, num_classes: int) -> Targets:
    """Return the targets of a data set, contiguous.

    Args:
        name: of the data set.
        targets: as `Dataset.targets` documents them.
        count: images of the data set.
        num_classes: of the data set.

    Raises:
        DataError: for another type or shape, and for NaN or infinite numbers.
    """
    shapes = ((count, num_classes), (count, 2, num_classes))
    is_array = isinstance(targets, np.ndarray)
    if not is_array or targets.dtype not in (np.float16, np.float32) or targets.shape not in shapes:
        what = f"{targets.dtype} of shape {targets.shape}" if is_array else type(targets).__name__
        raise DataError(
            f"the targets of {name} are {what}; expected float16 or float32 of shape {shapes[0]} or {shapes[1]}",
            hint="give a teacher's logits for each image, or for each image and its mirror image",
        )
    if not np.isfinite(targets).all():
        raise DataError(
            f"the targets of {name} have NaN or infinite numbers",
            hint="give logits, not their logarithms; float16 holds numbers up to 65,504",
        )
    return np.ascontiguousarray(targets)
