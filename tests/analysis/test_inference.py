"""The engine that computes a trained network."""

import numpy as np
import pytest

import lenet
from lenet.analysis import inference
from lenet.analysis.inference import engine_for, probabilities
from lenet.metrics import softmax
from lenet.runs.opening import logits


@pytest.mark.torch
@pytest.mark.parametrize(
    ("engine", "has_torch", "wanted"),
    [("cpu", True, "cpu"), ("reference", True, "reference"), ("reference", False, "cpu")],
)
def test_the_engine_of_the_training_computes_if_this_machine_has_it(
    tiny, tmp_path, monkeypatch, engine, has_torch, wanted
):
    run = lenet.train(
        tiny, recipe="fast", engine=engine, epochs=1, batch_size=50, out=tmp_path / "run", progress="quiet"
    )
    monkeypatch.setattr(inference, "has_torch", lambda: has_torch)
    made = []
    real = inference.make_engine
    monkeypatch.setattr(inference, "make_engine", lambda name, *rest: made.append(name) or real(name, *rest))
    one = engine_for(run, "cpu")
    other = engine_for(run.network, "cpu")
    assert made == [wanted, "cpu"]
    images = tiny.test.images[:7]
    np.testing.assert_allclose(logits(run, one, images), logits(run.network, other, images), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(probabilities(run, images, "cpu"), softmax(one.logits(images)), rtol=1e-6)
