"""Each check of losses and accuracies, and the remedies for a network at chance level."""

import dataclasses
import math

import numpy as np
import pytest

from lenet.doctor import remedies
from lenet.doctor.curve_checks import (
    chance_level,
    class_never_predicted,
    loss_rising,
    running_statistics,
    too_good,
    train_test_apart,
)
from lenet.doctor.observation import Activations, Observation, chance, is_at_chance

EVEN = np.full(10, 100)


def confusion(diagonal, elsewhere=1):
    return np.full((10, 10), elsewhere) + np.diag(np.full(10, diagonal))


def rising(losses, rates):
    return loss_rising(Observation(losses=losses, rates=rates))


def apart(train, test, **known):
    return train_test_apart(Observation(train_accuracy=train, test_accuracy=test, **known))


def never(counts, classes=None):
    return class_never_predicted(Observation(confusion=counts, classes=classes, is_last=True))


def good(data, accuracy, counts=None):
    return too_good(Observation(data=data, test_accuracy=accuracy, test_counts=counts))


def plateau(**known):
    return chance_level(Observation(**{"train_loss": 2.31, "train_accuracy": 0.1, "counts": EVEN} | known))


def test_few_test_images_must_be_further_apart():
    few, many = np.diag([4, 4, 4]) + 1, np.diag([400, 400, 400])
    assert apart(0.9, 0.7).name == "train-test-apart"
    assert apart(0.9, 0.7, confusion=many).name == "train-test-apart"
    assert apart(0.9, 0.7, confusion=few, is_last=True) is None  # 21 images: two standard errors are 0.22
    assert apart(0.95, 0.7, confusion=few, is_last=True).name == "train-test-apart"
    assert apart(0.95, 0.7, confusion=few, is_last=True, evaluated_accuracy=0.9) is None
    assert apart(0.95, 0.5, confusion=few) is None  # of few images only at the end


def test_chance_is_the_entropy_and_the_largest_class():
    assert chance(EVEN) == (pytest.approx(math.log(10)), 0.1)
    loss, accuracy = chance(np.array([90, 10, 0]))
    assert loss == pytest.approx(-0.9 * math.log(0.9) - 0.1 * math.log(0.1))
    assert accuracy == 0.9


def test_a_network_is_at_chance_if_loss_and_accuracy_are():
    assert is_at_chance(2.3026, 0.1, EVEN)
    assert is_at_chance(2.4, 0.19, EVEN)
    assert not is_at_chance(2.3026, 0.21, EVEN)
    assert not is_at_chance(2.2, 0.1, EVEN)
    assert is_at_chance(0.8, 0.1, EVEN, chance_loss=0.8)
    assert not is_at_chance(2.3026, 0.1, EVEN, chance_loss=2.5)
    assert not is_at_chance(0.2, 0.94, np.array([90, 10]))
    assert is_at_chance(0.33, 0.9, np.array([90, 10]))


def test_a_loss_rises_only_clearly_and_for_some_chunks():
    falling = [2.3, 1.2, 0.8, 0.7, 0.6, 0.5, 0.5, 0.5]
    assert rising(falling, [0.1] * 8) is None
    assert rising([*falling, 1.8], [0.1] * 9) is None  # one bad chunk
    finding = rising([*falling, 1.8, 1.9], [0.1] * 8 + [0.5] * 2)
    assert finding.name == "loss-rising"
    assert "the rate rose from 0.1 to 0.5" in finding.message
    assert "at a learning rate of 0.1" in rising([*falling, 1.8, 1.9], [0.1] * 10).message
    assert rising([1.0, 5.0], [0.1] * 2) is None


def test_train_and_test_apart():
    assert apart(0.99, 0.9) is None
    assert apart(0.8, 0.95) is None
    assert apart(0.99, 0.88).name == "train-test-apart"


def test_training_images_that_do_as_badly_when_evaluated_are_not_apart():
    assert apart(0.82, 0.71, evaluated_accuracy=0.73) is None
    assert apart(0.82, 0.71, evaluated_accuracy=0.73, is_last=True, before=(0.9, 0.7)) is None
    finding = apart(0.93, 0.72, evaluated_accuracy=0.86, before=(0.84, 0.8))
    assert finding.evidence == {
        "train accuracy": 0.93,
        "test accuracy": 0.72,
        "accuracy on training images after the epoch": 0.86,
    }


def test_running_statistics_that_lag_at_the_end_need_steps_or_another_rate():
    lagging = Observation(train_accuracy=0.7, evaluated_accuracy=0.59, is_last=True, has_batch_norm=True, steps=49)
    assert running_statistics(lagging).remedy == (
        "there were few steps, 49; use more epochs (--epochs), or a smaller batch (--batch-size)"
    )
    assert "a learning rate that falls" in running_statistics(dataclasses.replace(lagging, steps=50)).remedy
    for other in ({"evaluated_accuracy": 0.61}, {"is_last": False}, {"has_batch_norm": False}):
        assert running_statistics(dataclasses.replace(lagging, **other)) is None


def test_a_class_that_lagging_statistics_never_predict_has_no_finding():
    counts = confusion(50)
    counts[:, 3] = 0
    observation = Observation(confusion=counts, is_last=True, train_accuracy=0.7, evaluated_accuracy=0.61)
    assert class_never_predicted(observation).name == "class-never-predicted"
    assert class_never_predicted(dataclasses.replace(observation, evaluated_accuracy=0.59)) is None


