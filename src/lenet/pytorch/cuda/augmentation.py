"""Images flipped, moved and augmented on the device: the same bytes as data/augmentation.py, which is the specification."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lenet.data.augmentation import BYTE, ONE
from lenet.pytorch.tensors import flipped


@dataclass(frozen=True, eq=False)
class Changes:
    """What changes some images, on the device; None where nothing does. See lenet.data.augmentation.Augmentation.

    Attributes:
        flips: bool (B,).
        shifts: int64 (B, 2).
        maps: int32 (B, 2, 2).
        tones: int32 (B, 2).
        erased: int32 (B, 4).
        grey: the value of erased pixels.
    """

    flips: Tensor | None = None
    shifts: Tensor | None = None
    maps: Tensor | None = None
    tones: Tensor | None = None
    erased: Tensor | None = None
    grey: int = 0

    @property
    def are_none(self) -> bool:
        """Whether nothing changes."""
        return all(each is None for each in (self.flips, self.shifts, self.maps, self.tones, self.erased))


def changed(images: Tensor, changes: Changes) -> Tensor:
    """Return images as a plan augments them.

    Args:
        images: uint8 (B, H, W) or (B, H, W, C).
        changes: of these images.

    Returns:
        uint8 of the same shape.
    """
    if changes.are_none:
        return images
    if changes.maps is None:
        values = _moved(images, changes.flips, changes.shifts)
    else:
        values = _mapped(images, changes.maps, changes.flips, changes.shifts)
    if changes.tones is not None:
        values = _toned(values.to(torch.int32), changes.tones)
    if changes.erased is not None:
        height, width = images.shape[1:3]
        inside = _inside(changes.erased, height, width).view(-1, height, width, *[1] * (images.ndim - 3))
        values = torch.where(inside, changes.grey, values)
    return values.to(torch.uint8)


def _moved(images: Tensor, flips: Tensor | None, shifts: Tensor | None) -> Tensor:
    """Flipped, then shifted, by whole pixels; what lies outside of an image is 0."""
    count, height, width = images.shape[:3]
    if flips is not None:
        images = flipped(images, flips)
    if shifts is None:
        return images
    rows = torch.arange(height, device=images.device) - shifts[:, :1]  # (B, H)
    columns = torch.arange(width, device=images.device) - shifts[:, 1:]  # (B, W)
    is_inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None]
    which = torch.arange(count, device=images.device)[:, None, None]
    pixels = images[which, rows.clamp(0, height - 1)[:, :, None], columns.clamp(0, width - 1)[:, None]]
    return pixels * is_inside.view(count, height, width, *[1] * (images.ndim - 3))


def _mapped(images: Tensor, maps: Tensor, flips: Tensor | None, shifts: Tensor | None) -> Tensor:
    """Flipped, mapped around the centre, and shifted, in one bilinear interpolation; int32."""
    count, height, width = images.shape[:3]
    device = images.device
    maps = maps.to(torch.int64)
    if flips is not None:  # the second row of the map changes its sign
        signs = torch.where(flips, -1, 1)[:, None]
        maps = torch.stack([maps[:, 0], maps[:, 1] * signs], dim=1)
    moves = torch.zeros(count, 2, dtype=torch.int64, device=device) if shifts is None else shifts
    # Distances from the centre in half pixels, so that they are whole numbers for even sizes too.
    down = 2 * (torch.arange(height, device=device) - moves[:, :1]) - (height - 1)  # (B, H)
    right = 2 * (torch.arange(width, device=device) - moves[:, 1:]) - (width - 1)  # (B, W)
    corners, weights = [], []
    for axis, size in enumerate((height, width)):
        half = (maps[:, axis, 0, None] * down)[:, :, None] + (maps[:, axis, 1, None] * right)[:, None]
        point = ((half + (size + 1) * ONE + ONE // 256) >> (BYTE + 1)).clamp(0, (size + 1) << BYTE)
        corners.append(point >> BYTE)
        weights.append((point & 255).to(torch.int32).view(count, height, width, *[1] * (images.ndim - 3)))
    framed = images.new_zeros(count, height + 3, width + 3, *images.shape[3:])
    framed[:, 1 : height + 1, 1 : width + 1] = images
    pixels = framed.view(-1, *images.shape[3:])
    image = torch.arange(count, device=device)[:, None, None]
    first = (image * (height + 3) + corners[0]) * (width + 3) + corners[1]
    above, above_right, below, below_right = (
        pixels[first + step].to(torch.int32) for step in (0, 1, width + 3, width + 4)
    )
    left_column = (above << BYTE) + weights[0] * (below - above)
    right_column = (above_right << BYTE) + weights[0] * (below_right - above_right)
    return ((left_column << BYTE) + weights[1] * (right_column - left_column) + ONE // 2) >> (2 * BYTE)


def _toned(values: Tensor, tones: Tensor) -> Tensor:
    """Values, int32, times a factor, plus a part of the image's mean."""
    per_image = (-1, *[1] * (values.ndim - 1))
    count = values[0].numel()
    means = (2 * values.flatten(1).sum(1, dtype=torch.int64) + count) // (2 * count)  # rounded
    gain, lift = tones.unbind(1)
    lifted = (lift * means + ONE // 2).to(torch.int32)
    return ((gain.view(per_image) * values + lifted.view(per_image)) >> (2 * BYTE)).clamp(0, 255)


def _inside(erased: Tensor, height: int, width: int) -> Tensor:
    """Which pixels lie in the erased rectangle of their image: bool (B, H, W)."""
    sizes = (height, width, height, width)
    top, left, bottom, right = (
        (edge * size + ONE // 2) >> (2 * BYTE) for edge, size in zip(erased.unbind(1), sizes, strict=True)
    )
    rows, columns = (torch.arange(edge, device=erased.device) for edge in (height, width))
    is_row = (rows >= top[:, None]) & (rows < bottom[:, None])
    return is_row[:, :, None] & ((columns >= left[:, None]) & (columns < right[:, None]))[:, None]
