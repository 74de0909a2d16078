"""Whether the explorer's page preprocesses images as lenet does: every step of Python's beside that of JavaScript's.

unequal(images, preprocessing)   # {}: number of the image -> what differs
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from javascript import called
from numpy.typing import NDArray

from lenet.errors import ImageError
from lenet.images.found import Framed
from lenet.images.preprocess import Preprocessing

Pixels = NDArray[np.uint8]
Unequal = dict[int, list[str]]  # the numbers of images, and for each what differs
REASONS = {"alike": "all pixels are alike", "faint": "its pixels differ by", "nothing": "nothing stands out"}
FRAMINGS = {
    "mass": Preprocessing((28, 28), framing="mass"),
    "box": Preprocessing((28, 28), framing="box"),
    "mass on light": Preprocessing((28, 28), framing="mass", ground="light"),
    "mass 32": Preprocessing((32, 32), framing="mass"),
    "mixed": Preprocessing((28, 28), framing="box", ground="mixed"),
}
WHOLE = {
    f"{fit} {height}×{width}×{channels}": Preprocessing((height, width), framing="whole", channels=channels, fit=fit)
    for fit, height, width, channels in [
        ("pad", 64, 64, 3),
        ("pad", 33, 20, 1),
        ("crop", 40, 40, 1),
        ("stretch", 31, 57, 3),
    ]
}


def of_python(pixels: Pixels, preprocessing: Preprocessing, names: Sequence[str]) -> list[dict[str, Any]]:
    """What an image becomes, and each of its parts, as Python explains it."""
    try:
        results = [getattr(preprocessing, name)(pixels) for name in names]
    except ImageError as error:
        problem = next(code for code, words in REASONS.items() if words in error.message)
        return [{"problem": problem} for _ in names]
    return [listed(framed) for one in results for framed in (one if isinstance(one, tuple) else [one])]


def listed(framed: Framed) -> dict[str, Any]:
    """What an image becomes, as the page gives it."""
    result: dict[str, Any] = {"seen": framed.seen.ravel()}
    result |= {f"step {number}: {title}": image for number, (title, image) in enumerate(framed.steps)}
    if (found := framed.found) is not None:
        masks = {"kept": found.kept.astype(np.uint8), "dropped": found.dropped.astype(np.uint8)}
        boxes = {"box": found.box._asdict(), "parts": [part._asdict() for part in found.parts]}
        result |= {"copy": found.copy, "square": found.square, **masks, **boxes}
    return result


def of_page(result: Any) -> list[dict[str, Any]]:
    """The same from the page, of one image or of its parts."""
    parts = result if isinstance(result, list) else [result]
    return [{"problem": part["problem"]} if "problem" in part else _flat(part) for part in parts]


def _flat(explained: dict[str, Any]) -> dict[str, Any]:
    steps = {f"step {number}: {step['name']}": step["image"] for number, step in enumerate(explained["steps"])}
    return {"seen": explained["seen"], **steps, **(explained["found"] or {})}


def unequal(images: Sequence[Pixels], preprocessing: Preprocessing, *, parts: bool = True, batch: int = 100) -> Unequal:
    """Preprocess images in Python and in the page.

    Args:
        images: uint8 (height, width), or (height, width, 3 or 4).
        preprocessing: how.
        parts: whether to compare what `split` gives too.
        batch: how many images node gets at once.

    Returns:
        The numbers of the images that differ, and for each what does.
    """
    names = ("explain", "split") if parts else ("explain",)
    values = {**asdict(preprocessing), "objects": preprocessing.objects and list(preprocessing.objects)}
    result = {}
    for start in range(0, len(images), batch):
        some = images[start : start + batch]
        page = called([("images/preprocess.js", name, [pixels, values]) for pixels in some for name in names])
        for number, pixels in enumerate(some):
            here = of_python(pixels, preprocessing, names)
            there = [part for one in page[len(names) * number :][: len(names)] for part in of_page(one)]
            if differences := list(differing(here, there)):
                result[start + number] = differences
    return result


def differing(here: list[dict[str, Any]], there: list[dict[str, Any]]) -> Iterator[str]:
    """What differs between the parts of an image."""
    if len(here) != len(there):
        yield f"{len(here)} and {len(there)} parts"
    for number, (one, other) in enumerate(zip(here, there, strict=False)):
        for name in {**one, **other}:
            if name not in one or name not in other or not _alike(one[name], other[name]):
                yield f"{number}: {name}"


def _alike(one: Any, other: Any) -> bool:
    if not isinstance(one, np.ndarray):
        return bool(one == other)
    return one.dtype == other.dtype and np.array_equal(one, other)


def moved(image: Pixels, down: int, across: int) -> Pixels:
    """The image moved on a black ground."""
    return np.roll(np.roll(image, down, 0), across, 1)


def enlarged(image: Pixels, times: int, ground: int = 0, contrast: float = 1.0) -> Pixels:
    """The image with each pixel as a square, on a ground from which it rises; negative contrast makes dark ink."""
    raised = np.rint(ground + image.astype(np.float32) * contrast).clip(0, 255).astype(np.uint8)
    return np.asarray(raised.repeat(times, 0).repeat(times, 1), np.uint8)


def variants(image: Pixels) -> list[Pixels]:
    """An image of a data set as it is, inverted, moved, and enlarged on several grounds."""
    plain = [image, 255 - image, moved(image, 2, -1), moved(255 - image, -3, 0), enlarged(image, 3)]
    return [*plain, enlarged(image, 4, 250, -0.8), enlarged(image, 7, 20, 0.5), enlarged(image, 2, 255, -1)]


def on_paper(image: Pixels, generator: np.random.Generator, edge: int = 160) -> Pixels:
    """The image as dark ink somewhere on a larger grey sheet with a slope of light and noise."""
    times = int(generator.integers(2, 4))
    ink = image.repeat(times, 0).repeat(times, 1).astype(np.float32)
    down, across = generator.integers(0, edge - len(ink), 2)
    slope = np.linspace(0, generator.uniform(0, 40), edge)
    sheet = 235 - slope[:, None] - 0.5 * slope[None] + generator.normal(0, 2, (edge, edge))
    sheet[down : down + len(ink), across : across + len(ink)] -= ink * generator.uniform(0.4, 0.75)
    return np.rint(sheet).clip(0, 255).astype(np.uint8)


def transparent(image: Pixels, generator: np.random.Generator) -> Pixels:
    """The image as the opacity of one colour, (height, width, 4), as drawing programs save it."""
    colour = generator.integers(0, 256, 3)
    return np.dstack([np.full((*image.shape, 3), colour, np.uint8), image])
