"""Small JPEGs are decoded directly: the pixels are those of the general way, and anything unusual is left to it."""

import io
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lenet.errors import ImageError
from lenet.images import jpeg
from lenet.images.decode import decode

ENOUGH = 56


def encoded(mode: str, size: tuple[int, int], seed: int = 0, **options) -> bytes:
    random = np.random.default_rng(seed)
    channels = {"L": (), "RGB": (3,), "CMYK": (4,)}[mode]
    image = Image.fromarray(random.integers(0, 256, (*size, *channels), np.uint8), mode=mode)
    file = io.BytesIO()
    with mock.patch("PIL.ImageFile.MAXBLOCK", 1 << 22):  # Pillow's encoder needs room for noise
        image.save(file, "JPEG", **options)
    return file.getvalue()


def general(content: bytes) -> np.ndarray:
    with mock.patch.object(jpeg, "small", return_value=None):
        return decode(content, "image", enough=ENOUGH)


@given(
    mode=st.sampled_from(["L", "RGB", "CMYK"]),
    size=st.tuples(st.integers(1, 130), st.integers(1, 130)) | st.tuples(st.integers(100, 250), st.integers(100, 250)),
    options=st.fixed_dictionaries(
        {"quality": st.integers(1, 100), "subsampling": st.integers(0, 2)},
        optional={
            "optimize": st.booleans(),
            "progressive": st.booleans(),
            "restart_marker_blocks": st.integers(1, 3),
            "comment": st.binary(max_size=20),
            "icc_profile": st.binary(min_size=1, max_size=20),
            "exif": st.sampled_from([b"Exif\0\0", Image.Exif().tobytes()]),
        },
    ),
    seed=st.integers(0, 9),
)
@settings(max_examples=60)
def test_pixels_are_those_of_the_general_way(mode, size, options, seed) -> None:
    content = encoded(mode, size, seed, **options)
    np.testing.assert_array_equal(decode(content, "image", enough=ENOUGH), general(content))


@pytest.mark.parametrize("options", [{}, {"restart_marker_blocks": 1}, {"comment": b"hello"}])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_usual_files_are_decoded_directly(mode, options) -> None:
    for edge in (28, 112, 240):  # as it is, at a half, and at a quarter
        assert jpeg.small(encoded(mode, (edge, edge), **options), ENOUGH) is not None


def test_grey_pixels_in_colour_files_are_grey() -> None:
    file = io.BytesIO()
    Image.new("RGB", (28, 28), (9, 9, 9)).save(file, "JPEG")
    assert jpeg.small(file.getvalue(), ENOUGH).shape == (28, 28)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8",
        encoded("L", (28, 28), progressive=True),
        encoded("CMYK", (28, 28)),
        encoded("L", (900, 900)),  # is large
        encoded("L", (28, 28), exif=Image.Exif().tobytes()),
        encoded("L", (28, 28))[:-20],
        encoded("L", (28, 28))[:100],
    ],
)
def test_others_are_left_to_the_general_way(content) -> None:
    assert jpeg.small(content, ENOUGH) is None


@given(st.data())
@settings(max_examples=300)
def test_damaged_files_end_as_in_the_general_way(data) -> None:
    content = bytearray(encoded(data.draw(st.sampled_from(["L", "RGB"])), (28, 28)))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    damaged = bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
    results = []
    for way in (lambda: decode(damaged, "image", enough=ENOUGH), lambda: general(damaged)):
        try:
            results.append(way().tolist())
        except ImageError as error:
            results.append(error.message)
    assert results[0] == results[1]
