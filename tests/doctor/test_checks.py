"""Each check alone: on what is sick, on what is well, and just this side of its threshold."""

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from lenet.doctor import checks
from lenet.doctor.checks import Finding
from lenet.errors import RunError
from lenet.models import LeNet, LeNetAvg

EVEN = np.full(10, 100)


def counting(num_images, seed=0, size=28):
    return np.random.default_rng(seed).integers(0, 256, (num_images, size, size), dtype=np.uint8)


def confusion(diagonal, elsewhere=1):
    return np.full((10, 10), elsewhere) + np.diag(np.full(10, diagonal))


def test_a_finding_is_told_in_three_lines_and_survives_json():
    finding = Finding(
        "x", "something is wrong", {"loss": 2.30259, "pictures": 60_000, "is": "nan"}, "mend it", epoch=0.5, step=7
    )
    assert str(finding).splitlines() == [
        "x: something is wrong",
        "  evidence  loss 2.303, pictures 60,000, is nan",
        "  remedy    mend it",
    ]
    values = json.loads(json.dumps(finding.to_dict(), allow_nan=False))
    assert Finding.from_dict(values) == finding
    for change in ({"evidence": []}, {"name": None}, {"step": "7"}, {"more": 1}):
        with pytest.raises(RunError, match="a finding is"):
            Finding.from_dict(values | change)


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 5), st.data())
def test_shared_pictures_are_counted_exactly(num_train, num_test, size, data):
    """Whatever their size, also of pictures that differ in one byte alone."""
    train = counting(num_train, 1, size)
    picks = data.draw(
        st.lists(st.one_of(st.none(), st.integers(0, num_train - 1)), min_size=num_test, max_size=num_test)
    )
    test = np.stack([train[0] ^ np.uint8(1) if pick is None else train[pick] for pick in picks])
    known = {picture.tobytes() for picture in train}
    assert checks.among(test, train).tolist() == [picture.tobytes() in known for picture in test]


def test_pictures_in_both_sets_are_found_from_one_in_a_thousand_on():
    train, test = counting(3000, 1), counting(2000, 2)
    assert checks.shared_pictures(train, test) is None
    test[:2] = train[5:7]
    assert checks.shared_pictures(train, test) is None
    test[-1] = train[-1]
    finding = checks.shared_pictures(train, test)
    assert finding.name == "test-in-train"
    assert finding.evidence["in the training set"] == 3
    assert "3 of the 2,000" in finding.message


@pytest.mark.parametrize("roll", checks.ROLLS)
def test_labels_some_places_off_are_found(tiny, roll):
    finding = checks.misaligned(tiny.train.images, np.roll(tiny.train.labels, roll))
    assert finding.name == "labels-misaligned"
    assert f"picture {abs(roll)} {'before' if roll > 0 else 'after'} its own" in finding.message


def test_labels_in_their_places_or_of_no_sense_are_not_misaligned(tiny):
    images, labels = tiny.train.images, tiny.train.labels
    assert checks.misaligned(images, labels) is None
    assert checks.misaligned(images, np.random.default_rng(0).permutation(labels)) is None
    assert checks.misaligned(images[:1], labels[:1]) is None
    assert checks.misaligned(images, np.sort(labels)) is None
    assert checks.misaligned(images, np.zeros_like(labels)) is None


@given(st.integers(0, 9), st.integers(2, 50))
def test_labels_plus_a_constant_are_found(by, sure):
    finding = checks.shifted(np.roll(confusion(sure * 10), by, axis=0))
    assert (finding is None) == (by == 0)
    if finding:
        assert finding.name == "labels-shifted"
        assert f"plus {by} (modulo 10)" in finding.message


def test_a_confusion_of_guesses_or_of_nothing_is_not_shifted():
    guessing = np.zeros((10, 10), np.int64)
    guessing[:, 3] = 100
    assert checks.shifted(guessing) is None
    assert checks.shifted(np.zeros((10, 10), np.int64)) is None
    assert checks.shifted(np.roll(np.eye(10, dtype=np.int64) * 9, 1, axis=0)) is None  # nine pictures of each
    assert checks.shifted(np.roll(np.eye(10, dtype=np.int64) * 10, 1, axis=0)).name == "labels-shifted"


@given(st.integers(2, 12), st.integers(0, 11), st.integers(0, 11), st.integers(1, 99))
def test_one_constant_answer_is_no_shift(num_classes, answer, largest, share):
    """Whatever is answered, and however many pictures are of one class."""
    counts = np.zeros((num_classes, num_classes), np.int64)
    counts[:, answer % num_classes] = 20
    counts[largest % num_classes, answer % num_classes] = 20 * num_classes * share
    assert checks.shifted(counts) is None


