"""An example for each check: its finding is complete, documented, and has the evidence that is expected."""

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lenet.data.dataset import Dataset
from lenet.doctor import curve_checks, data_checks, unit_checks
from lenet.doctor.finding import Finding
from lenet.doctor.observation import Activations, Observation
from lenet.doctor.schedule import AFTER_CHUNK, AFTER_EPOCH, BEFORE_TRAINING, Check

DOCUMENT = Path(__file__).parents[2] / "docs/doctor.md"
LABELS = np.random.default_rng(0).permutation(np.arange(1000) % 10)
IMAGES = (np.arange(10, dtype=np.uint8) * 20)[LABELS][:, None, None].repeat(3, 1).repeat(3, 2)  # a grey for each class
TEN = tuple("0123456789")
TRAIN = Dataset("made up", IMAGES, LABELS, TEN)
PLUS_ONE = Dataset("made up", IMAGES, (LABELS + 1) % 10, TEN)
MOVED = Dataset("made up", IMAGES, np.roll(LABELS, -1), TEN)
FROM_ONE = Dataset("made up", IMAGES[LABELS < 9], LABELS[LABELS < 9] + 1, TEN)
SHIFTED = np.roll(np.diag(np.full(10, 10)), 1, axis=0)
NEVER = np.diag(np.full(10, 10))
NEVER[4] = np.roll(NEVER[4], 1)
HALF = np.full((4, 1), 0.5) * np.ones((1, 2))

# For each check what it finds something in, the finding's name, and its evidence.
EXAMPLES: dict[Check, tuple[Observation, str, dict[str, Any]]] = {
    data_checks.shared_images: (
        Observation(train=TRAIN, test=TRAIN),
        "test-in-train",
        {"test images": 1000, "in the training set": 1000},
    ),
    data_checks.labels_misaligned: (
        Observation(train=MOVED),
        "labels-misaligned",
        {"accuracy of the nearest class mean": pytest.approx(0.1, abs=0.05), "with the labels moved by -1": 1.0},
    ),
    data_checks.labels_shifted_by_means: (
        Observation(train=TRAIN, test=PLUS_ONE),
        "labels-shifted",
        {"accuracy": 0.0, "with the labels minus 1": 1.0, "classes that agree": 10},
    ),
    data_checks.labels_shifted: (
        Observation(confusion=SHIFTED),
        "labels-shifted",
        {"accuracy": 0.0, "with the labels minus 1": 1.0, "classes that agree": 10},
    ),
    data_checks.labels_from_one: (
        Observation(train=FROM_ONE),
        "labels-from-one",
        {"images of class 0": 0, "classes": 10},
    ),
    data_checks.unshuffled: (
        Observation(order=np.sort(LABELS)),
        "unshuffled",
        {"same class as the image before": 990 / 999, "in a shuffled order": 0.1},
    ),
    curve_checks.loss_rising: (
        Observation(losses=[1.0] * 4 + [2.0] * 3, rates=[0.1] * 7),
        "loss-rising",
        {"loss": 2.0, "it was": 1.0, "learning rate": 0.1},
    ),
    curve_checks.too_good: (
        Observation(test_accuracy=0.99, data="fashion-mnist"),
        "too-good",
        {"test accuracy": 0.99, "best published": 0.975},
    ),
    curve_checks.chance_level: (
        Observation(train_loss=2.3, train_accuracy=0.1, counts=np.full(10, 10), simulated=3),
        "chance-level",
        {
            "loss": 2.3,
            "loss at chance": math.log(10),
            "accuracy": 0.1,
            "accuracy at chance": 0.1,
            "epochs simulated": 3,
        },
    ),
    curve_checks.train_test_apart: (
        Observation(train_accuracy=0.99, test_accuracy=0.8),
        "train-test-apart",
        {"train accuracy": 0.99, "test accuracy": 0.8},
    ),
    curve_checks.running_statistics: (
        Observation(train_accuracy=0.99, evaluated_accuracy=0.14, is_last=True, has_batch_norm=True, steps=10),
        "running-statistics",
        {"train accuracy": 0.99, "accuracy on training images after the epoch": 0.14},
    ),
    curve_checks.class_never_predicted: (
        Observation(confusion=NEVER, is_last=True),
        "class-never-predicted",
        {"classes never predicted": 1, "their test images": 10},
    ),
    unit_checks.dead_units: (
        Observation(activations={"f": Activations("relu", np.zeros((4, 2)))}),
        "dead-units",
        {"dead share of f": 1.0},
    ),
    unit_checks.saturated_units: (
        Observation(activations={"f": Activations("tanh", np.ones((4, 2)))}),
        "saturated-units",
        {"saturated share of f": 1.0},
    ),
    unit_checks.softmax_before_loss: (
        Observation(outputs=HALF),
        "softmax-before-loss",
        {"smallest output": 0.5, "largest sum": 1.0},
    ),
}


def assert_complete(finding):
    """Of the finding, all that a user reads: a documented name, one line of message and of remedy, numbers as evidence."""
    assert isinstance(finding, Finding)
    assert f"| `{finding.name}` |" in DOCUMENT.read_text(encoding="utf-8")
    for text in (finding.message, finding.remedy, *finding.evidence):
        assert re.fullmatch(r"\w[^\n]+", text)
        assert "None" not in text
    assert all(isinstance(value, int | float | str) for value in finding.evidence.values())
    assert Finding.from_dict(json.loads(json.dumps(finding.to_dict(), allow_nan=False))) == finding


@pytest.mark.parametrize("check", [*BEFORE_TRAINING, *AFTER_CHUNK, *AFTER_EPOCH], ids=lambda check: check.__name__)
def test_the_finding_of_each_check_is_complete(check):
    observation, name, evidence = EXAMPLES[check]
    finding = check(observation)
    assert_complete(finding)
    assert finding.name == name
    assert finding.evidence == {
        key: pytest.approx(value) if isinstance(value, float) else value for key, value in evidence.items()
    }


@pytest.mark.parametrize("check", [*BEFORE_TRAINING, *AFTER_CHUNK, *AFTER_EPOCH], ids=lambda check: check.__name__)
def test_without_what_it_looks_at_a_check_finds_nothing(check):
    assert check(Observation()) is None


def test_a_loss_that_is_not_finite_makes_a_complete_finding():
    finding = curve_checks.not_finite("the loss became nan at step 3", math.nan, 0.1)
    assert_complete(finding)
    assert (finding.name, finding.message) == ("loss-not-finite", "the loss became nan at step 3")
    assert finding.evidence == {"loss": "nan", "learning rate": 0.1}
    assert "(--learning-rate 0.01)" in finding.remedy
