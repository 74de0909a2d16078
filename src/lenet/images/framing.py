"""Placing the object of an image as in the training images: `Preprocessing.apply` after decoding.

An image of the network's own size that is framed like the training images goes in as it is, bit for bit, and one that is
so but for its place is moved. In any other, the object is found (`finding/`), brought to the training images' size, its
contrast stretched, and placed in the middle.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.images.finding.components import box_of
from lenet.images.finding.filters import Floats
from lenet.images.finding.reading import MIN_CONTRAST
from lenet.images.finding.search import Sight, check_contrast, search
from lenet.images.finding.soft_edges import fitted
from lenet.images.found import Framed, Mask
from lenet.images.invariants import FAINT, ObjectRange, is_framed
from lenet.images.pixels import Grey, Pixels, chunks, to_grey
from lenet.images.strokes import thickened

EVEN = 3  # of 255: how far an even ground may rise above itself, as after a JPEG
FRAMINGS = {"mass": 20 / 28, "box": 1.0}  # for each framing: the share of the image that the object fills


def frame(
    pixels: Pixels, size: tuple[int, int], framing: str, ground: str, name: str, objects: ObjectRange | None = None
) -> Framed:
    """Find the object in an image and place it as in the training images.

    Args:
        pixels: uint8 (height, width), or (height, width, 3) with colours.
        size: Height and width of the network's input.
        framing: "mass" or "box".
        ground: The background of the training images, "dark" or "light".
        name: What errors call the image.
        objects: How large the training images' objects are and where they lie, if these are not framed all alike.

    Returns:
        What the network sees, what was found, and each step.

    Raises:
        ImageError: The image shows nothing.
    """
    check_contrast(pixels, name)
    candidates = [_reduced(pixels, size, framing)]
    if pixels.shape[:2] == size:
        grey = to_grey(pixels)
        dark = 255 - grey if is_light(grey) else grey
        candidates = [dark, _moved(dark, framing), *candidates]
    for image in candidates:
        if image is not None and is_framed(image, framing, objects):
            seen = 255 - image if ground == "light" else image
            return Framed(seen, None, (("image", pixels), ("what the network sees", seen)))
    sight = search(pixels, framing, name)
    part = sight.reading.kept
    if framing == "box" and len(sight.reading.parts) > 1:  # a pair of shoes is no bag
        part = max(sight.reading.parts, key=lambda part: float(sight.reading.relief[part].sum()))
    return _framed(sight, part, (size, framing, ground))


def split(
    pixels: Pixels, size: tuple[int, int], framing: str, ground: str, name: str, objects: ObjectRange | None = None
) -> tuple[Framed, ...]:
    """Do as `frame` for each of the parts of similar size that an image shows, left to right."""
    whole = frame(pixels, size, framing, ground, name, objects)
    if whole.found is None or len(whole.found.parts) < 2:
        return (whole,)
    sight = search(pixels, framing, name)
    return tuple(_framed(sight, part, (size, framing, ground)) for part in sight.reading.parts)


def _moved(image: Grey, framing: str) -> Grey | None:
    """An image on a dark ground, moved by whole pixels so that its object is placed as by `place`; None if ink is lost."""
    moved = image
    for axis in (0, 1):
        edge = image.shape[axis]
        ink = np.flatnonzero((image > FAINT).any(axis=1 - axis))
        if not len(ink):
            return None
        if framing == "mass":
            shift = math.ceil((edge - 1) / 2 - _centre(image, axis))
        else:
            shift = (edge - int(ink[-1] - ink[0])) // 2 - int(ink[0])
        if ink[0] + shift < 0 or ink[-1] + shift >= edge:
            return None
        moved = np.roll(moved, shift, axis)
        moved.swapaxes(0, axis)[slice(shift) if shift >= 0 else slice(shift, None)] = 0
    return moved


def _centre(image: Grey, axis: int) -> float:
    """The centre of mass along an axis, in pixel indices."""
    return float(np.average(np.arange(image.shape[axis]), weights=image.sum(axis=1 - axis, dtype=np.float64)))


def _reduced(pixels: Pixels, size: tuple[int, int], framing: str) -> Grey | None:
    """An image of the training images' proportions and on an even ground, reduced to their size, on black.

    So an enlarged image of the data set, on whatever ground, is recognised as what it is.
    """
    height, width = pixels.shape[:2]
    if height * size[1] != width * size[0] or height < size[0]:
        return None
    small = (
        np.rint(scale_to_fit(to_grey(pixels).astype(np.float32), size, framing == "box")).clip(0, 255).astype(np.int64)
    )
    border = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    raised = small - np.bincount(border).argmax()
    raised = -raised if raised.min() + raised.max() < 0 else raised
    ink = raised > EVEN
    if raised.min() < -EVEN or raised.max() < MIN_CONTRAST or not _is_alone(ink, framing):
        return None
    return np.asarray(np.rint(raised.clip(0) * (255 / raised.max())), np.uint8)


def _is_alone(ink: Mask, framing: str) -> bool:
    """Whether ink may be an object of a data set on an even ground.

    It is none if it is small, the higher part of a slope of light, or a full rectangle: a photo in a frame or between bars.
    Of Fashion-MNIST's images 99 % have ground in three corners and on two fifths of the border, and are no rectangle.
    """
    border = np.concatenate([ink[0], ink[-1], ink[:, 0], ink[:, -1]])
    if not ink.any() or ink[[0, 0, -1, -1], [0, -1, 0, -1]].sum() > 1 or border.mean() > 0.6:
        return False
    box = box_of(ink)
    shares = box.height / ink.shape[0], box.width / ink.shape[1]
    if max(shares) < (0.85 if framing == "box" else 0.5):
        return False
    if min(shares) < 0.5:
        return True
    inside = ink[box.top + 1 : box.bottom - 1, box.left + 1 : box.right - 1]
    return not all(side.all() for side in (inside[0], inside[-1], inside[:, 0], inside[:, -1]))


def _framed(sight: Sight, part: Mask, target: tuple[tuple[int, int], str, str]) -> Framed:
    """A part of what was found, placed as in the training images: of a size, a framing, and a ground."""
    size, framing, ground = target
    relief = thickened(sight.relief(part)) if framing == "mass" else sight.relief(part)
    inner = (max(1, round(size[0] * FRAMINGS[framing])), max(1, round(size[1] * FRAMINGS[framing])))
    fit = fitted if framing == "box" else scale_to_fit
    lifted, scaled = (stretch_contrast(image, sight.reading.noise) for image in (relief, fit(relief, inner)))
    seen = place(scaled, size, framing)
    seen = 255 - seen if ground == "light" else seen
    steps = (("image", sight.found.copy), ("object", lifted), ("scaled", scaled), ("what the network sees", seen))
    return Framed(seen, sight.found, steps)


def corners(pixels: NDArray[Any]) -> Floats:
    """Measure the mean brightness of the four corners, each a twentieth of the edges, at least one pixel.

    Args:
        pixels: (height, width), or of many images (N, height, width).

    Returns:
        float32 (2, 2) or (N, 2, 2).
    """
    height, width = (max(1, round(edge / 20)) for edge in pixels.shape[-2:])
    tops, sides = (slice(None, height), slice(-height, None)), (slice(None, width), slice(-width, None))
    means = [[pixels[..., rows, columns].mean(axis=(-2, -1)) for columns in sides] for rows in tops]
    return np.moveaxis(np.array(means, np.float32), (0, 1), (-2, -1))


def is_light(pixels: Grey, middle: float = 127.5) -> bool:
    """Tell whether the background is light: whether the corners are, on average, brighter than `middle`.

    Measured on all 140,000 images of MNIST and Fashion-MNIST: none is taken for light, and all of the inverses
    `255 - image` are. The border's mean is as good, its median errs on 2, the mean of the whole image on 3,718. When the
    20,000 test images are cropped to the object, so that it touches all four edges, the corners err on 2, the border's mean
    on 24, its median on 48.
    """
    return bool(corners(pixels).mean() > middle)


def scale_to_fit(pixels: Floats, frame: tuple[int, int], is_sharp: bool = False) -> Floats:
    """Scale an image, keeping its proportions, so that it just fits into a frame.

    Args:
        pixels: float32 (height, width).
        frame: Height and width to fit into.
        is_sharp: Whether pixels of a smaller image are means over the middle of their areas only. Fashion-MNIST's images were
            sharpened, and blur costs accuracy: of 3,333 test images, enlarged and then reduced by means over whole areas,
            0.3 points are lost, like this 0.03.

    Returns:
        float32, as high or as wide as the frame: averaged over areas if it becomes smaller, else interpolated.
    """
    from PIL import Image

    scale = min(frame[0] / pixels.shape[0], frame[1] / pixels.shape[1])
    height, width = (max(1, round(edge * scale)) for edge in pixels.shape)
    if scale >= 1:
        return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC))
    if not is_sharp:
        return _averaged(pixels, (height, width))
    quarters = _averaged(pixels, (4 * height, 4 * width)).reshape(height, 4, width, 4)
    middle = quarters[:, 1] + quarters[:, 2]
    return np.asarray((middle[:, :, 1] + middle[:, :, 2]) / 4)


def _averaged(pixels: Floats, size: tuple[int, int]) -> Floats:
    """An image brought to a size by averaging over areas.

    First along the rows, some rows at a time, then along the columns. Pillow copies the whole image, and its versions do not
    agree on which comes first.
    """
    from PIL import Image

    (height, width), box = size, Image.Resampling.BOX
    narrow = pixels
    if width != pixels.shape[1]:
        narrow = np.empty((pixels.shape[0], width), np.float32)
        for rows in chunks(pixels.shape):
            narrow[rows] = np.asarray(Image.fromarray(pixels[rows]).resize((width, rows.stop - rows.start), box))
    return np.asarray(Image.fromarray(narrow).resize((width, height), box))


def stretch_contrast(pixels: Floats, noise: float) -> Grey:
    """Map background and noise to 0 and the brightest pixel to 255."""
    peak = float(pixels.max())
    floor = min(noise, peak / 4)
    return np.rint((pixels - floor).clip(0) * (255 / max(peak - floor, 1e-6))).astype(np.uint8)


def place(pixels: Grey, size: tuple[int, int], framing: str, fill: int = 0) -> Grey:
    """Put an object into the middle of an empty image, rounding as the makers of MNIST and Fashion-MNIST did.

    Every MNIST image has its centre of mass, in pixel indices, in 13.5 ≤ y, x < 14.5; where the object of a Fashion-MNIST
    image leaves an odd number of empty columns or rows, the additional one is mostly on the left or above.

    Args:
        pixels: The object, no larger than the image.
        size: Height and width of the image.
        framing: "mass", centre the object by its centre of mass, or "box", by its bounding box.
        fill: The brightness around the object.

    Returns:
        uint8 (height, width).
    """
    image = np.full(size, fill, np.uint8)
    starts = []
    for axis, (edge, length) in enumerate(zip(size, pixels.shape, strict=True)):
        start = (edge - length + 1) // 2
        if framing == "mass":
            start = math.ceil((edge - 1) / 2 - _centre(pixels, axis))
        starts.append(min(max(start, 0), edge - length))
    image[starts[0] : starts[0] + pixels.shape[0], starts[1] : starts[1] + pixels.shape[1]] = pixels
    return image
