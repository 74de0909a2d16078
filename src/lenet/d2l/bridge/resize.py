"""Resizing of images as torchvision does it, many at once."""

import numpy as np
import torch
from torch import Tensor

from lenet.data.dataset import Images
from lenet.errors import ConfigError

Resize = int | tuple[int, int] | list[int] | None


def to_tensor(pictures: Images) -> Tensor:
    """uint8 `(N, height, width)` or `(N, height, width, 3)` → float32 `(N, channels, height, width)` in 0…1."""
    pixels = torch.from_numpy(np.ascontiguousarray(pictures))
    pixels = pixels.unsqueeze(1) if pixels.ndim == 3 else pixels.permute(0, 3, 1, 2).contiguous()
    return pixels.to(torch.float32).div_(255)


def resized_size(size: tuple[int, int], resize: Resize) -> tuple[int, int]:
    """Height and width after resizing; a number alone is the shorter edge, and the proportions stay."""
    if resize is None:
        return size
    edges = list(resize) if isinstance(resize, tuple | list) else [resize]
    if len(edges) not in (1, 2) or not all(type(edge) is int and edge > 0 for edge in edges):
        raise ConfigError(
            f"resize is {resize!r}; expected an edge in pixels, or (height, width), such as 96 or (96, 96)"
        )
    if len(edges) == 2:
        return edges[0], edges[1]
    height, width = size
    return (edges[0], edges[0] * width // height) if height <= width else (edges[0] * height // width, edges[0])


def resize_images(pictures: Images, size: tuple[int, int]) -> Images:
    """The pictures `(N, height, width)` or `(N, height, width, 3)` at that size, each as Pillow's bilinear filter makes it.

    Pillow filters along the rows, rounds to bytes, and filters along the columns. A row knows nothing of the rows above it,
    so all pictures are filtered as one tall picture along the rows, and as one wide one along the columns: two calls. Where
    the proportions change, Pillow may take the columns first; such pictures go through it one by one.
    """
    height, width = pictures.shape[1:3]
    if (height, width) == size:
        return pictures
    if height * size[1] == width * size[0]:
        return _resize_columns(_resize_rows(pictures, size[1]), size[0])
    from PIL import Image

    filtered = (Image.fromarray(picture).resize((size[1], size[0]), Image.Resampling.BILINEAR) for picture in pictures)
    return np.stack([np.asarray(picture) for picture in filtered])


def _resize_rows(pictures: Images, width: int) -> Images:
    """`(N, height, W)` → `(N, height, width)`."""
    from PIL import Image

    count, height, _, *colours = pictures.shape
    tall = Image.fromarray(np.ascontiguousarray(pictures).reshape(count * height, -1, *colours))
    wider = tall.resize((width, tall.height), Image.Resampling.BILINEAR)
    return np.asarray(wider).reshape(count, height, width, *colours)


def _resize_columns(pictures: Images, height: int) -> Images:
    """`(N, H, width)` → `(N, height, width)`."""
    return _resize_rows(pictures.swapaxes(1, 2), height).swapaxes(1, 2)
