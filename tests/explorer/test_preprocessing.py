"""The page's preprocessing: what it makes of an image, and each step, bit for bit as Python's."""

import drawings
import numpy as np
import parity
import pytest
from javascript import called
from parity import FRAMINGS, WHOLE, unequal

from lenet.data import load
from lenet.images.decode import decode
from lenet.images.invariants import ObjectRange
from lenet.images.preprocess import Preprocessing

pytestmark = [pytest.mark.node, pytest.mark.process]
MODULE = "images/preprocess.js"
KINDS = {"mass": "digit", "box": "garment"}
# A condition of each way that an image takes: ink, light ink, thin strokes, colours, ruled lines, small images.
SOME = {
    "mass": (
        "plain",
        "dark_ground",
        "thin",
        "equal_brightness",
        "ruled",
        "in_corner",
        "tiny_dark",
        "transparent",
        "noisy",
    ),
    "box": (
        "plain",
        "dark_ground",
        "planks",
        "frame_thin",
        "tilted_sheet",
        "in_corner",
        "tiny_coloured",
        "transparent",
    ),
}


def random_images(*sizes):
    generator = np.random.default_rng(0)
    shapes = [(height, width, *channels) for height, width in sizes for channels in ((), (3,), (4,))]
    return [generator.integers(0, 256, shape).astype(np.uint8) for shape in shapes]


def drawn(framing, conditions, seed=1):
    kind = KINDS[framing]
    jobs = [(name, number % 10) for number, name in enumerate(conditions) if kind in drawings.CONDITIONS[name].kinds]
    return [decode(drawings.draw(name, kind, label, seed), name) for name, label in jobs]


def digits(count):
    """Images of 28 × 28 pixels that are framed as MNIST's."""
    return [FRAMINGS["mass"].apply(image) for image in drawn("mass", ["plain"] * count)]


@pytest.mark.parametrize("name", WHOLE)
def test_whole_images(name):
    images = random_images((64, 64), (5, 9), (33, 20), (1, 1), (100, 37), (170, 150))
    assert unequal(images, WHOLE[name]) == {}


def test_photographs_of_no_common_ground():
    assert unequal(random_images((28, 28), (9, 20), (70, 51), (150, 99)), FRAMINGS["mixed"]) == {}


@pytest.mark.parametrize("framing", ["mass", "box"])
def test_drawings(framing):
    assert unequal(drawn(framing, SOME[framing]), FRAMINGS[framing]) == {}


def test_several_digits_on_one_image():
    row = decode(drawings.write_row("digit", [2, 0, 6], seed=1), "row")
    assert unequal([row], FRAMINGS["mass"]) == {}
    assert len(called([(MODULE, "split", [row, FRAMINGS["mass"].to_dict()])])[0]) == 3


@pytest.mark.parametrize("framing", ["mass", "mass on light"])
def test_digits_that_are_recognised(framing):
    images = [variant for image in digits(1) for variant in parity.variants(image)]
    assert unequal(images, FRAMINGS[framing]) == {}


def test_objects_that_are_not_framed_all_alike():
    objects = Preprocessing((28, 28), framing="mass", objects=ObjectRange(0.4, 0.9, 0.2))
    images = [parity.moved(image, down, 3) for image in digits(3) for down in (-3, 2)]
    assert unequal(images, objects) == {}


def test_masks_and_transparency():
    generator = np.random.default_rng(3)
    images = [parity.transparent(parity.enlarged(image, 5), generator) for image in digits(3)]
    images += [parity.enlarged(image, 4) // 128 for image in digits(3)]  # of 0 and 1
    assert unequal(images, FRAMINGS["mass"]) == {}


def test_images_that_show_nothing():
    grey, pale = np.full((40, 50), 200, np.uint8), np.full((40, 50, 3), 200, np.uint8)
    pale[5, 5] = 205
    nothing = np.linspace(100, 112, 200).astype(np.uint8)[None].repeat(150, 0)
    assert unequal([grey, pale, nothing], FRAMINGS["mass"]) == {}
    calls = [(MODULE, "explain", [image, FRAMINGS["mass"].to_dict()]) for image in (grey, pale, nothing)]
    problems = [{"problem": "alike", "values": {}}, {"problem": "faint", "values": {"difference": 5}}]
    assert called(calls) == [*problems, {"problem": "nothing", "values": {}}]


def steps_without(image, preprocessing, *off):
    (explained,) = called([(MODULE, "explain", [image, preprocessing.to_dict(), {"set": off}])])
    return explained


def test_each_step_can_be_switched_off():
    """Thin, dark, pale ink on the left of light paper, on which a line and a speck lie."""
    preprocessing = FRAMINGS["mass"]
    image = np.full((200, 200), 230, np.uint8)
    image[120:180, 60:63] = image[120:123, 60:100] = 120
    image[10:14, 180:184] = 120
    usual, no_strokes, no_contrast, no_place, no_polarity, no_find = (
        steps_without(image, preprocessing, *off)
        for off in ((), ("strokes",), ("contrast",), ("place",), ("polarity",), ("find",))
    )
    seen = {name: part["seen"].reshape(28, 28).astype(int) for name, part in locals().items() if name.startswith("no_")}
    base = usual["seen"].reshape(28, 28).astype(int)
    assert np.array_equal(seen["no_polarity"], 255 - base)
    assert 80 < seen["no_contrast"].max() < 140 < base.max()
    assert (seen["no_strokes"] > 128).sum() < (base > 128).sum()
    assert seen["no_place"][:, :8].any()
    assert not base[:, :8].any()
    assert no_find["found"] is None
    assert min(no_find["steps"][1]["image"].shape) >= 200
    assert seen["no_find"].max() == 255
    assert not np.array_equal(seen["no_find"], base)
    assert usual["found"]["dropped"].any()


@pytest.mark.proof
def test_a_network_of_another_size():
    images = [variant for image in digits(3) for variant in parity.variants(image)]
    assert unequal(images, FRAMINGS["mass 32"]) == {}


@pytest.mark.proof
@pytest.mark.parametrize("framing", ["mass", "box"])
def test_drawings_of_many_conditions(framing):
    conditions = [condition.name for condition in drawings.conditions(KINDS[framing])[::5]]
    assert unequal(drawn(framing, conditions, seed=3), FRAMINGS[framing]) == {}


@pytest.mark.proof
@pytest.mark.parametrize(("data", "framing"), [("mnist", "mass"), ("fashion-mnist", "box")])
def test_images_of_the_data_sets(real_data, data, framing):
    images = load(data, real_data).test.images[:20]
    generator = np.random.default_rng(6)
    every = [variant for image in images for variant in parity.variants(image)]
    every += [parity.on_paper(image, generator) for image in images[:10]]
    every += [parity.transparent(parity.enlarged(image, 5), generator) for image in images[:10]]
    assert unequal(every, FRAMINGS[framing]) == {}
