"""Resizing of many images at once, with the results of torchvision, which resizes Pillow images one by one."""

import numpy as np
import torch
from torch import Tensor

from lenet.data.dataset import Images
from lenet.errors import ConfigError

Resize = int | tuple[int, int] | list[int] | None


def to_tensor(images: Images) -> Tensor:
    """Return images as a network takes them.

    Args:
        images: uint8 (N, height, width) or (N, height, width, 3).

    Returns:
        float32 (N, channels, height, width), the pixels divided by 255.
    """
    pixels = torch.from_numpy(np.ascontiguousarray(images))
    pixels = pixels.unsqueeze(1) if pixels.ndim == 3 else pixels.permute(0, 3, 1, 2).contiguous()
    return pixels.to(torch.float32).div_(255)


def resized_size(size: tuple[int, int], resize: Resize) -> tuple[int, int]:
    """Return height and width after resizing.

    Args:
        size: height and width before.
        resize: (height, width), or the shorter edge alone, which keeps the proportions; None to keep the size.

    Raises:
        ConfigError: for anything else.
    """
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


def resize_images(images: Images, size: tuple[int, int]) -> Images:
    """Return the images in another size, each as Pillow's bilinear filter makes it.

    Pillow filters along the rows, rounds to bytes, and filters along the columns. Rows do not depend on each other, so all
    images are filtered as one tall image along the rows, and as one along the columns: two calls. Where the proportions
    change, Pillow may filter the columns first; such images are resized one by one.

    Args:
        images: uint8 (N, height, width) or (N, height, width, 3).
        size: height and width to have.
    """
    height, width = images.shape[1:3]
    if (height, width) == size:
        return images
    if height * size[1] == width * size[0]:
        return _resize_columns(_resize_rows(images, size[1]), size[0])
    from PIL import Image

    filtered = (Image.fromarray(image).resize((size[1], size[0]), Image.Resampling.BILINEAR) for image in images)
    return np.stack([np.asarray(image) for image in filtered])


def _resize_rows(images: Images, width: int) -> Images:
    """`(N, height, W)` → `(N, height, width)`."""
    from PIL import Image

    count, height, _, *colours = images.shape
    tall = Image.fromarray(np.ascontiguousarray(images).reshape(count * height, -1, *colours))
    wider = tall.resize((width, tall.height), Image.Resampling.BILINEAR)
    return np.asarray(wider).reshape(count, height, width, *colours)


def _resize_columns(images: Images, height: int) -> Images:
    """`(N, H, width)` → `(N, height, width)`."""
    return _resize_rows(images.swapaxes(1, 2), height).swapaxes(1, 2)
