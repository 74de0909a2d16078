"""Fitting a calibration, on made-up embeddings whose classes are known."""

import numpy as np
import pytest

from lenet.metrics import softmax
from lenet.networks.calibrating import Measured, fit, fit_temperature

CLASSES, WIDTH = 4, 40


def images(count, seed, unlike=0.0):
    """Embeddings around the centre of their class; `unlike` moves them away from all."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(9).normal(size=(CLASSES, WIDTH)) * 2
    labels = random.integers(0, CLASSES, count)
    embedding = centres[labels] + random.normal(size=(count, WIDTH)) + unlike * random.normal(size=WIDTH)
    logits = embedding @ centres.T / 10 + random.normal(size=(count, CLASSES))
    return Measured(logits.astype(np.float32), embedding.astype(np.float32), labels)


@pytest.fixture(scope="module")
def calibration():
    return fit(images(1000, 1), images(500, 2), "fc.0")


def test_the_operating_point_accepts_as_many_held_out_images_as_said(calibration):
    held_out = images(1000, 1)
    assert calibration.known(held_out.logits, held_out.embedding).mean() == pytest.approx(0.99, abs=0.0015)
    fresh = images(4000, 3)
    assert calibration.known(fresh.logits, fresh.embedding).mean() == pytest.approx(0.99, abs=0.007)


def test_what_lies_elsewhere_is_unknown(calibration):
    far = images(200, 4, unlike=4.0)
    assert calibration.known(far.logits, far.embedding).mean() < 0.05
    assert not calibration.known(far.logits, np.zeros((200, WIDTH))).any()


def test_directions_are_exact_in_sixteen_bits(calibration):
    steps = calibration.directions.astype(np.float64) * 4096
    assert np.array_equal(steps, np.rint(steps))
    assert abs(steps).max() <= 4096
    gram = calibration.directions @ calibration.directions.T
    np.testing.assert_allclose(gram, np.eye(len(gram)), atol=0.01)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_is_found(temperature):
    random = np.random.default_rng(0)
    logits = random.normal(size=(20_000, 10)) * 2
    labels = (softmax(logits).cumsum(axis=1) < random.random((20_000, 1))).sum(axis=1)
    assert fit_temperature(logits * temperature, labels) == pytest.approx(temperature, rel=0.03)


def test_a_network_that_makes_no_mistake_has_a_finite_temperature():
    logits = np.eye(3)[[0, 1, 2] * 10] * 20
    assert 0.05 <= fit_temperature(logits, np.array([0, 1, 2] * 10)) < 1


def test_twenty_images_and_a_class_without_any_are_enough():
    few = images(20, 5)
    train = images(8, 6)
    train.labels[:] = 1
    calibration = fit(few, train, "fc.0")
    scores = calibration.outlier_scores(few.logits, few.embedding)
    assert np.isfinite(scores).all()
    assert (scores <= 1 + 1e-6).all()


def test_embeddings_that_are_all_alike_are_calibrated_too():
    same = Measured(np.zeros((30, 3)), np.ones((30, 5)), np.zeros(30, np.int64))
    scores = fit(same, same, "fc.0").outlier_scores(same.logits, same.embedding)
    assert np.isfinite(scores).all()
