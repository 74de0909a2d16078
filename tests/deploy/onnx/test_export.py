"""ONNX files: onnx's checker finds them valid, and what reads them computes what the engines compute."""

import dataclasses
import json
from random import Random

import numpy as np
import pytest
from chains import LIMITS, chain, random_chain
from deployed import made_up_calibration, made_up_trained

import lenet
from lenet.deploy.onnx import layers
from lenet.deploy.onnx.check import check, expected_of
from lenet.deploy.onnx.comparison import Expected, as_pixels, compare
from lenet.deploy.onnx.export import make, onnx_file
from lenet.deploy.onnx.runtimes import RUNTIMES
from lenet.deploy.plan import InferencePlan
from lenet.engines.cpu import CpuEngine
from lenet.errors import ModelError
from lenet.networks import build
from lenet.networks.forward import as_input, forward
from lenet.registry import ACTIVATIONS, MODELS, POOLINGS

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("cv2")

CONFIG = lenet.configure("fast", data="digits")
SETTINGS = [{"activation": activation, "pooling": pooling} for activation in ACTIVATIONS for pooling in POOLINGS]


def images_for(network, seed, number=5):
    return np.random.default_rng(seed).integers(0, 256, (number, *network.preprocessing.shape), np.uint8)


def engine_logits(network, images):
    return CpuEngine(network.network, None, CONFIG, network.preprocessing).logits(images)


def must_agree(architecture, batch, seed):
    """The file is valid; what each runtime computes from it is near the reference, and as near the engine."""
    network = made_up_trained(architecture, seed)
    content = make(network, batch=batch).content
    onnx.checker.check_model(onnx.load_from_string(content), full_check=True)
    images = images_for(network, seed)
    exact = forward(network.network, as_input(images, network.preprocessing).astype(np.float64))[-1]
    for runtime in RUNTIMES:
        compute = runtime.start(runtime.imported(), content, ("logits", "probabilities"))
        for expected in (exact, engine_logits(network, images)):
            comparison = compare(
                compute, batch if batch != "dynamic" else "batch", images, Expected.uncalibrated(expected)
            )
            assert comparison.is_equal, (runtime.name, str(comparison))


@pytest.mark.parametrize("seed", range(15))
def test_random_chains(seed):
    must_agree(random_chain(Random(seed), with_dropout=True), (1, 3, "dynamic")[seed % 3], seed)


@pytest.mark.parametrize("batch", [1, "dynamic"])
@pytest.mark.parametrize("name", LIMITS)
def test_limits(name, batch):
    must_agree(LIMITS[name], batch, 1)


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: "-".join(settings.values()))
def test_activations_and_poolings(settings):
    must_agree(build("lenet-bn", in_channels=3, input_size=(18, 23), **settings), 2, 3)


@pytest.mark.parametrize("name", MODELS)
def test_models(name):
    must_agree(build(name), "dynamic", 0)


@pytest.mark.proof
def test_many_random_chains():
    for seed in range(1000, 1500):
        must_agree(random_chain(Random(seed), with_dropout=True), (1, 3, "dynamic")[seed % 3], seed)


def test_what_the_file_says(tiny_run):
    content = lenet.deploy.onnx.export.make(tiny_run).content
    assert content == make(tiny_run).content, "the same bytes each time"
    model = onnx.load_from_string(content)
    assert (model.ir_version, model.opset_import[0].version, model.producer_name) == (7, 12, "lenet")
    assert model.producer_version == lenet.__version__
    found = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(found["classes"]) == list(tiny_run.classes)
    assert json.loads(found["preprocessing"]) == tiny_run.preprocessing.to_dict()
    assert json.loads(found["model"])["name"] == "lenet"
    assert found["sha256"] == tiny_run.summary.weights_sha256
    assert found["lenet_version"] == lenet.__version__
    names = [name for node in model.graph.node for name in (node.name, *node.output)]
    names += [tensor.name for tensor in model.graph.initializer]
    assert all(name.isidentifier() for name in names), "the standard asks for identifiers of C"


