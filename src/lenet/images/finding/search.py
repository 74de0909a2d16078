"""Finding the object in an image of any size: on a small copy, and again in a copy of the part where it lies."""

import math
from dataclasses import dataclass

import numpy as np

from lenet.errors import ImageError
from lenet.images.finding.components import box_of
from lenet.images.finding.filters import Floats, blurred
from lenet.images.finding.ink import find_ink
from lenet.images.finding.quantiles import quantile
from lenet.images.finding.reading import MIN_CONTRAST, Reading
from lenet.images.finding.solid import find_solid
from lenet.images.found import Box, Found, Mask, Pixels

EDGE = 256  # longest edge of the copy in pixels: averaging removes noise
LEAST = 128  # smaller images are enlarged by whole numbers to at least this
SMALL = 90  # an object smaller than this in the copy is looked at again, nearer
SWEEPS = 8  # of rotations, which double the digits that are right; five are enough


@dataclass(frozen=True, eq=False)
class Sight:
    """An object as it was seen best.

    Attributes:
        found: What was found, in the whole image.
        reading: What was found in the copy of the part where it lies.
    """

    found: Found
    reading: Reading

    def relief(self, part: Mask) -> Floats:
        """How far a part of the object differs from its ground: float32, cropped to the part's box."""
        box = box_of(part)
        relief = np.where(part, self.reading.relief, 0)[box.top : box.bottom, box.left : box.right]
        return np.asarray(relief, np.float32)


def search(pixels: Pixels, framing: str, name: str) -> Sight:
    """Find the object in an image.

    Args:
        pixels: uint8 (height, width), or (height, width, 3) with colours.
        framing: "mass", for ink, or "box", for a solid object.
        name: What errors call the image.

    Raises:
        ImageError: The image shows nothing.
    """
    copy, scale = copied(pixels)
    first = reading = _read(copy, framing, name)
    top, left, nearer = 0, 0, scale
    box = box_of(first.kept)
    size = max(box.height, box.width)
    if scale > 1 and size < SMALL:
        margin = max(4, size // 2)
        rows = slice(round(max(0, box.top - margin) * scale), round((box.bottom + margin) * scale))
        columns = slice(round(max(0, box.left - margin) * scale), round((box.right + margin) * scale))
        part, nearer = copied(pixels[rows, columns])
        reading = _read(part, framing, name)
        top, left = rows.start, columns.start
    boxes = [_enlarged(box_of(mask), nearer, top, left) for mask in (reading.kept, *reading.parts)]
    return Sight(Found(copy, scale, first.kept, first.dropped, boxes[0], tuple(boxes[1:])), reading)


def copied(pixels: Pixels) -> tuple[Pixels, float]:
    """Make a copy of between LEAST and EDGE pixels along the longest edge, by averaging squares or repeating pixels.

    Returns:
        The copy, and how many pixels of the image, along each edge, are one of the copy.
    """
    from PIL import Image

    longest = max(pixels.shape[:2])
    if longest < LEAST:
        times = -(-LEAST // longest)
        return pixels.repeat(times, axis=0).repeat(times, axis=1), 1 / times
    square = -(-longest // EDGE)
    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).reduce(square)), float(square)


def grey_axis(copy: Floats) -> Floats:
    """Project colours on the axis along which the details of an image differ most from what is around them.

    Ink and paper of one brightness but of different colours are told apart like this.

    Args:
        copy: float32 (height, width, 3).

    Returns:
        float32 (height, width).
    """
    details = (copy - blurred(copy, max(copy.shape) / 8)).reshape(-1, 3)
    energy = _combined(np.square(details), (1.0, 1.0, 1.0))
    strong = details[energy >= quantile(energy, 0.9)].astype(np.float64)
    products = [[float((strong[:, row] * strong[:, column]).sum()) for column in range(3)] for row in range(3)]
    axis = main_axis(products)
    return _combined(copy, tuple(-share for share in axis) if sum(axis) < 0 else axis)


def main_axis(matrix: list[list[float]]) -> tuple[float, float, float]:
    """Find the eigenvector of the largest eigenvalue of a symmetric matrix (3, 3), of length 1.

    Jacobi's rotations, each step a single operation of IEEE 754: the same bits everywhere, as LAPACK's are not.
    """
    values, vectors = [row.copy() for row in matrix], [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    for one, other, third in ((0, 1, 2), (0, 2, 1), (1, 2, 0)) * SWEEPS:
        if values[one][other] == 0:
            continue
        ratio = (values[other][other] - values[one][one]) / (2 * values[one][other])
        tangent = (1 if ratio >= 0 else -1) / (abs(ratio) + math.sqrt(ratio * ratio + 1))
        cosine = 1 / math.sqrt(tangent * tangent + 1)
        sine = tangent * cosine
        change = tangent * values[one][other]
        values[one][one] -= change
        values[other][other] += change
        values[one][other] = values[other][one] = 0.0
        left, right = values[one][third], values[other][third]
        values[one][third] = values[third][one] = cosine * left - sine * right
        values[other][third] = values[third][other] = sine * left + cosine * right
        for vector in vectors:
            left, right = vector[one], vector[other]
            vector[one], vector[other] = cosine * left - sine * right, sine * left + cosine * right
    largest = max(range(3), key=lambda number: values[number][number])
    return vectors[0][largest], vectors[1][largest], vectors[2][largest]


def _combined(colours: Floats, shares: tuple[float, ...]) -> Floats:
    """The sum of the three channels of colours (…, 3), each times its share."""
    red, green, blue = (colours[..., channel] * np.float32(share) for channel, share in enumerate(shares))
    return np.asarray(red + green + blue)


def _enlarged(box: Box, scale: float, top: int, left: int) -> Box:
    """A box of a copy as one of the image, from where the copy starts in it."""
    rows, columns = ((round(low * scale), round(high * scale)) for low, high in (box[:2], box[2:]))
    return Box(top + rows[0], top + rows[1], left + columns[0], left + columns[1])


def _read(copy: Pixels, framing: str, name: str) -> Reading:
    values = copy.astype(np.float32)
    if framing == "mass":
        reading = find_ink(grey_axis(values) if values.ndim == 3 else values)
    else:
        reading = find_solid(values if values.ndim == 3 else values[:, :, None])
    if reading is None:
        raise _shows_nothing(name, "nothing stands out from its background")
    return reading


def check_contrast(pixels: Pixels, name: str) -> None:
    """Check that not all pixels of an image are alike, or nearly so. Raises ImageError."""
    highest, lowest = pixels.max(axis=0), pixels.min(axis=0)  # first of each column: with colours, this is much faster
    difference = int((highest.max(axis=0).astype(int) - lowest.min(axis=0)).max())
    if difference == 0:
        raise _shows_nothing(name, "all pixels are alike")
    if difference < MIN_CONTRAST:
        raise _shows_nothing(name, f"its pixels differ by {difference} of 255 at most")


def _shows_nothing(name: str, why: str) -> ImageError:
    hint = "expected something dark on a light background or light on a dark one"
    return ImageError(f"{name} shows nothing: {why}", hint=hint)
