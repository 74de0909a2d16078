"""What all conditions share: a subject as a layer, a ground, paint on it, and an encoded file.

    layer = subject.layer((400, 400))                  # coverage and shade, float32 (400, 400)
    return png(paint(sheet((400, 400), PAPER), layer, subject.dark))

Colours are (red, green, blue), 0 to 255; images are float32 (height, width, 3) until they are encoded.
"""

import io
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from drawings import clothes, hand

Floats = NDArray[np.float32]
Colour = tuple[float, float, float]
Shape = tuple[int, int]  # height and width

PAPER: Colour = (242, 240, 234)
INKS: tuple[Colour, ...] = ((20, 20, 24), (28, 36, 110), (40, 40, 46), (24, 30, 80))
CHALKS: tuple[Colour, ...] = ((240, 240, 236), (232, 228, 200), (214, 226, 240))
CLOTHS: tuple[Colour, ...] = ((40, 44, 96), (52, 50, 54), (104, 30, 44), (34, 76, 60), (96, 66, 44))
PALE_CLOTHS: tuple[Colour, ...] = ((226, 214, 196), (206, 214, 226), (224, 190, 196))


@dataclass(frozen=True)
class Layer:
    """How much of each pixel an object covers, 0 to 1, and how bright it is there, as a factor; float32 (height, width)."""

    coverage: NDArray[Any]
    shade: NDArray[Any]


@dataclass(frozen=True)
class Subject:
    """What an image shows: a digit or a garment of a class, in a shape of its own."""

    kind: str  # "digit" or "garment"
    label: int
    rng: np.random.Generator

    @cached_property
    def _strokes(self) -> list[hand.Stroke]:
        return hand.write(self.label, self.rng)

    @cached_property
    def _garment(self) -> tuple[float, list[tuple[NDArray[np.float64], float, float]]]:
        return clothes.sew(self.label, self.rng)

    @cached_property
    def dark(self) -> Colour:
        """A colour for light grounds: of ink, or of cloth."""
        colours = INKS if self.kind == "digit" else CLOTHS
        return colours[self.rng.integers(len(colours))]

    @cached_property
    def pale(self) -> Colour:
        """A colour for dark grounds."""
        colours = CHALKS if self.kind == "digit" else PALE_CLOTHS
        return colours[self.rng.integers(len(colours))]

    @property
    def is_digit(self) -> bool:
        """Whether it is a digit."""
        return self.kind == "digit"

    def layer(
        self, shape: Shape, spot: tuple[float, float] = (0.5, 0.5), scale: float = 1.0, pen: float | None = None
    ) -> Layer:
        """Lay the subject on an empty image.

        Args:
            shape: Height and width of the image.
            spot: Where the middle of the subject is, (x, y) as shares of the image.
            scale: 1 is the usual size: digits half as high as the image, garments four fifths.
            pen: A digit's width of stroke as a share of its height; by default between 0.06 and 0.1.
        """
        height = min(shape) * scale * (0.5 if self.is_digit else 0.8)
        if not self.is_digit:  # the wide ones must fit too
            height = height / max(1.0, self._garment[0])
        box = int(height * (1.6 if self.is_digit else 1.2 * max(1.0, self._garment[0]))) + 6
        finer = 4 if box < 200 else 2 if box < 900 else 1
        part = self._drawn(box * finer, height * finer, pen)
        reduced = [np.asarray(image.reduce(finer), np.float32) for image in part]
        left, top = (round(edge * share - box / 2) for edge, share in zip(shape[::-1], spot, strict=True))
        coverage, shade = np.zeros(shape, np.float32), np.ones(shape, np.float32)
        rows, columns = slice(max(0, top), top + box), slice(max(0, left), left + box)
        inner = slice(max(0, -top), max(0, -top) + max(0, min(box, shape[0] - top) - max(0, -top)))
        across = slice(max(0, -left), max(0, -left) + max(0, min(box, shape[1] - left) - max(0, -left)))
        coverage[rows, columns] = reduced[0][inner, across] / 255
        shade[rows, columns] = reduced[1][inner, across] / 128
        return Layer(coverage, shade)

    def _drawn(self, box: int, height: float, pen: float | None) -> tuple[Image.Image, Image.Image]:
        """Coverage and shade in a square of `box` pixels, as bytes; a shade of 1 is 128."""
        coverage, shade = Image.new("L", (box, box)), Image.new("L", (box, box), 128)
        if self.is_digit:
            width = height * (self.rng.uniform(0.06, 0.1) if pen is None else pen)
            for stroke in self._strokes:
                draw_line(coverage, stroke * height + box / 2, 255, width)
            return coverage, shade
        _, parts = self._garment
        for points, brightness, width in parts:
            outline = points * height + box / 2
            value = round(min(255, 128 * brightness))
            for image, fill in ((coverage, 255), (shade, value)):
                if width:
                    draw_line(image, outline, fill, width * height)
                else:
                    ImageDraw.Draw(image).polygon([tuple(point) for point in outline], fill=fill)
        folds = 1 + 0.14 * clouds((box, box), 6, self.rng)
        return coverage, Image.fromarray((np.asarray(shade) * folds).clip(0, 255).astype(np.uint8))


