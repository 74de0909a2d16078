"""Two ways that others take from a photograph to the input of a network, for comparison with lenet's.

Each takes an image file and gives uint8 (28, 28), or an error where it finds nothing.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps

Grey = NDArray[np.uint8]
SIZE = (28, 28)
COARSE = 400  # longest edge in pixels that the tutorial's way works at


def resized(path: Path, framing: str) -> Grey:
    """Plain resizing: grey, inverted if the border is light, and resized to 28 × 28."""
    small = np.asarray(_grey(path).resize(SIZE, Image.Resampling.BOX))
    return 255 - small if _border(small).mean() > 127 else small


def tutorial(path: Path, framing: str) -> Grey:
    """The tutorials' way: a blurred copy as ground, Otsu's threshold, the largest component, a box, the centre of mass.

    Digits are scaled into 20 × 20 and centred by their mass, as MNIST's; garments fill the image, as Fashion-MNIST's.
    """
    image = _grey(path)
    image.thumbnail((COARSE, COARSE), Image.Resampling.BOX)
    if np.median(_border(np.asarray(image))) > 127:
        image = ImageOps.invert(image)
    blurred = image.filter(ImageFilter.GaussianBlur(max(image.size) / 6)) if min(image.size) > 60 else None
    relief = np.asarray(image, np.float32)
    if (
        blurred is not None and framing == "mass"
    ):  # a garment fills its image: a blurred copy would be the garment itself
        relief = (relief - np.asarray(blurred)).clip(0)
    mask = relief > otsu(relief)
    mask = largest_component(mask)
    if not mask.any():
        raise ValueError("nothing is above the threshold")
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    part = (relief * mask)[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    edge = 20 if framing == "mass" else 28
    scale = edge / max(part.shape)
    width, height = (max(1, round(length * scale)) for length in part.shape[::-1])
    scaled = Image.fromarray(part * (255 / part.max())).resize((width, height), Image.Resampling.BOX)
    return _centred(np.rint(np.asarray(scaled)).clip(0, 255).astype(np.uint8), framing)


def otsu(values: NDArray[Any]) -> float:
    """Otsu's threshold: the one with the greatest variance between the two classes."""
    counts, edges = np.histogram(values, 256)
    below = counts.cumsum()
    above = below[-1] - below
    middles = (edges[:-1] + edges[1:]) / 2
    sums = (counts * middles).cumsum()
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return float(edges[1 + int(np.nanargmax(variance))])


def largest_component(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest group of true pixels that touch at edges or corners."""
    runs: list[tuple[int, int, int]] = []  # row, first column, last column + 1
    parents: list[int] = []

    def root(run: int) -> int:
        while parents[run] != run:
            parents[run] = parents[parents[run]]
            run = parents[run]
        return run

    above: list[int] = []
    for row, line in enumerate(mask):
        changes = np.flatnonzero(np.diff(line.astype(np.int8), prepend=0, append=0))
        current = []
        for start, stop in changes.reshape(-1, 2).tolist():
            number = len(runs)
            runs.append((row, start, stop))
            parents.append(number)
            for other in above:
                if runs[other][1] <= stop and start <= runs[other][2]:
                    parents[root(other)] = root(number)
            current.append(number)
        above = current
    sizes: dict[int, int] = {}
    for number, (_, start, stop) in enumerate(runs):
        sizes[root(number)] = sizes.get(root(number), 0) + stop - start
    largest = np.zeros_like(mask)
    if sizes:
        best = max(sizes, key=lambda number: sizes[number])
        for number, (row, start, stop) in enumerate(runs):
            largest[row, start:stop] |= root(number) == best
    return largest


def _grey(path: Path) -> Image.Image:
    """The image in grey, upright, on white where it is transparent."""
    with Image.open(path) as file:
        image = ImageOps.exif_transpose(file)
    if image.mode.startswith("I"):
        values = np.asarray(image, np.float32)
        return Image.fromarray((values / 257).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("L")


def _border(pixels: Grey) -> Grey:
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])


def _centred(part: Grey, framing: str) -> Grey:
    """The part on a black image of 28 × 28, its centre of mass or its box in the middle."""
    starts = []
    for axis, length in enumerate(part.shape):
        weights = part.sum(axis=1 - axis, dtype=np.float64)
        middle = float(np.arange(length) @ weights / weights.sum()) if framing == "mass" else (length - 1) / 2
        starts.append(min(max(round(13.5 - middle), 0), 28 - length))
    image = np.zeros(SIZE, np.uint8)
    image[starts[0] : starts[0] + part.shape[0], starts[1] : starts[1] + part.shape[1]] = part
    return image


WAYS: dict[str, Callable[[Path, str], Grey]] = {"resized": resized, "tutorial": tutorial}
