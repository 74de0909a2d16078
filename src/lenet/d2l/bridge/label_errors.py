"""Errors of labels explained: their type, their shape, or a class that the network does not have.

PyTorch reports `expected target dtype to be Long or Byte, but got Int` or `Target 10 is out of bounds`.
"""

import torch
from torch import Tensor

from lenet.errors import DataError


def explain_label_error(logits: Tensor, labels: Tensor) -> DataError | None:
    """Return an error that says what is wrong with the labels of a batch; None if they are not the reason.

    Args:
        logits: of the network, (N, num_classes).
        labels: as the learner gives them.
    """
    if logits.ndim != 2 or logits.shape[1] < 2:
        return None  # no classifier
    count, num_classes = logits.shape
    expected = f"expected int64 of shape ({count},), the number of each image's class"
    given = f"the labels are {str(labels.dtype).removeprefix('torch.')} of shape {tuple(labels.shape)}"
    if labels.shape == (count, 1):
        return DataError(f"{given}; {expected}", hint="y.squeeze(1).long() has this shape")
    if labels.shape == logits.shape:
        return DataError(f"{given}; {expected}", hint="y.argmax(dim=1) makes them of one-hot labels")
    if labels.shape != (count,):
        return DataError(f"{given}; {expected}")
    if labels.dtype != torch.int64:
        return DataError(f"{given}; {expected}", hint="use y.long()")
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= num_classes:
        return DataError(
            f"a label is {low if high < num_classes else high}; expected 0 to {num_classes - 1}: the network has "
            f"{num_classes} outputs",
            hint="labels count from 0: subtract 1 from labels that count from 1, or give the last layer more outputs",
        )
    return None
