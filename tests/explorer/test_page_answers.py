"""The page's JavaScript judges answers, and computes gradients, as Python does."""

import json
from pathlib import Path

import numpy as np
import pytest
from made_up import inputs_for, network_of, network_of_all_layers, noise
from page_engine import described, run_script

import lenet
from lenet import data
from lenet.config import TrainConfig
from lenet.engines.cpu import CpuEngine
from lenet.engines.embedding import dense_layer, embeddings
from lenet.images.preprocess import Preprocessing
from lenet.networks import gradients
from lenet.networks.calibration import FAR
from lenet.runs.opening import network_of as network_in

pytestmark = pytest.mark.node
SCRIPT = Path(__file__).with_name("answers.mjs")


def test_answers_are_judged_as_in_python(tmp_path):
    trained = network_in(lenet.load("digits"))
    calibration = trained.calibration
    random = np.random.default_rng(0)
    known = data.load("digits").test.images[:150]
    size = known.shape[1:]
    images = np.concatenate([known, random.integers(0, 256, (25, *size)), known[:25] // 6]).astype(np.uint8)
    engine = CpuEngine(trained.network, None, TrainConfig(threads=1), trained.preprocessing)
    logits = engine.logits(images)
    embedding = embeddings(trained, images, 1, dense_layer(trained, calibration.layer))
    logits.tofile(tmp_path / "logits")
    embedding.tofile(tmp_path / "embedding")
    (tmp_path / "calibration.json").write_text(json.dumps(calibration.to_dict()))
    judged = json.loads(run_script(SCRIPT, tmp_path, "judge"))
    scores, reasons = calibration.judge(logits, embedding)
    assert len({*reasons}) == 3
    words = {None: None, FAR: "far"}
    assert [each["reason"] for each in judged] == [words.get(reason, "weak") for reason in reasons]
    np.testing.assert_allclose([each["score"] for each in judged], scores, rtol=1e-9, atol=1e-9)
    probabilities = [list(each["probabilities"].values()) for each in judged]
    np.testing.assert_allclose(probabilities, calibration.probabilities(logits), rtol=1e-12)


@pytest.mark.parametrize("network", [network_of("lenet-bn"), network_of("lenet-avg"), network_of_all_layers()], ids=str)
def test_gradients_are_those_of_python(tmp_path, network):
    channels, height, width = network.architecture.input_shape
    images = noise(5, (height, width), in_channels=channels).images
    _, classes = inputs_for(network, 5)
    preprocessing = Preprocessing((height, width), 0.2, 0.4, framing="box")
    expected = gradients.of_images(network, images, classes, preprocessing)
    (tmp_path / "network.json").write_text(json.dumps(described(network, preprocessing)))
    network.weights.tofile(tmp_path / "weights")
    images.tofile(tmp_path / "images")
    (tmp_path / "classes.json").write_text(json.dumps(classes.tolist()))
    run_script(SCRIPT, tmp_path, "gradient")
    computed = np.fromfile(tmp_path / "gradients", np.float32).reshape(expected.shape)
    np.testing.assert_allclose(computed, expected, rtol=1e-3, atol=1e-6 * np.abs(expected).max())
