"""The simulation predicts what a training does, and changes nothing in it."""

import dataclasses

import numpy as np
import pytest

import lenet
from lenet.configuration import configure
from lenet.data.dataset import Dataset
from lenet.data.plan import plan
from lenet.doctor import plateau
from lenet.engines.choice import make_engine
from lenet.images.preprocess import Preprocessing
from lenet.networks import build
from lenet.networks.initialization import initialized


def at_the_end_of_an_epoch(tiny, engine="cpu", **settings):
    config = configure(**({"recipe": "book-sgd", "batch_size": 50} | settings))
    network = initialized(build("lenet-avg", activation=config.activation), config.init, config.seed)
    preprocessing = Preprocessing.of(tiny.train, normalize=config.normalize)
    trained = make_engine(engine, network, tiny.train, config, preprocessing)
    trained.train_steps(first := plan(config, 0, len(tiny.train)), 0, first.num_steps)
    return trained, config, tiny.train, preprocessing


def test_the_means_are_of_the_classes_that_there_are():
    images = np.arange(5, dtype=np.uint8)[:, None, None].repeat(4, 1).repeat(4, 2)
    data = Dataset("d", images, np.array([2, 0, 2, 0, 2]), ("a", "b", "c"))
    means = plateau.class_means(data)
    assert means.labels.tolist() == [0, 2]
    assert means.images[:, 0, 0].tolist() == [2, 2]


def test_the_images_are_those_of_the_training(tiny):
    """Augmented if the training's are; with all classes, also rare ones."""
    assert plateau.as_trained(configure("fast"), tiny.train, 0) is tiny.train
    labels = np.where(np.arange(len(tiny.train)) == 700, 9, np.minimum(tiny.train.labels, 8))
    rare = dataclasses.replace(tiny.train, labels=labels)
    for settings in ({"flip": True}, {"shift": 2}, {"augment": "strong"}):
        seen = plateau.as_trained(configure("fast", **settings), rare, 50)
        assert np.bincount(seen.labels).tolist() == np.minimum(np.bincount(labels), plateau.SAMPLE).tolist()
        assert not np.array_equal(plateau.class_means(seen).images, plateau.class_means(rare).images)
        assert np.abs(seen.images.mean() - rare.images.mean()) < 20


@pytest.mark.parametrize("batch_size", [32, 256])
def test_class_shares_vary_as_in_the_training_batches(batch_size):
    """Of three classes, one of them half of the images."""
    config = configure("book-sgd", batch_size=batch_size)
    labels = np.array([0, 1, 2, 2] * 20_000)
    means = Dataset("d", np.zeros((3, 8, 8), np.uint8), np.arange(3), ("a", "b", "c"))
    steps = plateau._plan(config, 0, labels, means, np.random.default_rng(0))
    shares = np.stack([(steps.order.reshape(steps.num_steps, -1) == label).mean(1) for label in range(3)])
    assert shares.mean(1) == pytest.approx([0.25, 0.25, 0.5], abs=0.1)  # six images cannot have exact quarters
    variance = shares.var(1).mean()
    expected = np.mean([0.25 * 0.75, 0.25 * 0.75, 0.5 * 0.5]) / batch_size
    assert expected / 2 < variance < expected * 2


def test_a_simulation_changes_nothing(tiny):
    trained, *rest = at_the_end_of_an_epoch(tiny, init="default", learning_rate=0.05)
    before = trained.state_dict()
    plateau.escape_epoch(trained, *rest, done=1)
    for name, value in trained.state_dict().items():
        assert np.array_equal(value, before[name])


