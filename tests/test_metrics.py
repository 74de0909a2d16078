"""Loss, accuracy, softmax and confusion matrix against their definitions, in exact arithmetic where that is possible."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lenet.metrics import (
    calibration_error,
    confusion_matrix,
    loss_and_accuracy,
    losses,
    reliability_bins,
    softmax,
)

LOGITS = arrays(np.float32, (3, 4), elements=st.floats(-50, 50, width=32))


@given(LOGITS, st.lists(st.integers(0, 3), min_size=3, max_size=3))
def test_loss_is_the_mean_cross_entropy_in_float64(logits, labels):
    loss, accuracy = loss_and_accuracy(logits, np.array(labels))
    exact = [
        math.log(math.fsum(math.exp(float(value)) for value in row)) - float(row[label])
        for row, label in zip(logits, labels, strict=True)
    ]
    assert losses(logits, np.array(labels)) == pytest.approx(exact, rel=1e-12, abs=1e-12)
    assert loss == pytest.approx(math.fsum(exact) / 3, rel=1e-12, abs=1e-12)
    assert accuracy == sum(int(row.argmax()) == label for row, label in zip(logits, labels, strict=True)) / 3


def test_large_logits_do_not_overflow():
    loss, accuracy = loss_and_accuracy(np.array([[1e30, 0.0]], np.float32), np.array([0]))
    assert (loss, accuracy) == (0.0, 1.0)


def test_infinite_logits_give_nan():
    loss, _ = loss_and_accuracy(np.array([[np.inf, np.inf]]), np.array([0]))
    assert np.isnan(loss)


@given(arrays(np.float32, (3, 4), elements=st.floats(-(2.0**99), 2.0**99, width=32)))
def test_softmax_is_exponentials_over_their_sum(logits):
    probabilities = softmax(logits)
    assert probabilities.dtype == np.float64
    for row, result in zip(logits.astype(np.float64), probabilities, strict=True):
        exponentials = [math.exp(value - row.max()) for value in row]
        assert result == pytest.approx([value / math.fsum(exponentials) for value in exponentials], abs=1e-15)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1))
def test_confusion_matrix_counts_pairs(pairs):
    labels, predicted = np.array(pairs).T
    expected = [[pairs.count((label, prediction)) for prediction in range(4)] for label in range(4)]
    assert confusion_matrix(labels, predicted, 4).tolist() == expected


def test_the_calibration_error_is_that_of_counting():
    random = np.random.default_rng(0)
    probabilities = softmax(random.normal(size=(500, 4)))
    labels = random.integers(0, 4, 500)
    expected = 0.0
    for low in range(15):
        rows = [
            (row.max(), row.argmax() == label)
            for row, label in zip(probabilities, labels, strict=True)
            if low / 15 <= row.max() < (low + 1) / 15
        ]
        if rows:
            confidence, hits = np.mean(rows, axis=0)
            expected += abs(confidence - hits) * len(rows) / 500
    assert calibration_error(probabilities, labels) == pytest.approx(expected)
    assert calibration_error(np.eye(4)[labels], labels) == 0
    assert calibration_error(np.eye(4)[(labels + 1) % 4], labels) == 1
    counts, confidence, accuracy = reliability_bins(probabilities, labels).T
    assert (counts * np.abs(confidence - accuracy)).sum() / counts.sum() == pytest.approx(expected)