def test_classes_never_predicted_are_named():
    counts = confusion(50)
    assert never(counts) is None
    counts[:, [3, 7]] = 0
    finding = never(counts, [f"class {label}" for label in range(10)])
    assert finding.name == "class-never-predicted"
    assert "class 3, class 7" in finding.message
    assert "classified as 3, 7," in never(counts).message
    assert "labels of these classes;" in finding.remedy
    one = confusion(50)
    one[:, 3] = 0
    assert "labels of this class;" in never(one).remedy
    counts[[3, 7]] = 0  # no such images
    assert never(counts) is None


def test_too_good_to_be_true_goes_by_the_data_set():
    assert good("fashion-mnist", 0.98).name == "too-good"
    assert good("fashion-mnist", 0.975) is None
    assert good("fashion-mnist", 0.98, np.full(10, 1000)).name == "too-good"
    assert good("fashion-mnist", 0.994, np.array([1000, 1000])) is None  # a part of it
    assert good("fashion-mnist", 0.994, np.full(10, 100)) is None
    assert good("fashion-mnist", 0.994, np.array([5000, 5000, *[0] * 8])) is None
    assert good("mnist", 0.995) is None
    assert good("mine", 1.0) is None


@pytest.mark.parametrize(
    ("functions", "init", "helpful"),
    [
        ({"sigmoid"}, "default", ["xavier-uniform", "relu"]),
        ({"sigmoid"}, "xavier-uniform", ["relu"]),
        ({"relu"}, "default", ["rate"]),
        (None, None, ["xavier-uniform", "relu"]),
    ],
)
def test_the_remedy_suits_the_network_and_says_how_often_it_helped(functions, init, helpful, monkeypatch):
    monkeypatch.setattr(remedies, "SUCCESSES", {"xavier-uniform": (3, 7), "relu": (5, 7), "rate": (2, 3)})
    functions = None if functions is None else frozenset(functions)
    finding = plateau(functions=functions, init=init, simulated=9)
    assert finding.name == "chance-level"
    assert finding.message == (
        "accuracy is at chance level, and a simulation of the 9 remaining epochs does not escape it"
    )
    for remedy, words in {
        "xavier-uniform": "Xavier-uniform initial weights (--init xavier-uniform), which",
        "relu": "ReLUs (--activation relu), which",
        "rate": "a tenth of the learning rate (--learning-rate), which",
    }.items():
        learned, total = remedies.SUCCESSES[remedy]
        assert (f"{words} helped {learned} of {total} such trainings" in finding.remedy) == (remedy in helpful)
    assert ("from PyTorch's initial weights" in finding.remedy) == (init == "default" and "relu" in helpful)
    assert ("initial weights that are too small" in finding.remedy) == (init is None)
    assert "more epochs" not in finding.remedy
    at_the_end = plateau(functions=functions, init=init, simulated=0).remedy
    assert ("more epochs (--epochs), since some escape" in at_the_end) == ("relu" in helpful)
    predicted = plateau(functions=functions, init=init, simulated=0, escape_epoch=2.31).remedy
    assert predicted.endswith("or more epochs (--epochs): a simulation escapes the plateau in epoch 2.3")


def test_few_steps_without_lost_units_need_more_of_them():
    few = {"functions": frozenset({"relu"}), "steps": 8, "epochs": 1, "batch_size": 8192, "simulated": 0}
    assert plateau(**few).remedy == (
        "the usual cause is too few steps: 8, in 1 epoch of batches of 8,192 images; use more epochs (--epochs), or a "
        "smaller batch (--batch-size)"
    )
    escapes = plateau(**few | {"epochs": 2, "escape_epoch": 5.11}).remedy
    assert "8, in 2 epochs of batches" in escapes
    assert "use more epochs (--epochs): a simulation escapes the plateau in epoch 5.1, or a smaller batch" in escapes
    assert "a single step, in" in plateau(**few | {"steps": 1}).remedy
    assert "steps: 8; use" in plateau(**few | {"epochs": None}).remedy
    assert "a learning rate that is too high" in plateau(**few | {"steps": 500}).remedy
    for function, value in (("relu", 0), ("tanh", 1), ("scaled-tanh", -1.7159)):
        lost = {"f": Activations(function, np.full((4, 2), value))}
        assert "a learning rate that is too high" in plateau(**few, activations=lost).remedy
    assert "a learning rate that is too high" in plateau(**few, train_loss=2.38).remedy
    alive = {"f": Activations("leaky-relu", np.zeros((4, 2)))}
    assert "too few steps" in plateau(**few, train_loss=2.36, activations=alive).remedy


def test_few_steps_of_sigmoids_are_the_cause_if_a_simulation_of_more_escapes():
    few = {"functions": frozenset({"sigmoid"}), "steps": 235, "simulated": 0}
    assert "saturated sigmoids" in plateau(**few).remedy
    remedy = plateau(**few, escape_epoch=1.31).remedy
    assert "too few steps: 235; use more epochs (--epochs): a simulation escapes the plateau in epoch 1.3" in remedy
    assert remedy.endswith("or ReLUs (--activation relu), which need fewer steps")


def test_chance_level_depends_on_loss_accuracy_and_the_simulation():
    assert "of the remaining epoch does" in plateau(simulated=1).message
    assert "simulation" not in plateau().message
    assert plateau(train_loss=1.0, train_accuracy=0.7) is None
    assert plateau(escapes=True) is None
    assert plateau(train_accuracy=None) is None
    assert plateau(train_accuracy=None, test_accuracy=0.1).evidence["accuracy"] == 0.1
    assert plateau().evidence["loss at chance"] == pytest.approx(math.log(10))
    taught = plateau(train_loss=0.79, chance_loss=0.8)
    assert taught.evidence["loss at chance"] == 0.8
    assert plateau(train_loss=0.6, chance_loss=0.8) is None
