"""Many image files at once: what `Preprocessing.apply` makes of each, to the last bit."""

import io

import numpy as np
import pytest
from PIL import Image

import lenet
from lenet.errors import DataError, LenetError
from lenet.images.preprocess import Preprocessing
from lenet.images.together import apply_together

NETWORKS = [
    Preprocessing((28, 28), framing="box"),
    Preprocessing((28, 28), framing="mass", ground="light"),
    Preprocessing((28, 28), framing="mass", ground="mixed"),
    Preprocessing((12, 20), framing="whole", ground="mixed", channels=3, fit="crop"),
    Preprocessing((28, 28), framing="whole", ground="dark"),
]


def encoded(pixels: np.ndarray, kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


@pytest.fixture(scope="module")
def files() -> list[bytes | LenetError]:
    """Digits as they are and moved, photographs of several sizes, grey and in colour, and what is no image."""
    random = np.random.default_rng(0)
    digits = lenet.data.load("digits").test.images[:10]
    images = [*digits, *(255 - digits[:3]), np.roll(digits[3], 2, axis=1), np.full((28, 28), 9, np.uint8)]
    contents = [encoded(image, "PNG") for image in images] + [encoded(image, "JPEG") for image in images[:3]]
    for size in ((40, 60), (40, 60), (9, 30), (90, 120), (40, 60)):
        contents.append(encoded(random.integers(0, 256, (*size, 3), np.uint8), "JPEG"))
        contents.append(encoded(random.integers(0, 256, size, np.uint8), "PNG"))
    return [*contents[:7], b"<html>", *contents[7:], b"", contents[-1][:50], DataError("gone")]


@pytest.mark.parametrize("preprocessing", NETWORKS)
def test_each_is_as_if_alone(files, preprocessing):
    names = [f"{number}.png" for number in range(len(files))]
    for order in (np.arange(len(files)), np.random.default_rng(1).permutation(len(files))):
        seen = apply_together([files[i] for i in order], [names[i] for i in order], preprocessing)
        for i, found in zip(order, seen, strict=True):
            if isinstance(files[i], LenetError):
                assert found is files[i]
                continue
            try:
                expected = preprocessing.apply(files[i], names[i])
            except LenetError as error:
                assert (found.message, found.hint) == (error.message, error.hint)
            else:
                np.testing.assert_array_equal(found, expected)
    assert apply_together([], [], preprocessing) == []
