"""The doctor's visits, on plain numbers and networks as a loop of one's own has them."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from lenet.data.dataset import Splits, load
from lenet.doctor import checks, schedule
from lenet.models import LeNet

EVEN = np.full(10, 100)


def names(found):
    return [finding.name for finding in found]


def spoilt(tiny, **changes):
    return dataclasses.replace(tiny.train, **changes), tiny.test


def test_good_data_has_no_findings(tiny):
    order = np.random.default_rng(0).permutation(tiny.train.labels)
    assert schedule.examine_data(*tiny, order) == []


def test_each_fault_of_the_data_is_found(tiny):
    train, test = tiny
    eleven = (*train.classes, "ten")
    assert names(schedule.examine_data(*spoilt(tiny, labels=np.roll(train.labels, 1)))) == ["labels-misaligned"]
    assert names(schedule.examine_data(*spoilt(tiny, labels=train.labels + 1, classes=eleven))) == [
        "labels-from-one",
        "labels-shifted",
    ]
    assert names(schedule.examine_data(train, train)) == ["test-in-train"]
    assert names(schedule.examine_data(train, test, np.sort(train.labels))) == ["unshuffled"]
    plus_three = dataclasses.replace(test, labels=(test.labels + 3) % 10)
    (finding,) = schedule.examine_data(train, plus_three)
    assert finding.name == "labels-shifted"
    assert "plus 3 (modulo 10)" in finding.message


def test_sets_of_other_sizes_are_looked_at_each_alone(tiny):
    smaller = dataclasses.replace(tiny.test, images=tiny.test.images[:, :20, :20])
    assert schedule.examine_data(tiny.train, smaller) == []


@pytest.mark.parametrize("name", ["fashion-mnist", "mnist", "digits"])
def test_the_data_sets_are_well(real_data, name):
    splits = load(name, str(real_data))
    assert not checks.among(splits.test.images, splits.train.images).any()  # checks.SHARED stands above that
    assert schedule.examine_data(*splits, splits.train.labels) == []
    rolled = dataclasses.replace(splits.train, labels=np.roll(splits.train.labels, -2))
    assert names(schedule.examine_data(rolled, splits.test))[0] == "labels-misaligned"


def test_an_epoch_by_plain_numbers():
    assert schedule.epoch(0.5, 0.85, 0.84, EVEN) == []
    assert names(schedule.epoch(2.303, 0.1, 0.1, EVEN)) == ["chance-level"]
    assert names(schedule.epoch(2.303, 0.1, 0.1, EVEN, leaves=True)) == []
    assert names(schedule.epoch(0.1, 0.99, 0.8, EVEN)) == ["train-test-apart"]
    assert names(schedule.epoch(0.1, 0.98, 0.99, EVEN, data="fashion-mnist")) == ["too-good"]
    part = np.diag([995, 993])
    assert schedule.epoch(0.1, 0.98, 0.994, EVEN, data="fashion-mnist", confusion=part) == []


def test_an_accuracy_that_is_not_known_is_not_looked_at():
    assert names(schedule.epoch(2.303, None, 0.1, EVEN)) == ["chance-level"]
    assert names(schedule.epoch(2.303, 0.1, None, EVEN)) == ["chance-level"]
    assert schedule.epoch(2.303, None, None, EVEN, is_last=True) == []
    assert schedule.epoch(0.1, None, 0.8, EVEN, is_last=True) == []


def test_a_class_never_predicted_is_a_finding_when_the_network_learns_no_more():
    counts = np.full((10, 10), 1)
    counts[:, 4] = 0
    arguments = (0.5, 0.85, 0.84, EVEN)
    assert schedule.epoch(*arguments, confusion=counts) == []  # it may learn it yet
    assert schedule.epoch(*arguments, confusion=counts, before=(0.6, 0.6)) == []
    assert names(schedule.epoch(*arguments, confusion=counts, before=(0.84, 0.835))) == ["class-never-predicted"]
    assert names(schedule.epoch(*arguments, confusion=counts, is_last=True)) == ["class-never-predicted"]
    guessing = schedule.epoch(2.303, 0.1, 0.1, EVEN, confusion=counts, is_last=True)
    assert names(guessing) == ["chance-level"]  # one name is enough


def test_train_and_test_are_apart_when_they_stay_so():
    assert schedule.epoch(0.9, 0.5, 0.2, EVEN, before=(0.4, 0.39)) == []  # a bad last step, say
    assert names(schedule.epoch(0.1, 0.99, 0.8, EVEN, before=(0.97, 0.82))) == ["train-test-apart"]
    assert names(schedule.epoch(0.9, 0.5, 0.2, EVEN, before=(0.4, 0.39), is_last=True)) == ["train-test-apart"]


def test_a_network_of_ones_own_is_looked_at_as_a_plain_module():
    torch.manual_seed(0)  # of some random networks most channels are dead from the start
    images = torch.rand(16, 1, 28, 28)
    numbers = (0.5, 0.85, 0.84, EVEN)
    assert schedule.epoch(*numbers, net=LeNet(), images=images) == []
    softmax = nn.Sequential(LeNet(activation="relu"), nn.Softmax(1))
    assert names(schedule.epoch(*numbers, net=softmax, images=images)) == ["softmax-before-loss"]
    assert schedule.epoch(*numbers, net=softmax, images=images, takes_logits=False) == []
    with torch.no_grad():
        softmax[0].fc[2].bias.fill_(-1e6)
    found = schedule.epoch(*numbers, net=softmax, images=images)
    assert names(found) == ["dead-units", "softmax-before-loss"]
    assert "layer 0.fc.3 " in found[0].message


def test_a_rehearsal_is_due_ever_more_seldom():
    assert [done for done in range(1, 20) if schedule.is_rehearsal_due(done)] == [1, 2, 4, 8, 16]


def test_a_chunk():
    points = [{"train_loss": loss, "learning_rate": 0.1} for loss in (2.3, 1.0, 0.5, 0.5, 0.5, 2.0, 2.3)]
    assert schedule.chunk(points[:5]) == []
    assert names(schedule.chunk(points)) == ["loss-rising"]


def test_data_that_are_read_are_data_that_are_examined(tiny):
    """Splits of a known name have no privilege."""
    named = dataclasses.replace(tiny.train, name="fashion-mnist")
    assert names(schedule.examine_data(*Splits(named, named, "made up"))) == ["test-in-train"]
