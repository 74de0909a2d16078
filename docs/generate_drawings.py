"""The pictures of docs/own-images.md: each condition of the drawings, and what the network sees of it.

python docs/generate_drawings.py

Writes docs/drawings/GROUP.png. A cell shows a digit and what a network trained on MNIST sees; below, where a condition suits
garments, one and what a network trained on Fashion-MNIST sees. An image that is refused has a grey square instead.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from lenet.errors import ImageError
from lenet.images.preprocess import Preprocessing

sys.path.append(str(Path(__file__).parents[1] / "tests" / "support"))
import drawings

FOLDER = Path(__file__).parent / "drawings"
FRAMINGS = {"digit": "mass", "garment": "box"}
SEED = 1
EDGE, SEEN, GAP, TITLE, COLUMNS = 88, 56, 6, 15, 6
CELL = EDGE + SEEN + 3 * GAP
PAGE, INK, REFUSED, CHECKS = (255, 255, 255), (40, 40, 48), (170, 170, 176), (196, 184, 214)


def sheet(group: str) -> Image.Image:
    """The picture of a group: first the conditions of digits alone."""
    conditions = [condition for condition in drawings.CONDITIONS.values() if condition.group == group]
    numbered = sorted(enumerate(conditions), key=lambda pair: len(pair[1].kinds))
    rows = [row(numbered[start : start + COLUMNS]) for start in range(0, len(numbered), COLUMNS)]
    image = Image.new("RGB", (COLUMNS * CELL, sum(part.height for part in rows)), PAGE)
    top = 0
    for part in rows:
        image.paste(part, (0, top))
        top += part.height
    return image.quantize(128, dither=Image.Dither.NONE)


def row(numbered: list[tuple[int, drawings.Condition]]) -> Image.Image:
    """A row of cells."""
    kinds = max((condition.kinds for _, condition in numbered), key=len)
    image = Image.new("RGB", (COLUMNS * CELL, TITLE + len(kinds) * (EDGE + GAP) + GAP), PAGE)
    for column, (number, condition) in enumerate(numbered):
        x = column * CELL + GAP
        ImageDraw.Draw(image).text((x, 1), condition.name.replace("_", " "), fill=INK)
        for below, kind in enumerate(condition.kinds):
            top = TITLE + below * (EDGE + GAP)
            with tempfile.TemporaryDirectory() as name:
                path = drawings.save(Path(name), condition.name, kind, (number * 7 + 2) % 10, SEED)
                image.paste(thumbnail(path), (x, top))
                image.paste(seen(path, kind), (x + EDGE + GAP, top + (EDGE - SEEN) // 2))
    return image


def thumbnail(path: Path) -> Image.Image:
    """A drawing, small, on a pale violet where it is transparent; bits that few files use are stretched."""
    with Image.open(path) as file:
        image = ImageOps.exif_transpose(file)
    if image.mode.startswith("I") or np.asarray(image).max() == 1:
        values = np.asarray(image, np.float32)
        image = Image.fromarray((values * (255 / values.max())).astype(np.uint8))
    if image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, CHECKS), image.convert("RGBA"))
    small = ImageOps.contain(image.convert("RGB"), (EDGE, EDGE), Image.Resampling.BOX)
    return ImageOps.pad(small, (EDGE, EDGE), color=PAGE)


def seen(path: Path, kind: str) -> Image.Image:
    """What the network sees, twice as large."""
    try:
        pixels = Preprocessing((28, 28), framing=FRAMINGS[kind]).apply(path)
    except ImageError:
        return Image.new("RGB", (SEEN, SEEN), REFUSED)
    return Image.fromarray(pixels).resize((SEEN, SEEN), Image.Resampling.NEAREST)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for group in drawings.GROUPS:
        sheet(group).save(FOLDER / f"{group}.png", optimize=True)


if __name__ == "__main__":
    main()