@pytest.mark.torch
@pytest.mark.parametrize("engine", ["cpu", "reference"])
@pytest.mark.parametrize("model", ["lenet", "tiny"])
def test_a_network_with_dropout_is_simulated_with_dropout(tiny, model, engine):
    """And with batch normalization: nothing changes in the training, and the seed decides what is dropped."""
    config = configure("fast", model=model, dropout=0.5, batch_size=50, learning_rate=1e-6)
    preprocessing = Preprocessing.of(tiny.train)
    network = initialized(build(model, dropout=0.5), "default", 0)
    trained = make_engine(engine, network, tiny.train, config, preprocessing)
    before = trained.state_dict()
    for epochs in (1, 2):
        slow = dataclasses.replace(config, epochs=epochs)
        assert plateau.escape_epoch(trained, slow, tiny.train, preprocessing, done=0) is None
    assert all(np.array_equal(value, before[name]) for name, value in trained.state_dict().items())
    means = plateau.class_means(tiny.train)
    steps = plateau._plan(config, 0, tiny.train.labels, means, np.random.default_rng(0))
    assert steps.dropout_keys.shape == steps.order.shape


@pytest.mark.torch
@pytest.mark.parametrize("engine", ["cpu", "reference"])
def test_it_tells_the_training_that_learns_from_the_one_that_does_not(tiny, engine):
    learns = at_the_end_of_an_epoch(tiny, engine, epochs=12, activation="relu", learning_rate=0.1)
    assert 1 < plateau.escape_epoch(*learns, done=1) <= 12
    guesses = at_the_end_of_an_epoch(tiny, engine, epochs=4, init="default", learning_rate=0.01)
    assert plateau.escape_epoch(*guesses, done=1) is None
    assert plateau.escape_epoch(*learns, done=12) is None  # nothing is left to learn in


def test_an_escape_in_the_last_moment_is_not_predicted(tiny):
    trained, config, *rest = at_the_end_of_an_epoch(tiny, epochs=40, activation="relu", learning_rate=0.1)
    predicted = plateau.escape_epoch(trained, config, *rest, done=1)
    whole = int(predicted) + 1
    for epochs in (whole - 1, whole, whole + 1):
        shorter = dataclasses.replace(config, epochs=epochs)
        in_time = predicted <= epochs - plateau.MARGIN
        assert plateau.escape_epoch(trained, shorter, *rest, done=1) == (predicted if in_time else None)


def test_what_no_picture_changes_cannot_learn(tiny):
    trained, *rest = at_the_end_of_an_epoch(tiny, activation="relu", learning_rate=0.01, epochs=1000)
    trained.network.weights[:] = 0
    assert plateau.escape_epoch(trained, *rest, done=1) is None  # and at once


def test_the_epoch_is_predicted_on_real_images(real_data, tmp_path):
    """A seed of the book's recipe that stays on the plateau for an epoch: within a third of an epoch of its escape."""
    data = lenet.data.load("fashion-mnist", str(real_data))
    config = configure("book-sgd", seed=2)
    trained, *rest = at_the_end_of_an_epoch(data, seed=2, batch_size=256)
    predicted = plateau.escape_epoch(trained, *rest, done=1)
    second = plan(config, 1, len(data.train))
    for look in range(1, 11):
        trained.train_steps(second, second.num_steps * (look - 1) // 10, second.num_steps * look // 10)
        if trained.logits(data.train.images[:200]).std(0).mean() > plateau.ESCAPED:
            break
    assert predicted == pytest.approx(1 + look / 10, abs=0.34)


def test_a_simulation_is_due_ever_more_seldom():
    assert [done for done in range(1, 20) if plateau.is_simulation_due(done)] == [1, 2, 4, 8, 16]


def test_predictions_before_and_at_the_end():
    calls = []

    def simulate(num_epochs):
        calls.append(num_epochs)
        return 5.5 if num_epochs >= 6 else None

    assert plateau.predict(3, 10, 600, simulate) == (True, None)  # not due
    assert calls == []
    assert plateau.predict(2, 10, 600, simulate) == (True, None)
    assert plateau.predict(2, 5, 600, simulate) == (False, None)
    assert plateau.predict(4, 4, 600, simulate) == (False, 5.5)
    assert plateau.predict(4, 4, 499, simulate) == (False, 5.5)
    assert calls == [10, 5, 9, 40]
