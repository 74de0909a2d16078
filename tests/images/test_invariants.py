"""How the images of a data set are framed, measured."""

import gzip

import numpy as np
import pytest

from lenet.data import digits
from lenet.data.loading import load
from lenet.images.framing import is_light, place
from lenet.images.invariants import ObjectRange, is_framed, measured_framing, measured_range
from lenet.images.preprocess import Preprocessing


def placed(framing: str, edge: int, size: int = 28, count: int = 60) -> np.ndarray:
    """Blots whose longest edge is `edge`, centred as the framing says."""
    random, images = np.random.RandomState(0), []
    for number in range(count):
        height, width = (
            (edge, random.randint(edge // 2, edge)) if number % 2 else (random.randint(edge // 2, edge), edge)
        )
        blot = np.zeros((height, width), np.uint8)
        blot[:, 0] = blot[0] = 255  # an L turned upside down: its centre of mass is not that of its box
        blot[height - 1, :2] = blot[:2, width - 1] = 255
        images.append(place(blot, (size, size), framing))
    return np.stack(images)


@pytest.mark.parametrize(
    ("framing", "edge", "expected"),
    [("mass", 20, "mass"), ("box", 28, "box"), ("box", 18, "whole"), ("box", 12, "whole")],
)
def test_the_framing_is_what_nearly_all_images_have(framing, edge, expected):
    images = placed(framing, edge)
    assert measured_framing(images, "dark") == expected
    assert measured_framing(255 - images, "light") == expected
    assert measured_framing(images, "mixed") == "whole"
    assert measured_framing(np.stack([images] * 3, axis=3), "dark") == "whole"
    images[::4] = 255
    assert measured_framing(images, "dark") == "whole"


def test_images_of_other_sizes_and_photographs_are_whole():
    random = np.random.RandomState(0)
    assert measured_framing(placed("mass", 20, size=40), "dark") == "whole"
    assert measured_framing(random.randint(0, 256, (50, 28, 28)).astype(np.uint8), "dark") == "whole"
    assert measured_framing(np.zeros((5, 28, 28), np.uint8), "dark") == "whole"
    assert measured_framing(np.full((5, 1, 1), 200, np.uint8), "dark") == "whole"
    assert digits.originals()[0].shape[1:] == (8, 8)
    assert measured_framing(digits.originals()[0] * 15, "dark") == "whole"


@pytest.mark.data
@pytest.mark.parametrize(("name", "framing"), [("mnist", "mass"), ("fashion-mnist", "box")])
def test_the_data_sets_have_the_framing_of_the_catalogue(real_data, name, framing):
    for part in load(name, real_data):
        assert measured_framing(part.images, "dark") == framing


@pytest.mark.parametrize(("name", "framing"), [("mnist", "mass"), ("fashion-mnist", "box")])
def test_all_test_images_go_in_as_they_are(real_data, name, framing):
    """All 10,000 and their inverses, bit for bit: a file from the data set is seen as evaluation sees it."""
    content = gzip.decompress((real_data / name / "t10k-images-idx3-ubyte.gz").read_bytes())
    for image in np.frombuffer(content, np.uint8, offset=16).reshape(-1, 28, 28):
        assert is_framed(image, framing)
        assert not is_light(image)
        assert is_light(255 - image)


def ink(top=4, left=6, height=20, width=16, level=255):
    image = np.zeros((28, 28), np.uint8)
    image[top : top + height, left : left + width] = level
    return image


@pytest.mark.parametrize(
    ("image", "framing", "expected"),
    [
        (ink(), "mass", True),
        (ink(top=1), "mass", False),
        (ink(left=9), "mass", False),
        (ink(height=14, top=7), "mass", False),
        (ink(2, 4, 24, 20), "mass", True),  # as in EMNIST
        (ink(level=120), "mass", False),
        (ink(0, 6, 28, 16), "box", True),
        (ink(0, 2, 28, 16), "box", False),
        (ink(), "box", False),
        (np.maximum(ink(0, 6, 28, 16), 3), "box", False),  # a ground of noise
        (np.zeros((28, 28), np.uint8), "mass", False),
        (np.zeros((28, 28), np.uint8), "box", False),
    ],
)
def test_only_what_is_framed_alike_goes_in_as_it_is(image, framing, expected):
    assert is_framed(image, framing) == expected


def test_images_that_are_not_framed_all_alike_are_known_by_what_the_training_images_have():
    images = np.stack([ink(top, 5, height, 15) for height in (16, 20, 23) for top in (2, 3, 5)])
    objects = measured_range(images, "mass", "dark")
    assert objects == measured_range(255 - images, "mass", "light")
    assert objects.least == pytest.approx(15 / 28, abs=1e-4)
    assert objects.most == pytest.approx(24 / 28, abs=1e-4)
    assert objects.off_centre == pytest.approx(5 / 28, abs=1e-4)
    for image in images:
        assert is_framed(image, "mass", objects)
    for other in (ink(0, 5, 16, 15), ink(8, 8, 11, 9), ink(2, 2, 25, 20), ink(level=120), np.maximum(ink(), 20)):
        assert not is_framed(other, "mass", objects)


def test_nothing_is_measured_where_nearly_all_images_are_framed_alike():
    assert measured_range(np.stack([ink()] * 5), "mass", "dark") is None
    assert measured_range(placed("box", 28), "box", "dark") is None
    assert measured_range(np.zeros((5, 28, 28), np.uint8), "mass", "dark") is None


def test_what_is_measured_is_kept_with_the_network():
    made = Preprocessing.of(load("digits").train)
    assert made.objects is not None
    assert Preprocessing.from_dict(made.to_dict()) == made
    assert ObjectRange(*made.to_dict()["objects"]) == made.objects
    old = {name: value for name, value in made.to_dict().items() if name != "objects"}
    assert Preprocessing.from_dict(old).objects is None


def test_all_test_images_of_the_built_in_digits_go_in_as_they_are():
    train, test = load("digits")
    made = Preprocessing.of(train)
    for image in test.images:
        assert np.array_equal(made.apply(image), image)
        assert is_framed(image, "mass", made.objects)


@pytest.mark.parametrize("framing", ["mass", "box"])
@pytest.mark.parametrize("ground", ["dark", "light"])
def test_an_image_that_is_only_out_of_place_is_moved_by_whole_pixels(framing, ground):
    rng = np.random.default_rng(0)
    made = Preprocessing((28, 28), ground=ground, framing=framing)
    for _ in range(30):
        blot = rng.integers(100, 256, (20 if framing == "mass" else 26, rng.integers(10, 19)), np.uint8)
        blot[5, 5] = 255
        image = place(blot, (28, 28), framing)
        expected = 255 - image if ground == "light" else image
        rows, columns = (np.flatnonzero(image.any(axis=axis)) for axis in (1, 0))
        shift = rng.choice([-rows[0], 27 - rows[-1]]), rng.choice([-columns[0], 27 - columns[-1]])
        for moved in (np.roll(image, shift, (0, 1)), 255 - np.roll(image, shift, (0, 1))):
            assert np.array_equal(made.apply(moved), expected)
