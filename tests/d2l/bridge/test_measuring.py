"""Correct predictions, and Ctrl-C between two steps."""

import signal

import pytest
import torch

from lenet import d2l
from lenet.d2l.bridge.measuring import uninterrupted


@pytest.mark.parametrize(
    ("scores", "classes", "right"),
    [
        ([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]], [0, 2], 1.0),
        ([[1.0], [0.0]], [[1], [1]], 1.0),  # one column: predicted classes
        ([[0.1, 0.9], [0.9, 0.1]], [1, 0], 2.0),
        ([2, 1, 1], [2, 0, 1], 2.0),  # classes already
        ([[0.1, 0.9]], [0], 0.0),
    ],
)
def test_accuracy_is_the_number_of_right_predictions(scores, classes, right):
    found = d2l.accuracy(torch.tensor(scores), torch.tensor(classes))
    assert isinstance(found, float)
    assert found == right


def test_a_block_ends_before_an_interrupt_is_raised():
    done = []

    def interrupt_oneself():
        signal.raise_signal(signal.SIGINT)
        done.append("the rest")

    with pytest.raises(KeyboardInterrupt), uninterrupted():
        interrupt_oneself()
    assert done == ["the rest"]
    with uninterrupted():
        done.append("no signal")
    assert done == ["the rest", "no signal"]


def test_an_error_in_the_block_is_not_hidden():
    with pytest.raises(ValueError, match="broken"), uninterrupted():
        raise ValueError("broken")