def test_some_classes_that_disagree_do_not_hide_a_shift():
    counts = np.roll(confusion(100), 2, axis=0)
    counts[:3] = np.roll(counts[:3], 1, axis=1)
    assert checks.shifted(counts).evidence["classes that agree"] == 7
    counts[3:5] = np.roll(counts[3:5], 1, axis=1)
    assert checks.shifted(counts) is None


def test_labels_from_one():
    labels = np.arange(1, 11).repeat(5)
    assert checks.counted_from_one(labels, 11).name == "labels-from-one"
    assert checks.counted_from_one(labels - 1, 10) is None
    assert checks.counted_from_one(labels, 12) is None  # a class at the end without pictures: nothing is shifted
    assert checks.counted_from_one(np.ones(5, np.int64), 2) is None


@given(st.integers(2, 20), st.integers(0, 2**32))
def test_an_order_is_unshuffled_if_classes_come_in_stretches(num_classes, seed):
    labels = np.arange(num_classes).repeat(200)
    assert checks.unshuffled(labels).name == "unshuffled"
    assert checks.unshuffled(np.random.default_rng(seed).permutation(labels)) is None
    assert checks.unshuffled(labels[:1]) is None
    assert checks.unshuffled(np.zeros(50, np.int64)) is None  # one class has one order


def test_chance_is_the_entropy_and_the_largest_class():
    assert checks.chance(EVEN) == (pytest.approx(math.log(10)), 0.1)
    loss, accuracy = checks.chance(np.array([90, 10, 0]))
    assert loss == pytest.approx(-0.9 * math.log(0.9) - 0.1 * math.log(0.1))
    assert accuracy == 0.9


def test_a_network_is_at_chance_if_loss_and_accuracy_are():
    assert checks.is_at_chance(2.3026, 0.1, EVEN)
    assert checks.is_at_chance(2.4, 0.19, EVEN)
    assert not checks.is_at_chance(2.3026, 0.21, EVEN)
    assert not checks.is_at_chance(2.2, 0.1, EVEN)
    assert not checks.is_at_chance(0.2, 0.94, np.array([90, 10]))
    assert checks.is_at_chance(0.33, 0.9, np.array([90, 10]))


@pytest.mark.parametrize(
    ("net", "init", "cures"),
    [
        (LeNet(), "default", ["xavier-uniform", "relu"]),
        (LeNetAvg(), "xavier-uniform", ["relu"]),
        (LeNet(activation="relu"), "default", ["rate"]),
        (None, None, ["xavier-uniform", "relu"]),
    ],
)
def test_the_remedy_goes_with_the_network_and_says_how_often_it_helped(net, init, cures, monkeypatch):
    monkeypatch.setattr(checks, "CURES", {"xavier-uniform": (3, 7), "relu": (5, 7), "rate": (2, 3)})
    finding = checks.chance_level(2.31, 0.1, EVEN, net=net, init=init, rehearsed=9)
    assert finding.name == "chance-level"
    assert "rehearsal of the 9 epochs left" in finding.message
    for cure, words in {
        "xavier-uniform": "Xavier-uniform initial weights (--init xavier-uniform), which",
        "relu": "ReLUs (--activation relu), which",
        "rate": "a tenth of the learning rate (--learning-rate), which",
    }.items():
        learnt, of = checks.CURES[cure]
        assert (f"{words} helped {learnt} of {of} such trainings" in finding.remedy) == (cure in cures)
    assert ("from PyTorch's initial weights" in finding.remedy) == (init == "default" and "relu" in cures)
    assert ("initial weights that are too small" in finding.remedy) == (init is None)
    assert "more epochs" not in finding.remedy
    at_the_end = checks.chance_level(2.31, 0.1, EVEN, net=net, init=init, rehearsed=0).remedy
    assert ("more epochs (--epochs), for some leave" in at_the_end) == ("relu" in cures)
    foreseen = checks.chance_level(2.31, 0.1, EVEN, net=net, init=init, rehearsed=0, later=2.31).remedy
    assert foreseen.endswith("or more epochs (--epochs): a rehearsal says that it leaves chance level in epoch 2.3")
    assert "of the epoch left" in checks.chance_level(2.31, 0.1, EVEN, rehearsed=1).message
    assert "rehearsal" not in checks.chance_level(2.31, 0.1, EVEN).message
    assert checks.chance_level(1.0, 0.7, EVEN, net=net) is None


