"""The images of a model card, drawn by Pillow: the worst mistakes, and what preprocessing makes of an image."""

import io
from typing import TYPE_CHECKING

import numpy as np

from lenet.analysis.answer import Reading
from lenet.analysis.evaluated import Evaluation
from lenet.analysis.given_images import given_image
from lenet.analysis.lettering import cut, drawable, font_of
from lenet.analysis.prediction import predict_each
from lenet.analysis.strip import INK, PALE, draw_strip
from lenet.data.dataset import Images
from lenet.deploy.card.measured import Measured

if TYPE_CHECKING:
    from PIL.Image import Image

WORST = 12  # mistakes that are shown
COLUMNS = 6
CELL, GAP, LINE = 120, 12, 15  # pixels
PAPER = 236  # how bright a sheet of paper is in a photo
TRIES = 10  # test images of which one is to serve as the example


def draw_mistakes(evaluation: Evaluation) -> bytes | None:
    """Draw the most confident mistakes, each with its class, the answer and its probability; None if there is none.

    Returns:
        The content of a PNG file.
    """
    from PIL import Image, ImageDraw

    mistakes = evaluation.mistakes[:WORST]
    if not mistakes:
        return None
    font = font_of(12)
    columns = min(COLUMNS, len(mistakes))
    rows = -(-len(mistakes) // columns)
    height = CELL + 2 * LINE + 8
    sheet = Image.new("RGB", (GAP + columns * (CELL + GAP), GAP + rows * (height + GAP)), "white")
    draw = ImageDraw.Draw(sheet)
    for number, mistake in enumerate(mistakes):
        x = GAP + number % columns * (CELL + GAP)
        y = GAP + number // columns * (height + GAP)
        sheet.paste(_enlarged(evaluation.mistake_images[number]), (x, y))
        names = [drawable(evaluation.classes[label], label) for label in (mistake.label, mistake.predicted)]
        draw.text((x, y + CELL + 4), cut(names[0], CELL, font), fill=INK, font=font)
        share = f" {mistake.probability:.1%}"
        answer = cut(f"→ {names[1]}", CELL - font.getlength(share), font)
        draw.text((x, y + CELL + 4 + LINE), answer + share, fill=INK, font=font)
    return _png(sheet)


def _enlarged(pixels: Images) -> "Image":
    """An image in a square cell, its pixels as squares if there are few."""
    from PIL import Image

    image = Image.fromarray(pixels).convert("RGB")
    scale = min(CELL / image.width, CELL / image.height)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    cell = Image.new("RGB", (CELL, CELL), PALE)
    how = Image.Resampling.NEAREST if scale > 2 else Image.Resampling.BILINEAR
    cell.paste(image.resize(size, how), ((CELL - size[0]) // 2, (CELL - size[1]) // 2))
    return cell


def example(measured: Measured) -> Reading | None:
    """Return what the network reads in a test image as a photo would show it, with each step of the preprocessing.

    Returns:
        The reading of the first test image that is classified correctly as a photo; None if none of the first is.
    """
    for number in range(min(TRIES, len(measured.test))):
        label = measured.test.classes[measured.test.labels[number]]
        photo = _as_photo(measured.test.images[number], measured.network.preprocessing.ground)
        given = given_image(photo)._replace(name="an example")
        [answer] = predict_each(measured.network, [given], explain=True, device="cpu")
        if isinstance(answer, Reading) and answer.label == label:
            return answer
    return None


def draw_example(reading: Reading) -> bytes:
    """Draw the steps from an image to the network's answer.

    Returns:
        The content of a PNG file.
    """
    return _png(draw_strip(reading))


def _as_photo(pixels: Images, ground: str) -> Images:
    """A test image as a photo of paper shows it: larger, dark on light, off the centre, under uneven light."""
    from PIL import Image

    if pixels.ndim == 3 or ground == "mixed":
        image = Image.fromarray(pixels)
        return np.asarray(image.resize((4 * image.width, 4 * image.height), Image.Resampling.BILINEAR))
    dark = pixels if ground == "dark" else 255 - pixels
    image = Image.fromarray(dark).resize((5 * dark.shape[1], 5 * dark.shape[0]), Image.Resampling.BICUBIC)
    height, width = 2 * image.height, round(2.5 * image.width)
    ink = np.zeros((height, width), np.float32)
    top, left = image.height // 2 + image.height // 8, image.width // 4
    ink[top : top + image.height, left : left + image.width] = np.asarray(image, np.float32) / 255
    light = PAPER - 40 * np.linspace(0, 1, width, dtype=np.float32)[None, :]
    return np.rint(light * (1 - 0.85 * ink)).clip(0, 255).astype(np.uint8)


def _png(drawn: "Image") -> bytes:
    """The content of a PNG file, of few colours so that it is small."""
    from PIL import Image

    content = io.BytesIO()
    drawn.quantize(128, dither=Image.Dither.NONE).save(content, "PNG", optimize=True)
    return content.getvalue()
