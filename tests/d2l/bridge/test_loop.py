"""The loop of the training functions: what it reports, of steps whose results are known."""

import contextlib

import numpy as np
import pytest
from torch import nn

from lenet.d2l.bridge import loop
from lenet.d2l.bridge.progress import EpochProgress
from lenet.engines import Stats


class Steps(contextlib.nullcontext):
    """Epochs of two steps of 30 and 10 images, reported after each, which take 2 and 1 seconds."""

    train_iter = sample = None
    takes_logits = simulates = False

    def __init__(self, net):
        super().__init__()
        self.net, self.modes, self.epochs = net, [], 0

    def epoch(self):
        self.modes.append(self.net.training)
        self.epochs += 1
        progress = EpochProgress(labels=[np.arange(40) % 10])
        for done, size, seconds in ((0.75, 30, 2.0), (1, 10, 1.0)):
            progress.add(Stats(np.array([float(self.epochs)]), np.array([size]), size // 2, seconds))
            progress.done = done
            yield progress


@pytest.fixture
def reported(monkeypatch):
    """The arguments of the doctor's examinations."""
    calls = []
    monkeypatch.setattr(loop.Diagnosis, "epoch", lambda self, *arguments: calls.append(arguments))
    return calls


def test_points_of_two_epochs(reported, monkeypatch):
    net = nn.Flatten()
    steps = Steps(net)
    accuracies = iter([0.25, 0.5])

    def evaluate(*arguments):
        assert arguments == (net, "test", None)
        net.eval()  # which the next epoch undoes
        return next(accuracies)

    clock = iter(range(100))
    monkeypatch.setattr(loop, "evaluate_accuracy", evaluate)
    monkeypatch.setattr(loop.time, "perf_counter", lambda: next(clock))
    found = []
    for point in loop.points(net, steps, "test", 2, None):
        tally = point.progress.tally
        found.append((point.epoch, point.test_accuracy, tally.loss, tally.num_images))
    assert found == [
        (0.75, None, 1, 30),
        (1, None, 1, 40),
        (1, 0.25, 1, 40),
        (1.75, None, 2, 30),
        (2, None, 2, 40),
        (2, 0.5, 2, 40),
    ]
    assert (point.num_images, point.steps_seconds) == (80, 6.0)  # of both epochs, the evaluations excluded
    assert point.epoch_seconds == 3  # a second passes at each look at the clock: began, two points, the end
    assert steps.modes == [True, True]
    assert [(done, accuracy) for done, _, accuracy in reported] == [(1, 0.25), (2, 0.5)]
