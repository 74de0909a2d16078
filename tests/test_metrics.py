"""Loss, accuracy, softmax and confusion matrix against PyTorch and scikit-learn."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import confusion_matrix as sklearn_confusion

from lenet.metrics import confusion_matrix, loss_and_accuracy, softmax


def test_loss_is_summed_in_float64():
    logits = np.array([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0]], np.float32)
    labels = np.array([0, 1, 1])
    loss, accuracy = loss_and_accuracy(logits, labels)
    assert accuracy == 2 / 3
    expected = F.cross_entropy(torch.from_numpy(logits).double(), torch.from_numpy(labels)).item()
    assert loss == pytest.approx(expected, rel=1e-12)


def test_infinite_logits_give_nan():
    loss, _ = loss_and_accuracy(np.array([[np.inf, np.inf]]), np.array([0]))
    assert np.isnan(loss)


@given(arrays(np.float32, (3, 4), elements=st.floats(-(2.0**99), 2.0**99, width=32)))
def test_softmax_is_torchs(logits):
    probabilities = softmax(logits)
    assert probabilities.dtype == np.float64
    np.testing.assert_allclose(probabilities, torch.softmax(torch.from_numpy(logits).double(), 1), atol=1e-15)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1))
def test_confusion_matrix_is_sklearns(pairs):
    labels, predicted = np.array(pairs).T
    np.testing.assert_array_equal(
        confusion_matrix(labels, predicted, 4), sklearn_confusion(labels, predicted, labels=range(4))
    )
