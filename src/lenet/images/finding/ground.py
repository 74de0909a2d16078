"""The ground around a solid object: the flat zones at the image's border, continued below the object.

Light that falls unevenly, soft shadows and vignettes change the ground slowly, the outline of an object changes it at once.
So flat zones, between which the brightness changes steeply, are ground where they lie at the border and resemble each other.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.images.finding.components import Components, Ints, label
from lenet.images.finding.filters import Floats, blurred, dilated, eroded
from lenet.images.finding.quantiles import median, quantile
from lenet.images.found import Mask, Pixels

STEEP = 0.12  # of the steepest slopes of an image: what separates zones
ALIKE = 0.12  # of an image's contrast: how far the colours of zones of one ground may differ
STRIP = 0.25  # of an edge: how deep a strip along it, of a desk or a lid, may be
# Parts of a garment that are nearly as bright as the ground, such as the black body of a shirt with white sleeves:
FAINT = 0.04  # of the steepest slopes: what outlines them
PALE = 8.0  # of 255: how far they differ from the ground around the object at least
LARGE = 0.003  # of the image's area; smaller ones are no matter
MOST = 4  # more of them are a pattern of the ground
COARSER = 4  # the ground is continued on a copy that is smaller by this


def distance(colours: NDArray[Any]) -> Floats:
    """The length of vectors of colours (…, channels)."""
    return np.asarray(np.sqrt(product(colours, colours)), np.float32)


def product(one: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
    """The sum of the products of the channels of two arrays of colours (…, channels), added one after the other."""
    total = np.multiply(one[..., 0], other[..., 0])
    for channel in range(1, one.shape[-1]):
        total = total + np.multiply(one[..., channel], other[..., channel])
    return np.asarray(total)


def find_ground(image: Floats) -> tuple[Floats, Mask]:
    """Find the ground of an image.

    Args:
        image: float32 (height, width, channels), some hundred pixels along each edge.

    Returns:
        The ground's colour everywhere, float32 like the image, and where it is seen.
    """
    smooth = blurred(image, 1)
    steep = np.maximum(*(distance(np.diff(smooth, axis=axis, append=_last(smooth, axis))) for axis in (0, 1)))
    strong, usual = quantile(steep, 0.99), median(steep)
    ring = max(1, min(steep.shape) // 20)
    sides = [steep[:ring], steep[-ring:], steep[:, :ring], steep[:, -ring:]]
    usual = min(usual, median(np.concatenate([side.ravel() for side in sides])))
    flat = steep <= max(min(4 * usual, max(0.3 * strong, 1.5 * usual)), STEEP * strong, 1.0)
    seen = _without_pale_parts(image, _ground_zones(image, label(flat)), steep <= max(4 * usual, FAINT * strong, 1.0))
    inner = eroded(seen, 1)
    return continued(image, inner if inner.any() else seen), seen


def continued(image: Floats, known: Mask) -> Floats:
    """Continue what is known of an image smoothly to the rest: means of what is known nearby, then ever farther away."""
    weighted = np.empty((*known.shape, image.shape[2] + 1), np.float32)
    weighted[:, :, -1] = known
    weighted[:, :, :-1] = np.where(known[:, :, None], image, 0)
    coarse = _shrunk(weighted)  # the last channel says how much of a square is known
    result, done = np.zeros_like(coarse[:, :, :-1]), np.zeros_like(coarse[:, :, -1:])
    radius = 1.0
    while radius <= 2 * max(done.shape) and (done < 0.999).any():
        near = blurred(coarse, radius)
        weight = near[:, :, -1:]
        trust = ((weight - 0.02) / 0.2).clip(0, 1) * (1 - done)
        result += near[:, :, :-1] / np.maximum(weight, 1e-6) * trust
        done += trust
        radius *= 2
    total = coarse.sum(axis=(0, 1))
    result += (1 - done) * (total[:-1] / max(1.0, float(total[-1])))
    return _enlarged(result, known.shape)


def without(image: Pixels, mask: Mask) -> Pixels:
    """Replace what is in a mask, and close to it, by the ground around it.

    Args:
        image: uint8 (height, width), or (height, width, 3) with colours.
        mask: bool (height, width).
    """
    values = image.reshape(*image.shape[:2], -1).astype(np.float32)
    hidden = dilated(mask, 2)
    replaced = np.where(hidden[:, :, None], continued(values, ~hidden), values)
    return np.asarray(np.rint(replaced).clip(0, 255), np.uint8).reshape(image.shape)


def _ground_zones(image: Floats, zones: Components) -> Mask:
    """The flat zones that are ground: of the colour that has most of the border and its corners, or strips along an edge."""
    height, width = zones.labels.shape
    if not len(zones):
        return np.ones((height, width), np.bool_)
    contact = zones.contacts.sum(axis=1)
    weight = contact + _corners(zones) * (height + width) / 4 + zones.areas / (height * width)
    inside = zones.labels >= 0
    numbers = zones.labels[inside]
    means = [np.bincount(numbers, channel[inside], len(zones)) for channel in np.moveaxis(image, 2, 0)]
    colours = np.stack(means, axis=1) / zones.areas[:, None]
    middle = np.array([median(channel) for channel in np.moveaxis(image, 2, 0)], np.float32)
    contrast = max(20.0, quantile(distance(image - middle), 0.95))
    heavy = np.argsort(-weight, kind="stable")[:12]
    alike = distance(colours[heavy][:, None] - colours[heavy]) < ALIKE * contrast
    chosen = np.zeros(len(zones), np.bool_)
    shares = [float(weight[heavy[row]].sum()) for row in alike]
    chosen[heavy[alike[int(np.argmax(shares))]]] = True
    near = continued(image, zones.keep(chosen))
    off = np.bincount(numbers, distance(image - near)[inside], len(zones)) / zones.areas
    extents = zones.boxes[:, [1, 3]] - zones.boxes[:, [0, 2]]
    along = [zones.contacts[:, :2].max(axis=1) >= 0.85 * width, zones.contacts[:, 2:].max(axis=1) >= 0.85 * height]
    strips = (along[0] & (extents[:, 0] < STRIP * height)) | (along[1] & (extents[:, 1] < STRIP * width))
    chosen |= (contact > 0) & ((off < ALIKE * contrast) | strips)
    return zones.keep(chosen)


def _without_pale_parts(image: Floats, seen: Mask, even: Mask) -> Mask:
    """Remove from the ground what belongs to the object: what lies beside it and has an outline, be it a faint one.

    Args:
        image: float32 (height, width, channels).
        seen: bool (height, width): the ground.
        even: Where there is no outline, not even a faint one.
    """
    parts = label(eroded(seen & even, 2))
    touching = np.asarray(parts.contacts.any(axis=1))
    candidates = np.flatnonzero(~touching & (parts.areas >= LARGE * seen.size))
    if not 0 < len(candidates) <= MOST or not touching.any():
        return seen
    off = image - continued(image, parts.keep(touching))
    result, beside = seen, dilated(~seen, 8)
    for number in candidates:
        part = parts.labels == number
        colour = off[part].mean(axis=0)
        is_beside = np.count_nonzero(part & beside) >= np.sqrt(parts.areas[number])
        if is_beside and float(distance(colour)) >= PALE:
            result = result & ~dilated(part, 5)
    return result


def _corners(zones: Components) -> Ints:
    """How many of the image's corners each zone has most of."""
    height, width = zones.labels.shape
    down, across = max(1, height // 12), max(1, width // 12)
    count = np.zeros(len(zones), np.int64)
    for rows in (slice(None, down), slice(-down, None)):
        for columns in (slice(None, across), slice(-across, None)):
            numbers = zones.labels[rows, columns]
            if (numbers >= 0).any():
                count[np.bincount(numbers[numbers >= 0]).argmax()] += 1
    return count


def _last(image: Floats, axis: int) -> Floats:
    return image[-1:] if axis == 0 else image[:, -1:]


def _shrunk(image: Floats) -> Floats:
    """An image smaller by COARSER, by averaging squares; the last rows and columns are repeated to whole squares."""
    padding = [(0, -edge % COARSER) for edge in image.shape[:2]]
    padded = np.pad(image, [*padding, (0, 0)], "edge") if np.any(padding) else image
    for axis in (0, 1):
        parts = [padded[(slice(None),) * axis + (slice(start, None, COARSER),)] for start in range(COARSER)]
        padded = sum(parts[1:], parts[0])
    return padded / np.float32(COARSER**2)


def _enlarged(image: Floats, shape: tuple[int, ...]) -> Floats:
    """An image larger by COARSER, by linear interpolation, cut to a shape."""
    from PIL import Image

    size = (image.shape[1] * COARSER, image.shape[0] * COARSER)
    channels = [
        np.asarray(Image.fromarray(np.ascontiguousarray(channel)).resize(size, Image.Resampling.BILINEAR))
        for channel in np.moveaxis(image, 2, 0)
    ]
    return np.stack(channels, axis=2)[: shape[0], : shape[1]]