def draw_line(image: Image.Image, points: NDArray[Any], fill: int, width: float) -> None:
    """Draw a line with round joints and ends through points (N, 2), (x, y) in pixels."""
    pen = ImageDraw.Draw(image)
    pen.line([tuple(point) for point in points], fill=fill, width=max(1, round(width)), joint="curve")
    radius = width / 2
    for x, y in points if width > 3 else []:
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)


def sheet(shape: Shape, colour: Colour = PAPER) -> Floats:
    """An even ground: float32 (height, width, 3)."""
    return np.full((*shape, 3), colour, np.float32)


def paint(ground: Floats, layer: Layer, colour: Colour) -> Floats:
    """Paint a layer on a ground in a colour."""
    cover = layer.coverage[:, :, None]
    shaded = layer.shade[:, :, None] * np.array(colour, np.float32)
    return np.asarray(ground * (1 - cover) + shaded.clip(0, 255) * cover, np.float32)


def grid(shape: Shape) -> tuple[Floats, Floats]:
    """The x and y of every pixel as shares of the image: float32 (1, width) and (height, 1)."""
    x, y = (np.linspace(0, 1, edge, dtype=np.float32) for edge in shape[::-1])
    return x[None, :], y[:, None]


def clouds(shape: Shape, cells: int, rng: np.random.Generator) -> Floats:
    """Smooth noise between about -1 and 1, with `cells` swellings along each edge: float32 of `shape`."""
    coarse = Image.fromarray(rng.uniform(-1, 1, (cells, cells)).astype(np.float32))
    return np.asarray(coarse.resize(shape[::-1], Image.Resampling.BICUBIC))


def grain(image: NDArray[Any], strength: float, rng: np.random.Generator) -> Floats:
    """Add normal noise of a standard deviation, alike in the three colours."""
    return np.asarray(image + strength * rng.standard_normal((*image.shape[:2], 1), np.float32), np.float32)


def blur(image: NDArray[Any], radius: float) -> Floats:
    """Blur as a lens out of focus does; radius in pixels."""
    return np.asarray(Image.fromarray(to_bytes(image)).filter(ImageFilter.GaussianBlur(radius)), np.float32)


def to_bytes(image: NDArray[Any]) -> NDArray[np.uint8]:
    """Round to bytes."""
    return np.asarray(np.rint(image).clip(0, 255), np.uint8)


def png(image: NDArray[Any] | Image.Image) -> bytes:
    """Encode as PNG; float arrays are rounded to bytes."""
    if not isinstance(image, Image.Image):
        image = Image.fromarray(image if image.dtype in (np.uint8, np.uint16, np.bool_) else to_bytes(image))
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    return file.getvalue()


def jpeg(image: NDArray[Any], quality: int = 88, **options: Any) -> bytes:
    """Encode as JPEG; four channels are cyan, magenta, yellow and black."""
    file = io.BytesIO()
    mode = "CMYK" if image.shape[-1] == 4 else None
    Image.fromarray(to_bytes(image), mode).save(file, "JPEG", quality=quality, **options)
    return file.getvalue()
