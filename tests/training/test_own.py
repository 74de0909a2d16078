"""The recipe `own`: settings that follow from the number of images."""

import dataclasses

import numpy as np
import pytest
from made_up import noise
from PIL import Image

import lenet
from lenet.analysis.answer import Reading
from lenet.analysis.strip import draw_strip
from lenet.configuration import configure
from lenet.data.dataset import Dataset, Splits
from lenet.images.preprocess import Preprocessing
from lenet.training.own import batch_size, class_weights, num_epochs, recipe_for, with_own_settings


def test_the_users_own_data_is_trained_by_the_recipe_own(tiny):
    assert recipe_for(tiny) == recipe_for("photos/") == recipe_for("train.csv") == "own"
    assert recipe_for(None) == recipe_for("auto") == recipe_for("FashionMNIST") == recipe_for("mnist") == "fast"
    known = Splits(*(dataclasses.replace(part, name="mnist") for part in tiny), source="made up")
    assert recipe_for(known) == "fast"


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 9, 17, 33, 80, 100, 1601, 2000, 20_001, 60_000, 10**6 + 1, 10**7])
def test_epochs_and_batches_fit_any_number_of_images(count):
    size, epochs = batch_size(count), num_epochs(count)
    assert 2 <= size <= 65
    assert count % size != 1 or count == 1
    assert 4 <= epochs <= 250
    assert num_epochs(2 * count) <= epochs
    if count < 1000:
        assert epochs * -(-count // size) >= 200  # steps


def test_what_the_user_gives_stays(tiny):
    own = with_own_settings(configure("own"), tiny.train, {})
    assert (own.epochs, own.batch_size) == (num_epochs(len(tiny.train)), 16)
    given = {"epochs": 3, "model": "lenet", "augment": "none", "seed": None}
    mixed = with_own_settings(configure("own", **given), tiny.train, given)
    assert (mixed.epochs, mixed.model, mixed.rotation, mixed.seed, mixed.batch_size) == (3, "lenet", 0, 0, 16)
    assert with_own_settings(configure("fast"), tiny.train, {}) == configure("fast")
    held = with_own_settings(configure("own", validation=960), tiny.train, {"validation": 960})
    assert held.batch_size == batch_size(len(tiny.train) - 960)


def test_larger_images_get_more_convolutions_unless_the_user_names_a_model(tiny):
    images = np.zeros((200, 64, 30, 3), np.uint8)
    large = Dataset("large", images, np.arange(200) % 2, ("a", "b"))
    assert with_own_settings(configure("own"), large, {}).channels == (12, 16, 24, 48, 64, 96)
    assert with_own_settings(configure("own", model="lenet"), large, {"model": "lenet"}).channels is None
    assert with_own_settings(configure("own", channels="8,8"), large, {"channels": "8,8"}).channels == (8, 8)
    assert with_own_settings(configure("own"), tiny.train, {}).channels is None


def test_few_images_of_any_size_begin_with_the_convolutions_of_a_ready_made_network(tiny, tmp_path):
    assert with_own_settings(configure("own"), tiny.train, {}).init == "pretrained"
    for given in ({"init": "default"}, {"channels": "8,8"}, {"model": "tiny"}):
        assert with_own_settings(configure("own", **given), tiny.train, given).init == "default"
    few = Dataset("few", np.zeros((100, 64, 64), np.uint8), np.arange(100) % 2, ("a", "b"))
    many = Dataset("many", np.zeros((101, 64, 64), np.uint8), np.arange(101) % 2, ("a", "b"))
    assert [with_own_settings(configure("own"), each, {}).init for each in (few, many)] == ["pretrained", "default"]
    assert with_own_settings(configure("own", validation=1), many, {"validation": 1}).init == "pretrained"
    run = lenet.train(tiny, out=tmp_path / "run", progress="quiet", epochs=1, learning_rate=1e-9)
    first = lenet.load("mnist").network.weights["0.weight"]
    np.testing.assert_allclose(run.network.weights["0.weight"], first, atol=1e-6)


def test_rare_classes_weigh_more():
    images = np.zeros((100, 2, 2), np.uint8)
    even = Dataset("even", images, np.arange(100) % 4, tuple("abcd"))
    assert class_weights(even) is None
    rare = Dataset("rare", images, np.minimum(np.arange(100) // 50, 1) + (np.arange(100) >= 98), tuple("abc"))
    weights = class_weights(rare)
    assert weights[2] > 4 * weights[0]
    assert sum(weights[label] for label in rare.labels) == pytest.approx(100, rel=0.01)
    assert class_weights(dataclasses.replace(rare, classes=tuple("abcd"))) is None  # one without images


def test_an_image_file_in_colour_is_seen_in_colour(tmp_path):
    images = np.zeros((12, 30, 30, 3), np.uint8)
    images[::2, ..., 0] = images[1::2, ..., 2] = 90  # red and blue
    made = Preprocessing((30, 30), framing="whole", channels=3)
    data = Dataset("two", images, np.arange(12) % 2, ("red", "blue"), preprocessing=made)
    run = lenet.train(Splits(data, data, "made up"), out=tmp_path / "run", progress="quiet", model="softmax", epochs=20)
    Image.new("RGB", (300, 200), (90, 0, 0)).save(tmp_path / "red.png")
    answer = lenet.predict(run, tmp_path / "red.png")
    assert answer.label == "red"
    np.testing.assert_array_equal(answer.seen, images[0])
    draw_strip(Reading(answer.image, (answer,)))


def test_two_classes_of_five_images_are_trained(tmp_path):
    few = noise(8, (20, 30), 2, in_channels=3)
    few = dataclasses.replace(few, labels=np.arange(8) % 2)
    run = lenet.train(
        Splits(few, few.subset(np.arange(2)), "made up"), out=tmp_path / "run", progress="quiet", epochs=2
    )
    assert (run.config.recipe, run.config.batch_size, run.config.model) == ("own", 4, "small")
