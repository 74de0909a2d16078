"""A calibration: its arithmetic beside plain loops, its place in the weights file, and what untrusted files may hold."""

import dataclasses
import json
import math

import numpy as np
import pytest
import safetensors.numpy
from made_up import network_of

from lenet.errors import RunError
from lenet.images.preprocess import Preprocessing
from lenet.metrics import softmax
from lenet.networks.calibration import FAR, WEAK, Calibration
from lenet.networks.embedding import embedding_layer, up_to
from lenet.networks.forward import as_input, forward
from lenet.networks.outliers import View
from lenet.networks.trained import TrainedNetwork

WIDTH, CLASSES, DIRECTIONS = 256, 10, 4


def view(random):
    shape = (CLASSES, DIRECTIONS)
    means, precisions = random.normal(size=shape), random.uniform(0.5, 2, size=shape)
    means, precisions, offsets = (each.astype(np.float32) for each in (means, precisions, random.normal(size=CLASSES)))
    return View(means, precisions, offsets, rest=0.75, usual=190.0, distance_weight=0.0625, evidence_weight=0.25)


@pytest.fixture
def calibration():
    random = np.random.default_rng(0)
    directions = (np.rint(random.normal(size=(DIRECTIONS, WIDTH)) * 400) / 4096).astype(np.float32)
    return Calibration(1.25, 0.99, 500, "fc.0", directions, 3.0, view(random), view(random))


def inputs(count=37):
    random = np.random.default_rng(1)
    return random.normal(size=(count, CLASSES)).astype(np.float32), random.normal(size=(count, WIDTH)).astype(
        np.float32
    )


@pytest.fixture
def path(tmp_path, calibration):
    """A weights file with a calibration."""
    network = TrainedNetwork(tmp_path / "net.safetensors", "lenet", {}, tuple("0123456789"), Preprocessing((28, 28)))
    network.path.write_bytes(network.pack(network_of("lenet", seed=1).tensors, calibration))
    return network.path


def scores_in_loops(calibration, logits, embedding):
    for logit, values in zip(logits.astype(float), embedding.astype(float), strict=True):
        evidence = math.log(sum(math.exp(each / calibration.temperature) for each in logit))
        scores = []
        unit = values / math.sqrt((values**2).mean() + 1e-6)
        for part, seen in ((calibration.amount, values), (calibration.direction, unit)):
            projected = [float(seen @ direction) for direction in calibration.directions.astype(float)]
            classes = part.means.tolist(), part.precisions.tolist(), part.offsets.tolist()
            distance = min(
                offset + sum((p - m) ** 2 * w for p, m, w in zip(projected, mean, precision, strict=True))
                for mean, precision, offset in zip(*classes, strict=True)
            )
            distance += part.rest * (float(seen @ seen) - sum(p * p for p in projected))
            missing = calibration.evidence - evidence
            scores.append(part.distance_weight * (distance - part.usual) + part.evidence_weight * missing)
        yield max(scores)


def test_outlier_scores_are_the_formula(calibration):
    logits, embedding = inputs()
    scores = calibration.outlier_scores(logits, embedding)
    np.testing.assert_allclose(scores, list(scores_in_loops(calibration, logits, embedding)), rtol=1e-9)
    known = calibration.known(logits, embedding)
    assert known.dtype == bool
    assert np.array_equal(known, scores <= 1)
    assert 0 < known.sum() < len(known)
    again, reasons = calibration.judge(logits, embedding)
    assert np.array_equal(again, scores)
    assert [reason is None for reason in reasons] == known.tolist()
    assert set(reasons) <= {None, FAR, WEAK}


def test_an_image_has_the_same_score_alone_and_among_others(calibration):
    logits, embedding = inputs()
    scores = calibration.outlier_scores(logits, embedding)
    alone = [calibration.outlier_scores(logits[n : n + 1], embedding[n : n + 1])[0] for n in range(len(logits))]
    assert np.array_equal(scores, alone)
    assert len(calibration.known(logits[:0], embedding[:0])) == 0


def test_probabilities_are_those_of_the_divided_logits(calibration):
    logits, _ = inputs()
    np.testing.assert_array_equal(calibration.probabilities(logits), softmax(logits.astype(np.float64) / 1.25))


def test_a_weights_file_carries_its_calibration_and_the_same_tensors(path, calibration):
    opened = TrainedNetwork.load(path).calibration
    assert opened.to_dict() == calibration.to_dict()
    arguments = inputs()
    np.testing.assert_array_equal(opened.outlier_scores(*arguments), calibration.outlier_scores(*arguments))
    assert safetensors.numpy.load(path.read_bytes()).keys() == network_of("lenet", seed=1).tensors.keys()


def test_a_network_without_a_calibration_has_none(path):
    network = TrainedNetwork.load(path)
    path.write_bytes(network.pack(network.weights))
    assert TrainedNetwork.load(path).calibration is None
    assert dataclasses.replace(network, loaded=network.network).calibration is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"temperature": 0}, "temperature 0"),
        ({"temperature": "warm"}, "temperature is warm"),
        ({"coverage": 2}, "coverage 2"),
        ({"width": 10**9}, "embedding of 1000000000 numbers"),
        ({"width": 0}, "embedding of 0 numbers"),
        ({"width": 1}, "1024 directions"),
        ({"directions": ""}, "0 directions"),
        ({"directions": "AAA"}, "padding"),
        ({"directions": 5}, "cannot be read"),
        ({"layer": "fc.9"}, "of another network"),
        ({"layer": None}, "cannot be read"),
        ({"evidence": None}, "evidence is None"),
        ({"amount": {}}, "cannot be read"),
    ],
)
def test_a_calibration_that_cannot_be_used_is_refused(path, calibration, changes, message):
    network = TrainedNetwork.load(path)
    values = network.to_dict() | {"calibration": calibration.to_dict() | changes}
    path.write_bytes(safetensors.numpy.save(network.weights, {"lenet": json.dumps(values)}))
    with pytest.raises(RunError, match=message):
        _ = TrainedNetwork.load(path).calibration


def test_a_calibration_with_numbers_that_are_nan_is_refused(calibration):
    broken = dataclasses.replace(calibration.amount, means=calibration.amount.means * np.float32("nan"))
    with pytest.raises(ValueError, match="NaN"):
        Calibration.from_dict(dataclasses.replace(calibration, amount=broken).to_dict())


@pytest.mark.parametrize("name", ["lenet", "lenet-bn", "small", "mlp", "softmax"])
def test_the_embedding_is_the_input_of_the_first_dense_layer(name):
    network = network_of(name, seed=3)
    layer = embedding_layer(network.architecture)
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 28), np.uint8)
    inputs = as_input(images, Preprocessing((28, 28)))
    before = network.architecture.layers.index(layer) - 1
    expected = forward(network, inputs)[before]
    np.testing.assert_array_equal(forward(up_to(network, layer), inputs)[-1], expected)
