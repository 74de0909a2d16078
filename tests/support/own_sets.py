"""Sets of images such as people have of their own: icons in colour, letters of a drawn hand, scikit-learn's digits as files.

for label, image in icons(20, seed=0): ...
"""

import colorsys
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Labelled = Iterator[tuple[str, Image.Image]]

ICONS = ("home", "back", "filesave", "move", "zoom_to_rect")  # of matplotlib's toolbar
FINE = 4  # letters are drawn at so many times their size

# For each letter its strokes, as points x,y in hundredths of a box, y downwards.
LETTERS = {
    "A": "0,100 50,0 100,100 | 20,62 80,62",
    "B": "0,0 0,100 | 0,0 55,0 85,12 88,30 70,47 0,50 | 0,50 65,50 95,65 95,85 70,100 0,100",
    "C": "92,15 70,2 40,0 12,18 0,50 12,82 40,100 70,98 92,85",
    "D": "0,0 0,100 | 0,0 45,0 80,15 96,50 80,85 45,100 0,100",
    "E": "90,0 0,0 0,100 90,100 | 0,50 70,50",
    "F": "90,0 0,0 0,100 | 0,50 70,50",
    "G": "92,15 70,2 40,0 12,18 0,50 12,82 40,100 75,98 96,75 96,55 55,55",
    "H": "0,0 0,100 | 100,0 100,100 | 0,50 100,50",
    "I": "50,0 50,100",
    "J": "80,0 80,70 70,92 45,100 20,92 10,72",
    "K": "0,0 0,100 | 90,0 0,55 | 25,45 95,100",
    "L": "0,0 0,100 85,100",
    "M": "0,100 10,0 50,70 90,0 100,100",
    "N": "0,100 0,0 100,100 100,0",
    "O": "50,0 15,15 0,50 15,85 50,100 85,85 100,50 85,15 50,0",
    "P": "0,0 0,100 | 0,0 60,0 90,15 90,38 60,54 0,54",
    "Q": "50,0 15,15 0,50 15,85 50,100 85,85 100,50 85,15 50,0 | 60,65 100,105",
    "R": "0,0 0,100 | 0,0 60,0 90,15 90,38 60,54 0,54 | 40,54 95,100",
    "S": "90,14 65,0 30,0 8,18 18,40 80,58 94,80 70,100 30,100 5,86",
    "T": "0,0 100,0 | 50,0 50,100",
    "U": "0,0 0,60 12,88 50,100 88,88 100,60 100,0",
    "V": "0,0 50,100 100,0",
    "W": "0,0 25,100 50,30 75,100 100,0",
    "X": "0,0 100,100 | 100,0 0,100",
    "Y": "0,0 50,50 100,0 | 50,50 50,100",
    "Z": "0,0 100,0 0,100 100,100",
}


def icons(count: int, seed: int) -> Labelled:
    """Icons of matplotlib, 64×64 in colour: any ink on any ground, anywhere, turned, under uneven light and noise."""
    import matplotlib as mpl

    random = np.random.RandomState(seed)
    for name in ICONS:
        file = Path(mpl.get_data_path()) / "images" / f"{name}_large.png"
        shape = Image.open(file).convert("RGBA").getchannel("A")
        for _ in range(count):
            yield name, _icon(shape, random)


def _icon(shape: Image.Image, random: np.random.RandomState, edge: int = 64) -> Image.Image:
    size = int(edge * random.uniform(0.5, 0.85))
    turned = shape.resize((size, size), Image.Resampling.LANCZOS)
    turned = turned.rotate(random.uniform(-15, 15), Image.Resampling.BICUBIC, expand=True)
    on_dark = random.rand() < 0.5
    ground = _colour(random, (0, 0.4), (0.05, 0.3) if on_dark else (0.75, 1))
    ink = _colour(random, (0.5, 1), (0.7, 1) if on_dark else (0.1, 0.5))
    mask = Image.new("L", (edge, edge))
    mask.paste(turned, (_place(edge - turned.width, random), _place(edge - turned.height, random)))
    share = np.asarray(mask)[:, :, None] / 255
    down, right = (np.mgrid[:edge, :edge] / edge - 0.5)[..., None]
    light = 1 + random.uniform(-0.2, 0.2) * right + random.uniform(-0.2, 0.2) * down
    pixels = (ground * (1 - share) + ink * share) * light + random.normal(0, 6, (edge, edge, 3))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _place(room: int, random: np.random.RandomState) -> int:
    return int(random.uniform(0, room)) if room > 0 else 0


def _colour(
    random: np.random.RandomState, saturation: tuple[float, float], value: tuple[float, float]
) -> NDArray[np.float64]:
    return 255 * np.array(colorsys.hsv_to_rgb(random.rand(), random.uniform(*saturation), random.uniform(*value)))


def letters(count: int, seed: int) -> Labelled:
    """Capital letters, 28×28, white on black as in EMNIST: slanted, turned, bent, of several widths and pens."""
    random = np.random.RandomState(seed)
    for letter, text in LETTERS.items():
        strokes = [
            np.array([point.split(",") for point in stroke.split()], np.float64) / 100 for stroke in text.split("|")
        ]
        for _ in range(count):
            yield letter, _letter(strokes, random)


def _letter(strokes: list[NDArray[np.float64]], random: np.random.RandomState, edge: int = 28) -> Image.Image:
    width, height = edge * random.uniform(0.4, 0.7), edge * random.uniform(0.55, 0.75)
    angle, slant = math.radians(random.uniform(-15, 15)), random.uniform(-0.25, 0.3)
    middle, pen = edge / 2 + random.uniform(-2, 2, 2), FINE * random.uniform(1.6, 3.4)
    bend = random.normal(0, 0.05, 4)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    image = Image.new("L", (edge * FINE, edge * FINE))
    canvas = ImageDraw.Draw(image)
    for stroke in strokes:
        x, y = (stroke - 0.5 + random.normal(0, 0.04, 2) + random.normal(0, 0.025, stroke.shape)).T
        x, y = x + 4 * bend[0] * y * y + 3 * bend[1] * x * y, y + 4 * bend[2] * x * x + 3 * bend[3] * x * y
        points = FINE * (np.stack([(x + slant * y) * width, y * height], axis=1) @ turn + middle)
        canvas.line([tuple(point) for point in points], fill=255, width=round(pen), joint="curve")
        for point in points[[0, -1]]:
            canvas.ellipse((*(point - pen / 2), *(point + pen / 2)), fill=255)
    return image.resize((edge, edge), Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(0.5))


def digits(count: int, seed: int) -> Labelled:
    """The digits that lenet and scikit-learn ship, 8×8: `count` of each, drawn by the seed."""
    from lenet.data.digits import originals

    images, labels = originals()
    random = np.random.RandomState(seed)
    for label in range(10):
        for index in random.permutation(np.flatnonzero(labels == label))[:count]:
            yield str(label), Image.fromarray((images[index] * 15.9375).astype(np.uint8))


SETS: dict[str, Callable[[int, int], Labelled]] = {"icons": icons, "letters": letters, "digits": digits}


def write_folders(images: Labelled, folder: Path) -> Path:
    """Write images as class folders: LABEL/NUMBER.png."""
    for number, (label, image) in enumerate(images):
        (folder / label).mkdir(parents=True, exist_ok=True)
        image.save(folder / label / f"{number:04}.png")
    return folder