def test_a_loss_rises_only_clearly_and_for_some_chunks():
    falling = [2.3, 1.2, 0.8, 0.7, 0.6, 0.5, 0.5, 0.5]
    assert checks.rising(falling, [0.1] * 8) is None
    assert checks.rising([*falling, 1.8], [0.1] * 9) is None  # one bad chunk
    finding = checks.rising([*falling, 1.8, 1.9], [0.1] * 8 + [0.5] * 2)
    assert finding.name == "loss-rising"
    assert "the rate rose from 0.1 to 0.5" in finding.message
    assert "at a learning rate of 0.1" in checks.rising([*falling, 1.8, 1.9], [0.1] * 10).message
    assert checks.rising([1.0, 5.0], [0.1] * 2) is None


def test_train_and_test_apart():
    assert checks.far_apart(0.99, 0.9) is None
    assert checks.far_apart(0.8, 0.95) is None
    assert checks.far_apart(0.99, 0.88).name == "train-test-apart"


def test_classes_never_predicted_are_named():
    counts = confusion(50)
    assert checks.never_predicted(counts) is None
    counts[:, [3, 7]] = 0
    finding = checks.never_predicted(counts, [f"class {label}" for label in range(10)])
    assert finding.name == "class-never-predicted"
    assert "class 3, class 7" in finding.message
    assert "named 3, 7," in checks.never_predicted(counts).message
    counts[[3, 7]] = 0  # no such pictures
    assert checks.never_predicted(counts) is None


def test_too_good_to_be_true_goes_by_the_data_set():
    assert checks.too_good("fashion-mnist", 0.98).name == "too-good"
    assert checks.too_good("fashion-mnist", 0.975) is None
    assert checks.too_good("fashion-mnist", 0.98, np.full(10, 1000)).name == "too-good"
    assert checks.too_good("fashion-mnist", 0.994, np.array([1000, 1000])) is None  # a part of it
    assert checks.too_good("fashion-mnist", 0.994, np.full(10, 100)) is None
    assert checks.too_good("fashion-mnist", 0.994, np.array([5000, 5000, *[0] * 8])) is None
    assert checks.too_good("mnist", 0.995) is None
    assert checks.too_good("mine", 1.0) is None


def test_dead_units_are_those_that_are_0_for_every_picture():
    images = torch.rand(8, 1, 28, 28)
    net = LeNet(activation="relu")
    with torch.no_grad():
        for layer in (*net.conv[::3], *net.fc[::2]):
            layer.bias.fill_(5.0)  # alive, whatever the weights
    assert checks.dead(checks.activations(net, images)[1]) is None
    with torch.no_grad():
        net.fc[0].bias[:61] = -1000.0
        net.conv[0].bias[:3] = -1000.0  # half of the channels
    _, seen = checks.activations(net, images)
    assert checks.dead_shares(seen)["conv.1"] == 0.5
    finding = checks.dead(seen)
    assert finding.name == "dead-units"
    assert "layer fc.1 " in finding.message
    assert finding.evidence["dead share of fc.1"] > 0.5
    assert checks.saturated(seen) is None


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_saturated_units_are_at_an_end_for_every_picture(activation):
    images = torch.rand(8, 1, 28, 28)
    net = LeNetAvg(activation=activation)
    assert checks.saturated(checks.activations(net, images)[1]) is None
    with torch.no_grad():
        net[7].bias[:31] = 1000.0
        net[7].bias[31:61] = -1000.0
    _, seen = checks.activations(net, images)
    finding = checks.saturated(seen)
    assert finding.name == "saturated-units"
    assert list(finding.evidence.values()) == [pytest.approx(61 / 120)]
    assert checks.dead(seen) is None


def test_looking_at_a_network_leaves_it_as_it_was():
    net = nn.Sequential(nn.Flatten(), nn.Dropout(), nn.Linear(784, 10), nn.ReLU())
    net.train()
    outputs, seen = checks.activations(net, torch.rand(4, 1, 28, 28))
    assert net.training
    assert not net[3]._forward_hooks
    assert list(seen) == ["3"]
    assert torch.equal(outputs, seen["3"][1])
    with pytest.raises(RuntimeError):
        checks.activations(net, torch.rand(4, 1, 5, 5))
    assert net.training
    assert not net[3]._forward_hooks


def test_a_softmax_before_the_loss_is_seen_by_the_outputs():
    logits = torch.randn(20, 10)
    assert checks.softmax_before_loss(torch.softmax(logits, 1)).name == "softmax-before-loss"
    assert checks.softmax_before_loss(logits) is None
    assert checks.softmax_before_loss(torch.sigmoid(logits)) is None
    assert checks.softmax_before_loss(torch.log_softmax(logits, 1)) is None
    assert checks.softmax_before_loss(torch.ones(20, 1)) is None
    assert checks.softmax_before_loss(torch.ones(20)) is None
    assert checks.softmax_before_loss(torch.full((20, 10), math.nan)) is None
