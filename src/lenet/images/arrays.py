"""Arrays and tensors as images: the usual shapes and number ranges, PyTorch's included, without importing it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.errors import ImageError
from lenet.images import limits
from lenet.images.levels import to_8_bits
from lenet.images.pixels import Pixels

CHANNELS = (1, 2, 3, 4)  # grey, grey and alpha, RGB, RGBA
SHAPES = (
    "expected (height, width), (height, width, channels) or (channels, height, width) with 1 to 4 channels, "
    "or one such image in a batch of 1"
)


def is_array(source: object) -> bool:
    """Whether it is a NumPy array, or a tensor of PyTorch or another library that NumPy can read."""
    return isinstance(source, np.ndarray) or _is_tensor(source) or type(source).__name__ in ("Array", "EagerTensor")


def from_array(source: Any, name: str) -> Pixels:
    """Convert an array or tensor to 8 bits with its channels last.

    Args:
        source: (height, width), channels last, or channels first; also in a batch of one image.
        name: What errors call it.

    Returns:
        uint8 (height, width), or (height, width, channels) with 2, 3 or 4 channels.

    Raises:
        ImageError: Its shape or its range is not an image's.
    """
    values = as_numpy(source)
    shape = values.shape
    if values.ndim == 4 and shape[0] == 1:
        values = values[0]
    if values.ndim == 3:
        first, last = values.shape[0] in CHANNELS, values.shape[2] in CHANNELS
        if first and (not last or _is_tensor(source)):
            values = np.moveaxis(values, 0, 2)
        elif not last:
            raise ImageError(f"{name} is an array of shape {shape}", hint=SHAPES)
        values = values[:, :, 0] if values.shape[2] == 1 else values
    if values.ndim not in (2, 3):
        raise ImageError(f"{name} is an array of shape {shape}", hint=SHAPES)
    limits.check_size((values.shape[1], values.shape[0]), name, limits.MAX_PIXELS)
    return np.ascontiguousarray(to_8_bits(values, name))


def _is_tensor(source: object) -> bool:
    return type(source).__module__.partition(".")[0] == "torch" and hasattr(source, "detach")


def as_numpy(source: Any) -> NDArray[Any]:
    """Make an array or tensor a NumPy array; PyTorch is not imported."""
    if not _is_tensor(source):
        return np.asarray(source)
    tensor = source.detach().cpu()
    if tensor.is_floating_point():  # NumPy has no bfloat16
        tensor = tensor.float()
    return np.asarray(tensor.numpy())
