"""The built-in data set: 1,797 handwritten digits, enlarged to the size and number of MNIST's, without a network.

The originals, in digits.npz, are real handwriting of 8×8 pixels with values 0 … 16 (digits.LICENSE.txt says whose). They
are split first, so that no original is in both sets; then each is drawn about forty times at 28×28 with a small rotation,
stretch and shift.

Everything is integer arithmetic (fixed point, 16 fractional bits) on NumPy's frozen `RandomState` stream, so that every
platform and version makes the same bytes, and the catalogue can give their SHA-256 as it does for downloaded files.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lenet.data import idx

Originals = NDArray[np.int32]  # (N, 8, 8), 0 … 16
Integers = NDArray[np.int32]
Pixels = NDArray[np.uint8]

FILE = Path(__file__).with_name("digits.npz")
NUM_TRAIN, NUM_TEST = 60_000, 10_000
NUM_ORIGINALS, NUM_TEST_ORIGINALS = 1_797, 297
SEED = 1797

DOUBLINGS = 4  # 8×8 → 128×128
FINE = 8 << DOUBLINGS
CANVAS = 288  # black margin all round: no rotation, stretch or shift can read outside it
DIGIT = 20  # an 8×8 original becomes 20×20 pixels, as in MNIST

PERCENT = (88, 114)  # of the size, each way on its own
MAX_SHIFT = 32  # sixteenths of a pixel
MAX_DEGREES = 12
ONE = 1 << 16
COSINES = np.array([round(ONE * math.cos(math.radians(d))) for d in range(-MAX_DEGREES, MAX_DEGREES + 1)])
SINES = np.array([round(ONE * math.sin(math.radians(d))) for d in range(-MAX_DEGREES, MAX_DEGREES + 1)])


def originals() -> tuple[Pixels, Pixels]:
    """Read the originals.

    Returns:
        images, uint8 (1797, 8, 8) with values 0 … 16, and labels, uint8 (1797,).
    """
    with np.load(FILE, allow_pickle=False) as archive:
        return archive["images"], archive["labels"]


def generate() -> tuple[tuple[Pixels, Pixels], tuple[Pixels, Pixels]]:
    """Make the data set.

    Returns:
        (images, labels) for training and (images, labels) for testing: uint8 (N, 28, 28) and uint8 (N,).
    """
    images, labels = originals()
    random = np.random.RandomState(SEED)
    train, test = split(labels, random)
    return (
        _draw_all(images[train].astype(np.int32), labels[train], NUM_TRAIN, random),
        _draw_all(images[test].astype(np.int32), labels[test], NUM_TEST, random),
    )


def idx_files() -> Iterator[bytes]:
    """Make the content of the data set's four IDX files, in the order of the catalogue."""
    for part in generate():
        for array in part:
            yield idx.dump(array)


def split(labels: Pixels, random: np.random.RandomState) -> tuple[Integers, Integers]:
    """Indices of the training and of the test originals, with every class in the same proportion."""
    by_class = np.lexsort((_keys(random, NUM_ORIGINALS), labels))
    # Every sixth or so of a list sorted by class, shuffled within a class, is a stratified sample.
    chosen = np.arange(NUM_TEST_ORIGINALS) * NUM_ORIGINALS // NUM_TEST_ORIGINALS
    return np.delete(by_class, chosen).astype(np.int32), by_class[chosen].astype(np.int32)


def _keys(random: np.random.RandomState, count: int) -> Integers:
    """Random sorting keys. The default dtype, and with it the stream, differs between platforms."""
    return random.randint(0, 2**31 - 1, size=count, dtype=np.int32)


def _draw_all(originals: Originals, labels: Pixels, count: int, random: np.random.RandomState) -> tuple[Pixels, Pixels]:
    """`count` images, equally many of each original (give or take one), shuffled."""
    order = np.argsort(_keys(random, count), kind="stable")
    images = np.empty((count, 28, 28), np.uint8)
    image_labels = np.empty(count, np.uint8)
    # One original at a time: its canvas stays in the processor's cache, and the memory needed stays small.
    for i, original in enumerate(originals):
        positions = order[i :: len(originals)]
        images[positions] = _draw(_canvas(original), len(positions), random)
        image_labels[positions] = labels[i]
    return images, image_labels


def _canvas(original: Integers) -> Pixels:
    """The 8×8 original as a smooth 128×128 image, 0 … 255, in the middle of a black canvas."""
    fine = original
    for _ in range(DOUBLINGS):
        fine = _double(_double(fine).T).T  # exact: 16 times the values, nothing rounded
    full = 16 * 16**DOUBLINGS
    # The originals are block averages of black-and-white scans: a steep ramp about a third of full ink finds the strokes.
    low, high = full * 3 // 16, full * 9 // 16
    inked = np.clip((fine - low) * 8 // ((high - low) // 32), 0, 255)
    canvas = np.zeros((CANVAS, CANVAS), np.uint8)
    margin = (CANVAS - FINE) // 2
    canvas[margin:-margin, margin:-margin] = inked
    return canvas


def _double(rows: Integers) -> Integers:
    """Twice as many rows, each between two neighbours at ¼ or ¾, times 4; repeated, this tends to a smooth spline."""
    padded = np.pad(rows, ((1, 1), (0, 0)))
    doubled = np.empty((2 * len(rows), rows.shape[1]), np.int32)
    doubled[0::2] = 3 * rows + padded[:-2]
    doubled[1::2] = 3 * rows + padded[2:]
    return doubled


def _draw(canvas: Pixels, count: int, random: np.random.RandomState) -> Pixels:
    """`count` images of one canvas, each rotated, stretched and shifted a little: uint8 (count, 28, 28)."""

    def choose(low: int, high: int) -> NDArray[np.int64]:
        return random.randint(low, high + 1, size=(count, 1), dtype=np.int32).astype(np.int64)

    angle = choose(0, 2 * MAX_DEGREES)
    wide, high = choose(*PERCENT), choose(*PERCENT)
    centres = 16 * np.arange(28) - 216  # of the pixels, in sixteenths of one, from the middle of the image
    across = centres - choose(-MAX_SHIFT, MAX_SHIFT)  # (count, 28)
    down = centres - choose(-MAX_SHIFT, MAX_SHIFT)
    cosine, sine = COSINES[angle], SINES[angle]
    x = _on_canvas(across * cosine, down * sine, wide)
    y = _on_canvas(-across * sine, down * cosine, high)
    pixels: Pixels = canvas.ravel()[y * CANVAS + x]
    return pixels


def _on_canvas(by_column: NDArray[np.int64], by_row: NDArray[np.int64], percent: NDArray[np.int64]) -> Integers:
    """One canvas coordinate for every pixel, int32 (count, 28, 28): the sum of a part for its column and one for its row."""
    step = ONE * FINE * 100 // (16 * DIGIT * percent)  # canvas pixels for a sixteenth of a pixel
    columns = (by_column * step >> 16) + ONE * CANVAS // 2
    rows = by_row * step >> 16
    coordinates: Integers = (rows.astype(np.int32)[:, :, None] + columns.astype(np.int32)[:, None, :]) >> 16
    return coordinates
