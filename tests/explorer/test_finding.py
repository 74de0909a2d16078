"""Finding ink in JavaScript against Python: everything that is found, bit for bit."""

import gzip

import drawings
import numpy as np
import pytest
from javascript import called

from lenet.errors import ImageError
from lenet.images.decode import ENOUGH, decode
from lenet.images.finding.search import Sight, check_contrast, main_axis, search

pytestmark = pytest.mark.node
SEARCH = "images/finding/search.js"
FEW = (
    "plain", "chalk", "ruled", "squared", "frame_thick", "on_desk", "equal_brightness", "many_coloured", "cut_neighbours",
    "salt_and_pepper", "twelve_megapixels", "small_on_page", "in_corner", "tiny_light", "middle_64",
)  # fmt: skip


def drawn(conditions, labels=range(10)):
    """Decoded images: one of each condition, with each of the labels in turn."""
    contents = [drawings.draw(name, "digit", labels[number % len(labels)], 1) for number, name in enumerate(conditions)]
    return [decode(content, "drawing", enough=ENOUGH) for content in contents]


def rows():
    """Several digits side by side."""
    return [
        decode(drawings.write_row("digit", digits, seed=1), "row", enough=ENOUGH) for digits in ([4, 2], [2, 0, 2, 6])
    ]


def digits_of(folder):
    """The images of MNIST's test set."""
    content = gzip.decompress((folder / "mnist" / "t10k-images-idx3-ubyte.gz").read_bytes())
    return np.frombuffer(content, np.uint8, offset=16).reshape(-1, 28, 28)


def photographed(digits, rng):
    """Digits enlarged, moved, on paper of a colour that gets darker to a side."""
    for digit in digits:
        scale, (height, width) = int(rng.integers(1, 13)), rng.integers(40, 700, 2)
        ink = digit.repeat(scale, axis=0).repeat(scale, axis=1)[:height, :width] / 255
        paper = np.linspace(rng.integers(60, 250), 240, width) * np.ones((height, 1))
        top, left = (int(rng.integers(0, free + 1)) for free in np.subtract(paper.shape, ink.shape))
        page = paper[:, :, None] * rng.uniform(0.7, 1, 3) + rng.normal(0, 2, (height, width, 3))
        page[top : top + ink.shape[0], left : left + ink.shape[1]] *= 1 - 0.8 * ink[:, :, None] * rng.uniform(0.3, 1, 3)
        colours = np.asarray(page.clip(0, 255), np.uint8)
        yield colours if rng.random() < 0.5 else np.ascontiguousarray(colours[:, :, 1])


def same(one, other):
    return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()


def assert_alike(images):
    results = called([(SEARCH, "search", [image, "mass"]) for image in images])
    for image, result in zip(images, results, strict=True):
        try:
            sight = search(image, "mass", "image")
        except ImageError:
            assert result == {"problem": "nothing", "values": {}}
        else:
            assert_same(result, sight)


def assert_same(result, sight: Sight):
    found, reading = result["found"], result["reading"]
    assert same(found["copy"], sight.found.copy)
    for name in ("kept", "dropped"):
        assert same(found[name].view(bool), getattr(sight.found, name))
        assert same(reading[name].view(bool), getattr(sight.reading, name))
    assert found["square"] == sight.found.square
    assert found["box"] == sight.found.box._asdict()
    assert found["parts"] == [box._asdict() for box in sight.found.parts]
    assert same(reading["relief"], sight.reading.relief)
    assert (reading["noise"], reading["cost"]) == (sight.reading.noise, sight.reading.cost)
    for part, expected in zip(reading["parts"], sight.reading.parts, strict=True):
        assert same(part.view(bool), expected)


def test_ink_is_found_as_in_python():
    assert_alike([*drawn(FEW), *rows()])


def test_images_that_show_nothing_are_refused_as_in_python():
    alike, faint = np.full((30, 40, 3), 100, np.uint8), np.full((30, 40, 3), 100, np.uint8)
    faint[3:9, 3:9, 1] += 9
    assert called([(SEARCH, "checkContrast", [image]) for image in (alike, faint)]) == [
        {"problem": "alike", "values": {}},
        {"problem": "faint", "values": {"difference": 9}},
    ]
    with pytest.raises(ImageError):
        check_contrast(faint, "image")
    assert_alike([np.random.default_rng(0).normal(200, 3, (400, 400)).astype(np.uint8)])


def test_the_main_axis_is_that_of_python():
    vectors = np.random.default_rng(0).normal(size=(50, 3, 3)) * np.array([1, 5, 30])
    matrices = (vectors @ vectors.swapaxes(1, 2)).tolist()
    results = called([("images/finding/grey_axis.js", "mainAxis", [matrix]) for matrix in matrices])
    assert [tuple(result) for result in results] == [main_axis(matrix) for matrix in matrices]


@pytest.mark.proof
def test_ink_is_found_as_in_python_in_every_condition():
    names = [condition.name for condition in drawings.conditions("digit")]
    assert_alike(drawn(names))


@pytest.mark.proof
def test_digits_on_paper_are_found_as_in_python(real_data):
    assert_alike(list(photographed(digits_of(real_data)[:60], np.random.default_rng(1))))
