"""A strip that explains an answer: the image, what was found in it, each step to what the network saw, the probabilities.

    save_strip(reading, Path(), Counter())  # NAME-seen.png in this folder

Drawn by Pillow alone, in milliseconds. Everything that was kept is blue, what was left out is red.
"""

import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lenet.analysis.answer import Prediction, Reading
from lenet.analysis.lettering import cut, drawable, font_of, lines_of
from lenet.errors import ConfigError
from lenet.files import durable
from lenet.images.found import Found, Pixels

if TYPE_CHECKING:
    from PIL.Image import Image

EDGE = 208  # pixels of a panel
GAP, LINE = 14, 15  # between panels; height of a line of text
VALUE = 50  # the width of a probability
# What is said of the steps after an object was found (images/framing.py).
STEPS = {
    "object": "the ground subtracted, the contrast stretched",
    "scaled": "brought to the size of the training images' objects",
    "what the network sees": "placed as in the training images",
}
MAX_STEM = 80  # characters of an image's name in that of its strip
MAX_BARS = 10  # classes whose probabilities are drawn
INK, PALE, BAR = (38, 43, 52), (236, 239, 243), (46, 111, 219)
KEPT, DROPPED, BOX = (46, 111, 219), (214, 62, 42), (16, 140, 80)


class Panel(NamedTuple):
    """One image of a strip.

    Args:
        title: one line above it.
        text: what it shows, below it.
        image: RGB, of EDGE by EDGE pixels.
        is_chart: whether it is no image of the user's, and needs no border.
    """

    title: str
    text: str
    image: "Image"
    is_chart: bool = False


def save_strip(reading: Reading, folder: Path, used: "Counter[str]") -> Path:
    """Write NAME-seen.png into `folder`, NAME-seen-2.png for a second image of that name.

    Args:
        reading: with what was found, as `predict_each` gives it with `explain`.
        folder: where to write.
        used: how many strips of each name were written before; counted on.

    Returns:
        The path of the file.

    Raises:
        ConfigError: if it cannot be written.
    """
    stem = Path(reading.image).stem[:MAX_STEM]
    used[stem] += 1
    path = folder / (f"{stem}-seen-{used[stem]}.png" if used[stem] > 1 else f"{stem}-seen.png")
    content = io.BytesIO()
    draw_strip(reading).save(content, "PNG")
    try:
        durable.write(path, content.getvalue())
    except OSError as error:
        what, hint = durable.explain(error)
        raise ConfigError(f"cannot write {path}: {what}", hint=hint) from error
    return path


def draw_strip(reading: Reading) -> "Image":
    """Draw the strip of a reading: one row, or with several parts a row for the image and one for each part."""
    first = reading.parts[0]
    above, steps = _found_panels(first, is_split=len(reading.parts) > 1), _step_panels(first)
    if len(reading.parts) == 1:
        return _drawn(reading.image, [[*above, *steps, _bars(first)]])
    rows = [[*_step_panels(part), _bars(part, f"part {n}: ")] for n, part in enumerate(reading.parts, start=1)]
    return _drawn(f"{reading.image}: {reading}", [above, *rows])


def _found_panels(part: Prediction, is_split: bool) -> list[Panel]:
    """The image and what was found in it."""
    found = part.framed.found if part.framed else None
    if part.framed is None:
        return []
    pixels = part.framed.steps[0][1]
    if found is None:
        same = pixels.shape == part.seen.shape
        text = (
            "framed like the training images: it stays as it is" if same else "it is taken whole: nothing is looked for"
        )
        return [_panel("your image", text, pixels)]
    image = _panel("your image", "turned upright", pixels)
    kept = "blue: kept"
    if found.dropped.any():
        kept += ", red: left out"
    if len(found.parts) > 1:
        kept += f"; {len(found.parts)} parts of similar size"
        kept += "" if is_split else ", which --split reads one by one"
    return [
        image,
        _panel("1. the ground", "the image as it would be without the object", found.ground),
        Panel("2. what was found", kept, _marked(found)),
    ]


def _step_panels(part: Prediction) -> list[Panel]:
    """The steps to what the network sees."""
    steps = part.framed.steps[1:] if part.framed else (("what the network sees", part.seen),)
    start = 3 if part.framed and part.framed.found else 1
    panels = []
    for number, (title, image) in enumerate(steps, start):
        size = f"{image.shape[1]} × {image.shape[0]} pixels"
        text = f"{STEPS[title]}: {size}" if title in STEPS and start > 1 else size
        panels.append(_panel(f"{number}. {title}", text, image))
    return panels


def _panel(title: str, text: str, pixels: Pixels) -> Panel:
    return Panel(title, text, _enlarged(pixels))


