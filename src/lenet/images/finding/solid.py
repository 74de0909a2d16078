"""Finding a solid object, as a garment on a floor (framing "box"): what its outline separates from the ground around it.

Frames and strips along the image's edges are cut off first. If what is found is a sheet, an even rectangle with something
on it, that is looked for instead.
"""

import numpy as np

from lenet.images.finding.components import box_of, filled, label
from lenet.images.finding.filters import Floats, dilated, eroded
from lenet.images.finding.ground import continued, distance, find_ground, product
from lenet.images.finding.quantiles import median, quantile
from lenet.images.finding.reading import MIN_CONTRAST, Reading
from lenet.images.found import Box, Mask

MIN_RISE = 0.05  # of the object's contrast: garments have parts nearly as pale as the ground
NEAR = 0.06  # of the object's size: how far away what belongs to it may lie
MAX_STRIP = 1 / 7  # of an edge: how broad a frame may be
DEPTH = 2  # how often what is found may be taken for a frame or sheet around the object


def find_solid(image: Floats, depth: int = DEPTH) -> Reading | None:
    """Find a solid object.

    Args:
        image: float32 (height, width, channels), some hundred pixels along each edge.
        depth: How often what is found may be a frame or a sheet around the object.

    Returns:
        What was found; None if nothing stands out from the ground.
    """
    box, step = _inside_strips(image)
    if depth and step:
        inner = find_solid(image[box.top : box.bottom, box.left : box.right], depth - 1)
        if inner is not None and _is_object(inner, step):
            return _placed(inner, box, image.shape)
    whole = _look(image)
    if whole is None or not depth or (sheet := _sheet(image, whole)) is None:
        return whole
    box = box_of(sheet)
    rows, columns = slice(box.top, box.bottom), slice(box.left, box.right)
    part, inside = image[rows, columns], sheet[rows, columns]
    inner = find_solid(np.where(inside[:, :, None], part, continued(part, inside)), depth - 1)
    return _placed(inner, box, image.shape) if inner is not None and _is_object(inner, whole.contrast) else whole


def _look(image: Floats) -> Reading | None:
    """Find what stands out from the ground around it."""
    ground, seen = find_ground(image)
    relief = distance(image - ground)
    known = eroded(seen, 1)
    noise = 3 * 1.4826 * median(relief[known if known.any() else seen])
    beyond = relief[~seen]
    strongest = quantile(beyond, 0.9) if beyond.size else 0.0
    if strongest < max(MIN_CONTRAST, noise):
        return None
    mask = ~seen & (relief > max(4 / 3 * noise, MIN_RISE * strongest))
    components = label(mask)
    if not len(components):
        return None
    mass = components.sums(relief)
    main = int(mass.argmax())
    chosen = mass > 0.3 * mass[main]
    chosen[main] = True
    reach = max(1, round(NEAR * components.sizes[main]))
    nearby = components.labels[dilated(components.keep(np.arange(len(mass)) == main), reach) & mask]
    chosen[nearby[components.areas[nearby] >= 0.002 * components.areas[main]]] = True
    kept = components.keep(chosen)
    parts = _parts(kept)
    return Reading(relief, noise, parts, kept, mask & ~kept)


def _parts(kept: Mask) -> tuple[Mask, ...]:
    """The parts of similar size, left to right: one, unless there are several objects with a gap between them."""
    box = box_of(kept)
    groups = label(dilated(kept, max(1, round(0.015 * max(box.height, box.width)))))
    extents = groups.boxes[:, [1, 3]] - groups.boxes[:, [0, 2]]
    shapes = extents.min(axis=1) / extents.max(axis=1)
    large = np.flatnonzero((groups.areas >= 0.5 * groups.areas.max()) & (shapes > 0.3))
    if len(large) < 2:
        return (kept,)
    large = large[np.argsort(groups.boxes[large, 2:].sum(axis=1), kind="stable")]
    return tuple(kept & (groups.labels == number) for number in large)


def _inside_strips(image: Floats) -> tuple[Box, float]:
    """The box inside of a frame, or of strips along edges, and by how much the brightness changes there; 0 without any."""
    margins, steps = [], [0.0]
    for side in (image, image[::-1], image.swapaxes(0, 1), image.swapaxes(0, 1)[::-1]):
        depth = int(MAX_STRIP * len(side))
        lines = np.concatenate([side[:1], side[:1], side[: depth + 2]])
        change = lines[3:] - lines[:-3]  # (depth + 1, length, channels)
        usual = np.median(change, axis=1)
        size = product(usual, usual)
        alike = product(change, usual[:, None]) > 0.6 * size[:, None]
        steep = np.flatnonzero((alike.mean(axis=1) >= 0.9) & (size >= MIN_CONTRAST**2))
        margins.append(int(steep[-1]) + 1 if len(steep) else 0)
        steps.append(float(np.sqrt(size[steep[-1]])) if len(steep) else 0.0)
    height, width = image.shape[:2]
    return Box(margins[0], height - margins[1], margins[2], width - margins[3]), max(steps)


def _is_object(inner: Reading, contrast: float) -> bool:
    """Whether what was found inside a frame or on a sheet is an object, and no detail of one that was taken for a sheet."""
    share = int(np.count_nonzero(inner.kept)) / inner.kept.size
    return inner.contrast >= 0.3 * contrast and 0.01 <= share <= 0.85


def _sheet(image: Floats, whole: Reading) -> Mask | None:
    """The inside of a sheet, if what was found is one: a rectangle, also a leaning one, with an even border."""
    components = label(whole.kept)
    sheet = filled(components.keep(np.arange(len(components)) == components.areas.argmax()))
    area = int(np.count_nonzero(sheet))
    if area < 0.05 * sheet.size or area < 0.93 * _rectangle(sheet):
        return None
    size = int(components.sizes.max())
    inside = eroded(sheet, max(2, round(0.015 * size)))
    ring = inside & ~eroded(inside, max(2, round(0.03 * size)))
    if not ring.any():
        return None
    off = distance(image[ring] - np.median(image[ring], axis=0))
    return inside if (off <= 0.2 * whole.contrast).mean() >= 0.9 else None


def _rectangle(mask: Mask) -> float:
    """The area of the smallest rectangle around a mask, at any angle."""
    rows = np.flatnonzero(mask.any(axis=1))
    first, last = mask[rows].argmax(axis=1), mask.shape[1] - 1 - mask[rows, ::-1].argmax(axis=1)
    points = np.concatenate([np.stack([rows, first], axis=1), np.stack([rows, last], axis=1)])
    halves = np.arange(-45, 45) / 108  # tangents of half the angles: the last bits of a sine depend on the processor
    cosines, sines = (1 - halves * halves) / (1 + halves * halves), 2 * halves / (1 + halves * halves)
    down = np.outer(points[:, 0], cosines) - np.outer(points[:, 1], sines)
    across = np.outer(points[:, 0], sines) + np.outer(points[:, 1], cosines)
    return float(((np.ptp(down, axis=0) + 1) * (np.ptp(across, axis=0) + 1)).min())


def _placed(inner: Reading, box: Box, shape: tuple[int, ...]) -> Reading:
    """A reading of a box of an image as one of the whole image."""
    padding = ((box.top, shape[0] - box.bottom), (box.left, shape[1] - box.right))
    parts = tuple(np.pad(part, padding) for part in inner.parts)
    return Reading(
        np.pad(inner.relief, padding), inner.noise, parts, np.pad(inner.kept, padding), np.pad(inner.dropped, padding)
    )
