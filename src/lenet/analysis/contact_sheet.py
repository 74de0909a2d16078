"""The contact sheet of `lenet data check`: some images of each class, before and after preprocessing."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lenet.data.mapped import positions
from lenet.data.own.fitting import packed
from lenet.data.own.items import Pixels
from lenet.data.own.measuring import pixels_of
from lenet.data.own.survey import Survey
from lenet.display.fonts import drawable
from lenet.display.style import save_figure, styled_figure
from lenet.images.fit import brought_to, with_channels
from lenet.images.preprocess import Preprocessing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SAMPLES = 8  # of each class
CELL, GAP, HALF_GAP = 64, 2, 24  # pixels: of an image, between two, between before and after
MAX_CLASSES = 100  # that are drawn
PAPER = 255
UNLABELLED = -1  # the label of images without, as in `Survey.labels`


def draw_contact_sheet(survey: Survey, preprocessing: Preprocessing) -> "Figure":
    """Draw a row for each class: its first images as they are, and as the network sees them.

    Args:
        survey: What was measured of the images.
        preprocessing: How they are brought to the network.
    """
    classes = survey.collection.classes[:MAX_CLASSES]
    has_unlabelled = not classes or bool((survey.labels == UNLABELLED).any())
    labels = [*range(len(classes)), *([UNLABELLED] if has_unlabelled else [])]
    step = CELL + GAP
    half = SAMPLES * step
    height, width = len(labels) * step, 2 * half + HALF_GAP
    with styled_figure(1.6 + width / 100, 0.7 + height / 100, grid=False) as figure:
        axes = figure.subplots()
        for row, label in enumerate(labels):  # each as an image: Matplotlib needs a hundred bytes for a pixel of one
            strip = np.full((step, width, 3), PAPER, np.uint8)
            for column, index in enumerate(_chosen(survey, label)):
                before = pixels_of(survey.collection, int(survey.numbers[index]))
                after = packed(before, preprocessing.size, preprocessing.fit, preprocessing.channels)
                for pixels, left in ((before, column * step), (after, half + HALF_GAP + column * step)):
                    strip[:CELL, left : left + CELL] = _cell(pixels)
            axes.imshow(strip, interpolation="nearest", extent=(0, width, (row + 1) * step, row * step))
        axes.set(xlim=(0, width), ylim=(height, 0))
        for side in axes.spines.values():
            side.set_visible(False)
        axes.set_yticks(
            [row * step + CELL / 2 for row in range(len(labels))],
            [*map(_short, drawable(classes, "class")), *(["no label"] if has_unlabelled else [])],
        )
        axes.set_xticks(
            [half / 2, half * 1.5 + HALF_GAP], ["as they are", f"as the network sees them, {preprocessing.kind}"]
        )
        axes.xaxis.tick_top()
        if len(classes) < len(survey.collection.classes):
            axes.set_xlabel(f"the first {len(classes)} of {len(survey.collection.classes):,} classes")
        axes.tick_params(length=0)
    return figure


def save_contact_sheet(survey: Survey, preprocessing: Preprocessing, path: Path) -> Path:
    """Write the contact sheet.

    Args:
        survey: What was measured of the images.
        preprocessing: How they are brought to the network.
        path: A .png or .svg file.

    Raises:
        ConfigError: The file has another suffix, or cannot be written.
    """
    return save_figure(draw_contact_sheet(survey, preprocessing), path)


def _chosen(survey: Survey, label: int) -> Sequence[int]:
    """Some images of a class, at equal distances."""
    indices = positions(survey.labels == label)
    chosen: list[int] = indices[np.linspace(0, len(indices) - 1, min(SAMPLES, len(indices))).astype(int)].tolist()
    return chosen


def _cell(pixels: Pixels) -> Pixels:
    """The image in colour, at the size of a cell, on white; small ones in whole multiples, so that pixels stay squares."""
    height, width = pixels.shape[:2]
    times = CELL // max(height, width)
    if times > 1:
        pixels = pixels.repeat(times, axis=0).repeat(times, axis=1)
    elif max(height, width) > CELL:
        scale = CELL / max(height, width)
        pixels = brought_to(pixels, (max(1, round(height * scale)), max(1, round(width * scale))), "stretch")
    cell = np.full((CELL, CELL, 3), PAPER, np.uint8)
    top, left = (CELL - pixels.shape[0]) // 2, (CELL - pixels.shape[1]) // 2
    cell[top : top + pixels.shape[0], left : left + pixels.shape[1]] = with_channels(pixels, 3)
    return cell


def _short(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:23]}…"
