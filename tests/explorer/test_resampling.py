"""Pillow's resize, reduce and grey in JavaScript, bit for bit."""

import numpy as np
import pytest
from javascript import called
from PIL import Image

from lenet.images.pixels import to_grey, without_colours

pytestmark = pytest.mark.node


def image(generator, dtype, *shape):
    values = generator.random(shape) * 255
    return np.rint(values).astype(np.uint8) if dtype == "uint8" else values.astype(np.float32)


@pytest.mark.parametrize(
    ("dtype", "filter_name", "is_colour"),
    [
        ("float32", "box", False),
        ("float32", "bilinear", False),
        ("float32", "bicubic", False),
        ("uint8", "bicubic", False),
        ("uint8", "bicubic", True),
        ("uint8", "box", True),
    ],
)
def test_resizing_as_pillow_does(dtype, filter_name, is_colour):
    generator, kind = np.random.default_rng(0), Image.Resampling[filter_name.upper()]
    jobs = []
    for number in range(12):
        height, width = generator.integers(1, 90, 2).tolist()
        # Larger along both axes, or smaller along the rows alone: Pillow's versions differ in the order of other passes.
        new = (height + 2 * number, width + 3 * number) if number % 2 else (height, max(1, width // (number + 1)))
        jobs.append((image(generator, dtype, height, width, *((3,) if is_colour else ())), *new))
    results = called([("images/resample.js", "resized", [pixels, w, h, filter_name]) for pixels, h, w in jobs])
    for (pixels, height, width), result in zip(jobs, results, strict=True):
        expected = np.asarray(Image.fromarray(pixels).resize((width, height), kind))
        assert result.dtype == expected.dtype
        assert np.array_equal(result, expected)


@pytest.mark.parametrize("channels", [(), (3,)])
def test_reducing_as_pillow_does(channels):
    generator = np.random.default_rng(1)
    jobs = [
        (image(generator, "uint8", *generator.integers(2, 70, 2), *channels), across, down)
        for across, down in [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (1, 2), (3, 1), (7, 2), (6, 6), (11, 13), (20, 9)]
    ]
    results = called([("images/reduce.js", "reduce", list(job)) for job in jobs])
    for (pixels, across, down), result in zip(jobs, results, strict=True):
        factors = (min(across, pixels.shape[1]), min(down, pixels.shape[0]))
        if factors == (across, down):
            assert np.array_equal(result, np.asarray(Image.fromarray(pixels).reduce(factors)))


def test_grey_and_colours():
    generator = np.random.default_rng(2)
    grey = image(generator, "uint8", 20, 30)
    same = np.repeat(grey[:, :, None], 3, axis=2)
    nearly = same.copy()
    nearly[19, 29, 2] ^= 1
    every = [grey, same, nearly, image(generator, "uint8", 64, 64, 3)]
    for function, expected in (("toGrey", to_grey), ("withoutColours", without_colours)):
        results = called([("images/pixels.js", function, [pixels]) for pixels in every])
        for pixels, result in zip(every, results, strict=True):
            assert np.array_equal(result, expected(pixels))
