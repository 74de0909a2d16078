"""The lists of checks, on whole data sets and epochs."""

import dataclasses

import numpy as np
import pytest

from lenet.data.dataset import Splits
from lenet.data.duplicates import among
from lenet.data.loading import load
from lenet.doctor import schedule
from lenet.doctor.observation import Observation
from lenet.doctor.schedule import AFTER_CHUNK, AFTER_EPOCH, BEFORE_TRAINING, examine

EVEN = np.full(10, 100)


def data(train, test, order=None):
    return [finding.name for finding in examine(BEFORE_TRAINING, Observation(train=train, test=test, order=order))]


def epoch(loss, train, test, **known):
    known = {"train_loss": loss, "train_accuracy": train, "test_accuracy": test, "counts": EVEN} | known
    return [finding.name for finding in examine(AFTER_EPOCH, Observation(**known))]


def is_check(function):
    return list(getattr(function, "__annotations__", {})) == ["observation", "return"] and function.__name__[0] != "_"


def test_every_check_of_the_room_is_in_a_list():
    from lenet.doctor import curve_checks, data_checks, unit_checks

    listed = {check.__name__ for check in (*BEFORE_TRAINING, *AFTER_CHUNK, *AFTER_EPOCH)}
    modules = (curve_checks, data_checks, unit_checks)
    checks = {
        name
        for module in modules
        for name, function in vars(module).items()
        if getattr(function, "__module__", "") == module.__name__ and is_check(function)
    }
    assert listed == checks
    assert schedule.examine(AFTER_EPOCH, Observation()) == []


def test_good_data_has_no_findings(tiny):
    assert data(tiny.train, tiny.test, np.random.default_rng(0).permutation(tiny.train.labels)) == []


def test_each_fault_of_the_data_is_found(tiny):
    train, test = tiny
    eleven = (*train.classes, "ten")
    assert data(dataclasses.replace(train, labels=np.roll(train.labels, 1)), test) == ["labels-misaligned"]
    from_one = dataclasses.replace(train, labels=train.labels + 1, classes=eleven)
    assert data(from_one, test) == ["labels-from-one", "labels-shifted"]
    assert data(train, train) == ["test-in-train"]
    assert data(train, test, np.sort(train.labels)) == ["unshuffled"]
    plus_three = dataclasses.replace(test, labels=(test.labels + 3) % 10)
    (finding,) = examine(BEFORE_TRAINING, Observation(train=train, test=plus_three))
    assert finding.name == "labels-shifted"
    assert "plus 3 (modulo 10)" in finding.message


def test_sets_of_different_sizes_are_examined_each_alone(tiny):
    smaller = dataclasses.replace(tiny.test, images=tiny.test.images[:, :20, :20])
    assert data(tiny.train, smaller) == []


@pytest.mark.parametrize("name", ["fashion-mnist", "mnist", "digits"])
def test_the_data_sets_have_no_findings(real_data, name):
    splits = load(name, str(real_data))
    assert not among(splits.test.images, splits.train.images).any()  # data_checks.SHARED is above that
    assert data(splits.train, splits.test, splits.train.labels) == []
    rolled = dataclasses.replace(splits.train, labels=np.roll(splits.train.labels, -2))
    assert data(rolled, splits.test)[0] == "labels-misaligned"


def test_a_known_name_is_no_excuse(tiny):
    named = dataclasses.replace(tiny.train, name="fashion-mnist")
    assert data(*Splits(named, named, "made up")) == ["test-in-train"]


def test_an_epoch_by_its_numbers():
    assert epoch(0.5, 0.85, 0.84) == []
    assert epoch(2.303, 0.1, 0.1) == ["chance-level"]
    assert epoch(2.303, 0.1, 0.1, escapes=True) == []
    assert epoch(0.1, 0.99, 0.8) == ["train-test-apart"]
    assert epoch(0.1, 0.98, 0.99, data="fashion-mnist") == ["too-good"]
    assert epoch(0.1, 0.98, 0.994, data="fashion-mnist", confusion=np.diag([995, 993])) == []


def test_an_unknown_accuracy_is_not_examined():
    assert epoch(2.303, None, 0.1) == ["chance-level"]
    assert epoch(2.303, 0.1, None) == ["chance-level"]
    assert epoch(2.303, None, None, is_last=True) == []
    assert epoch(0.1, None, 0.8, is_last=True) == []


def test_a_class_never_predicted_after_learning_has_stopped():
    counts = np.full((10, 10), 1)
    counts[:, 4] = 0
    assert epoch(0.5, 0.85, 0.84, confusion=counts) == []  # it may learn it yet
    assert epoch(0.5, 0.85, 0.84, confusion=counts, before=(0.6, 0.6)) == []
    assert epoch(0.5, 0.85, 0.84, confusion=counts, before=(0.84, 0.835)) == ["class-never-predicted"]
    assert epoch(0.5, 0.85, 0.84, confusion=counts, is_last=True) == ["class-never-predicted"]
    assert epoch(2.303, 0.1, 0.1, confusion=counts, is_last=True) == ["chance-level"]  # one name is enough


def test_train_and_test_are_apart_when_they_stay_so():
    assert epoch(0.9, 0.5, 0.2, before=(0.4, 0.39)) == []  # a bad last step, say
    assert epoch(0.1, 0.99, 0.8, before=(0.97, 0.82)) == ["train-test-apart"]
    assert epoch(0.9, 0.5, 0.2, before=(0.4, 0.39), is_last=True) == ["train-test-apart"]


def test_labels_shifted_by_the_predictions_of_the_network():
    shifted = np.roll(np.diag(np.full(10, 90)) + 1, 2, axis=0)
    assert epoch(0.5, 0.85, 0.84, confusion=shifted) == ["labels-shifted"]


def test_a_chunk():
    losses = (2.3, 1.0, 0.5, 0.5, 0.5, 2.0, 2.3)
    assert examine(AFTER_CHUNK, Observation(losses=losses[:5], rates=[0.1] * 5)) == []
    (finding,) = examine(AFTER_CHUNK, Observation(losses=losses, rates=[0.1] * 7))
    assert finding.name == "loss-rising"