def _enlarged(pixels: Pixels) -> "Image":
    """An image in the middle of a panel, as large as fits: each pixel a square if there are few."""
    from PIL import Image

    image = Image.fromarray(pixels).convert("RGB")
    scale = min(EDGE / image.width, EDGE / image.height)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    how = Image.Resampling.NEAREST if scale > 2 else Image.Resampling.BILINEAR
    panel = Image.new("RGB", (EDGE, EDGE), PALE)
    panel.paste(image.resize(size, how), ((EDGE - size[0]) // 2, (EDGE - size[1]) // 2))
    return panel


def _marked(found: Found) -> "Image":
    """The image, pale, with what was kept in blue, what was left out in red, and a numbered box for each part."""
    from PIL import Image, ImageDraw

    grey = np.asarray(Image.fromarray(found.copy).convert("L"), np.float32)
    marked = np.repeat((170 + grey * (85 / 255))[..., None], 3, axis=2)
    for mask, colour in ((found.kept, KEPT), (found.dropped, DROPPED)):
        marked[mask] = colour
    panel = _enlarged(np.rint(marked).astype(np.uint8))
    scale = min(EDGE / grey.shape[1], EDGE / grey.shape[0])
    left, top = (EDGE - round(grey.shape[1] * scale)) // 2, (EDGE - round(grey.shape[0] * scale)) // 2
    draw = ImageDraw.Draw(panel)
    factor = scale / found.square
    boxes = found.parts if len(found.parts) > 1 else (found.box,)
    for number, box in enumerate(boxes, start=1):
        corners = (
            left + box.left * factor,
            top + box.top * factor,
            min(EDGE - 1, left + box.right * factor),
            min(EDGE - 1, top + box.bottom * factor),
        )
        draw.rectangle(corners, outline=BOX, width=2)
        if len(boxes) > 1:
            draw.text((corners[0] + 4, max(0, corners[1] - LINE)), str(number), fill=BOX, font=font_of(14))
    return panel


def _bars(part: Prediction, which: str = "") -> Panel:
    """The probabilities of the most probable classes."""
    from PIL import Image, ImageDraw

    panel = Image.new("RGB", (EDGE, EDGE), "white")
    draw, font = ImageDraw.Draw(panel), font_of(12)
    best = part.top(MAX_BARS)
    names = [drawable(name, part.classes.index(name)) for name, _ in best]
    middle = min(EDGE // 2, 10 + max(round(font.getlength(name)) for name in names))
    height = EDGE / MAX_BARS
    for row, (name, (_, probability)) in enumerate(zip(names, best, strict=True)):
        top = row * height
        draw.text((0, top + 3), cut(name, middle - 8, font), fill=INK, font=font)
        draw.rectangle((middle, top + 4, EDGE - VALUE, top + height - 4), fill=PALE)
        draw.rectangle((middle, top + 4, middle + (EDGE - VALUE - middle) * probability, top + height - 4), fill=BAR)
        draw.text((EDGE - VALUE + 4, top + 3), f"{probability:.1%}", fill=INK, font=font)
    label = drawable(part.label, part.classes.index(part.label))
    if part.is_unknown:
        return Panel(f"{which}unknown, nearest {label}", part.reason or "", panel, True)
    return Panel(f"{which}{label} {part.probability:.1%}", "", panel, True)


def _drawn(title: str, rows: Sequence[Sequence[Panel]]) -> "Image":
    """Panels in rows, with the image's name above."""
    from PIL import Image, ImageDraw

    columns = max(map(len, rows))
    below = 3 * LINE
    row_height = LINE + 6 + EDGE + below
    width, height = GAP + columns * (EDGE + GAP), 2 * LINE + len(rows) * (row_height + GAP)
    strip = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(strip)
    draw.text((GAP, 8), cut(drawable(title, None), width - 2 * GAP, font_of(14)), fill=INK, font=font_of(14))
    for row, panels in enumerate(rows):
        y = 2 * LINE + 6 + row * (row_height + GAP)
        for column, panel in enumerate(panels):
            x = GAP + column * (EDGE + GAP)
            draw.text((x, y), cut(panel.title, EDGE, font_of(13)), fill=INK, font=font_of(13))
            strip.paste(panel.image, (x, y + LINE + 6))
            if not panel.is_chart:
                draw.rectangle((x - 1, y + LINE + 5, x + EDGE, y + LINE + 6 + EDGE), outline=PALE)
            for number, line in enumerate(lines_of(panel.text, EDGE, font_of(12))):
                draw.text((x, y + LINE + 6 + EDGE + 4 + number * LINE), line, fill=INK, font=font_of(12))
    return strip
