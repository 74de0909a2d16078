"""Finding garments in JavaScript against Python: what is found, the ground below it and every step, bit for bit."""

import drawings
import numpy as np
import pytest
from javascript import called
from parity import FRAMINGS, enlarged, unequal
from photograph_files import in_a_photo

from lenet.data import load
from lenet.images.decode import ENOUGH, decode
from lenet.images.finding.search import search

pytestmark = [pytest.mark.node, pytest.mark.process]
BOX = FRAMINGS["box"]
FEW = (
    "corner_shadow", "lamp", "frame_thick", "on_desk", "instant_photo", "pale_on_white", "dark_on_dark", "white_on_grey",
    "two_halves", "palette", "tall", "small_on_page",
)  # fmt: skip


def drawn(names, seed):
    """A garment of each condition, with each of the classes in turn."""
    contents = [drawings.draw(name, "garment", number % 10, seed) for number, name in enumerate(names)]
    return [decode(content, "garment", enough=ENOUGH) for content in contents]


def photos(images, seed=0):
    """Images of the data set somewhere on a larger sheet in sloping light."""
    made = [in_a_photo(image, np.random.default_rng(seed + number)) for number, image in enumerate(images)]
    return [np.asarray(photo.convert("RGB")) for photo in made]


def on_desk(image, generator):
    """An image of the data set on a light sheet that lies on a darker desk."""
    sheet = enlarged(image, 4, 235, -0.7)[:, :, None].repeat(3, 2)
    desk = generator.normal(generator.uniform(40, 140, 3), 4, (200, 260, 3)).clip(0, 255).astype(np.uint8)
    top, left = generator.integers(20, 200 - 112 - 20), generator.integers(20, 260 - 112 - 20)
    desk[top : top + 112, left : left + 112] = sheet
    return desk


def test_garments_are_found_as_in_python():
    assert unequal(drawn(FEW, seed=1), BOX) == {}


def test_the_ground_below_a_garment_is_that_of_python():
    images = drawn(["plain", "vignette", "speck"], seed=2)
    sights = [search(image, "box", "garment") for image in images]
    hidden = [sight.found.kept | sight.found.dropped for sight in sights]
    calls = [
        ("images/finding/solids/continued.js", "without", [sight.found.copy, mask])
        for sight, mask in zip(sights, hidden, strict=True)
    ]
    for sight, ground in zip(sights, called(calls), strict=True):
        assert np.array_equal(ground, sight.found.ground)


def test_images_of_odd_sizes():
    generator = np.random.default_rng(0)
    images = [
        generator.integers(0, 256, shape).astype(np.uint8) for shape in ((2, 3), (1, 300, 3), (301, 3), (9, 50, 3))
    ]
    assert unequal(images, BOX) == {}


@pytest.mark.proof
def test_garments_of_many_conditions_are_found_as_in_python():
    names = [condition.name for condition in drawings.conditions("garment")][1::2]
    assert unequal(drawn(names, seed=4), BOX, parts=False) == {}


@pytest.mark.proof
def test_fashion_mnist_in_photos_enlarged_and_on_a_desk(real_data):
    generator = np.random.default_rng(1)
    images = load("fashion-mnist", real_data).test.images[:100]
    made = photos(images[:40]) + [on_desk(image, generator) for image in images[40:70]]
    made += [enlarged(image, int(generator.integers(2, 9)), 200, -0.6) for image in images[70:]]
    assert unequal(made, BOX, parts=False) == {}