@pytest.mark.parametrize("mean", [0.0, 0.25])
def test_the_input_is_normalised_with_lenet_s_own_rounding(mean):
    """Bit for bit, for all 256 bytes."""
    seed = 1 if mean else 0
    network = made_up_trained(chain((1, 16, 16), "flatten", (256,)), seed)
    network.weights["1.weight"][...] = np.eye(256)
    network.weights["1.bias"][...] = 0
    image = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    compute = RUNTIMES[0].start(RUNTIMES[0].imported(), make(network).content, ["logits"])
    assert np.array_equal(compute(as_pixels(image))[0], as_input(image, network.preprocessing).reshape(1, 256))


def test_a_layer_that_onnx_does_not_have_is_named(tiny_run, monkeypatch):
    monkeypatch.delitem(layers.OPERATIONS, "relu")
    with pytest.raises(ModelError, match=r"the layer conv.1 \(ReLU\) cannot be written as ONNX"):
        onnx_file(InferencePlan.of(tiny_run.network), 1, {})


def test_a_checkpoint_s_network_has_the_hash_of_the_file_it_would_be(tiny_run, tmp_path):
    network = tiny_run.network
    loaded = lenet.networks.trained.TrainedNetwork.from_dict(network.to_dict(), tmp_path)
    object.__setattr__(loaded, "loaded", network.network)
    model = onnx.load_from_string(make(loaded).content)
    found = {entry.key: entry.value for entry in model.metadata_props}
    assert found["sha256"] == tiny_run.summary.weights_sha256


def test_check_on_fewer_images_than_the_batch(tiny_run, tiny):
    content = make(tiny_run, batch=150).content
    lines = [*check(content, 150, tiny_run, tiny.test.images, "200 images")]
    assert len(lines) == 3
    assert all("200 of 200 answers the same" in line for line in lines[1:])


@pytest.mark.parametrize("batch", [1, 7, "dynamic"])
@pytest.mark.parametrize("model", ["lenet", "small", "mlp"])
def test_probabilities_are_calibrated_and_unknown_images_reported(model, batch):
    architecture = build(model, num_classes=6)
    plain = made_up_trained(architecture, 5)
    network = dataclasses.replace(plain, measured=made_up_calibration(architecture, 5), arguments={"num_classes": 6})
    network = dataclasses.replace(network, name=model)
    images = images_for(network, 5, 40)
    network = dataclasses.replace(network, measured=centred(network, images))
    content = make(network, batch=batch).content
    onnx.checker.check_model(onnx.load_from_string(content), full_check=True)
    expected = expected_of(network, images)
    exact = network.calibration.known(network.logits(images), embeddings(network, images))
    assert ((expected.scores <= 1) == exact).all()
    assert exact.sum() == len(images) // 2
    found = {entry.key: entry.value for entry in onnx.load_from_string(content).metadata_props}
    assert json.loads(found["calibration"])["temperature"] == network.calibration.temperature
    size = batch if isinstance(batch, int) else "batch"
    for runtime in RUNTIMES:
        compute = runtime.start(runtime.imported(), content, expected.outputs)
        comparison = compare(compute, size, images, expected)
        assert comparison.is_equal, str(comparison)
        assert f"{(~exact).sum()} unknown to both" in str(comparison)


def centred(network, images):
    """The network's calibration, changed so that half of the images are unknown."""
    made = network.calibration
    median = np.median(made.outlier_scores(network.logits(images), embeddings(network, images)))
    views = [
        dataclasses.replace(view, usual=view.usual + (median - 1) / view.distance_weight)
        for view in (made.amount, made.direction)
    ]
    return dataclasses.replace(made, amount=views[0], direction=views[1])


def embeddings(network, images):
    names = [layer.name for layer in network.network.architecture.layers]
    return network.outputs(images)[names.index(network.calibration.layer) - 1]
