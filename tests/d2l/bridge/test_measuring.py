"""Correct predictions."""

import pytest
import torch

from lenet import d2l


@pytest.mark.parametrize(
    ("scores", "classes", "right"),
    [
        ([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]], [0, 2], 1.0),
        ([[0.1, 0.9], [0.9, 0.1]], [1, 0], 2.0),
        ([2, 1, 1], [2, 0, 1], 2.0),  # classes already
        ([[0.1, 0.9]], [0], 0.0),
    ],
)
def test_accuracy_is_the_number_of_right_predictions(scores, classes, right):
    found = d2l.accuracy(torch.tensor(scores), torch.tensor(classes))
    assert isinstance(found, float)
    assert found == right
