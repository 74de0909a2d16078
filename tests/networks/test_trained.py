import hashlib
import json

import numpy as np
import pytest
import safetensors.numpy
from made_up import network_of

import lenet
from lenet.errors import DataError, ModelError, RunError
from lenet.images.preprocess import Preprocessing
from lenet.metrics import loss_and_accuracy
from lenet.networks.trained import TrainedNetwork


@pytest.fixture
def path(tmp_path):
    """A weights file on its own."""
    network = TrainedNetwork(tmp_path / "net.safetensors", "lenet", {}, tuple("0123456789"), Preprocessing((28, 28)))
    network.path.write_bytes(network.pack(network_of("lenet", seed=1).tensors))
    return network.path


def described(path, **changes):
    """The same weights, described otherwise."""
    values = TrainedNetwork.load(path).to_dict() | changes
    path.write_bytes(safetensors.numpy.save(safetensors.numpy.load(path.read_bytes()), {"lenet": json.dumps(values)}))
    return path


def test_a_weights_file_is_a_network(path):
    network = TrainedNetwork.load(path)
    assert (network.name, network.classes) == ("lenet", tuple("0123456789"))
    expected = network_of("lenet", seed=1)
    assert network.architecture == expected.architecture
    assert np.array_equal(network.network.weights, expected.weights)
    assert np.array_equal(network.weights["fc.4.bias"], expected.tensors["fc.4.bias"])
    assert TrainedNetwork.from_dict(json.loads(json.dumps(network.to_dict())), path) == network


def test_the_weights_of_a_run_are_a_network_wherever_they_are(tiny_run, tmp_path):
    copy = tmp_path / "elsewhere.safetensors"
    copy.write_bytes((tiny_run.path / "model.safetensors").read_bytes())
    network = TrainedNetwork.load(copy)
    assert (network.classes, network.preprocessing) == (tiny_run.classes, tiny_run.preprocessing)
    assert np.array_equal(network.network.weights, tiny_run.network.network.weights)


def test_a_trained_network_answers_in_numpy(tiny, tiny_run):
    images = tiny.test.images
    outputs = tiny_run.network.outputs(images)
    assert [output.shape[1:] for output in outputs] == list(tiny_run.network.architecture.output_shapes)
    logits = tiny_run.network.logits(images)
    np.testing.assert_allclose(logits, outputs[-1], rtol=1e-4, atol=1e-4)
    predictions = tiny_run.network.predictions(images)
    accuracy = np.mean([int(name) == label for name, label in zip(predictions, tiny.test.labels, strict=True)])
    assert accuracy == pytest.approx(tiny_run.test_accuracy, abs=0.01)
    assert tiny_run.network.logits(images[:0]).shape == (0, 10)
    with pytest.raises(DataError, match=r"the images are float64 \(2, 28, 28\); expected uint8 \(N, 28, 28\)"):
        tiny_run.network.outputs(np.zeros((2, 28, 28)))
    with pytest.raises(DataError, match="the images are list"):
        tiny_run.network.logits([[1]])


def test_the_gradient_of_a_logit_says_what_a_pixel_changes(tiny, tiny_run):
    """The difference between two images is, to first order, that of their logit."""
    network, image = tiny_run.network, tiny.test.images[:1]
    label = tiny.test.labels[:1]
    gradient = network.input_gradient(image, label)
    assert (gradient.shape, gradient.dtype) == ((1, 1, 28, 28), np.float32)
    moved = image.copy()
    row, column = np.unravel_index(np.abs(gradient[0, 0]).argmax(), (28, 28))
    moved[0, row, column] += np.uint8(1) if moved[0, row, column] < 255 else np.uint8(255)
    step = (moved.astype(float) - image)[0, row, column] / 255 / network.preprocessing.std
    change = (network.logits(moved) - network.logits(image))[0, label[0]]
    assert change == pytest.approx(gradient[0, 0, row, column] * step, rel=0.05)


def test_gradients_and_losses_of_many_images_are_those_of_each(tiny, tiny_run):
    network, images, labels = (
        tiny_run.network,
        np.tile(tiny.test.images[:90], (3, 1, 1)),
        np.tile(tiny.test.labels[:90], 3),
    )
    gradient = network.input_gradient(images, labels)
    np.testing.assert_allclose(gradient[:90], gradient[180:], rtol=1e-3, atol=1e-5)
    losses = network.losses(images, labels)
    assert (losses.shape, losses.dtype) == ((270,), np.float64)
    assert losses.mean() == pytest.approx(loss_and_accuracy(network.logits(images), labels)[0])
    assert network.input_gradient(images[:0], labels[:0]).shape == (0, 1, 28, 28)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (np.array([0, 10]), "there is a class 10; expected classes from 0 to 9"),
        (np.array([-1, 0]), "there is a class -1; expected"),
        (np.array([1]), r"the classes are int64 \(1,\); expected int64 \(2,\)"),
        (np.array([1.0, 2.0]), r"the classes are float64 \(2,\)"),
    ],
)
def test_classes_that_are_none_are_refused(tiny, tiny_run, classes, message):
    with pytest.raises(DataError, match=message):
        tiny_run.network.input_gradient(tiny.test.images[:2], classes)


def test_weights_of_another_hash_are_refused(path):
    values, sha256 = TrainedNetwork.load(path).to_dict(), hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(TrainedNetwork.from_dict(values, path, sha256).network.weights) == 44_426
    with pytest.raises(RunError, match="does not hold the weights of this run"):
        _ = TrainedNetwork.from_dict(values, path, "0" * 64).network


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"classes": []}, "its classes are"),
        ({"classes": ["a"] * 2000}, "its classes are"),
        ({"classes": [1] * 10}, "its classes are"),
        ({"classes": ["a" * 1000] * 10}, "its classes are"),
        ({"classes": ["\x1b]0;owned\x07"] * 10}, "its classes are"),
        ({"classes": "0123456789"}, "classes is 0123456789"),
        ({"classes": None}, "classes is None"),
        ({"model": None}, "TypeError"),
        ({"model": {"name": 3, "arguments": {}}}, "AttributeError"),
        ({"model": {"name": "resnet", "arguments": {}}}, "unknown model 'resnet'"),
        (
            {"model": {"name": "lenet", "arguments": {"hidden": [10**5]}}},
            "it has 26,702,582 parameters; expected at most 12,000,000",
        ),
        ({"model": {"name": "lenet", "arguments": {"hidden": [10**400]}}}, "cannot be built"),
        ({"model": {"name": "lenet", "arguments": {"hidden": [1] * 65}}}, "more than 64 layers"),
        ({"model": {"name": "lenet", "arguments": {"hidden": [1.5]}}}, "expected a whole number"),
        ({"model": {"name": "lenet", "arguments": {"kernel_size": -1}}}, "kernel_size is -1"),
        ({"model": {"name": "lenet", "arguments": {"kernel_size": 10**9}}}, "larger than its 28×28 image"),
        ({"model": {"name": "lenet", "arguments": {"padding": 10**12}}}, "cannot be built|does not hold"),
        ({"model": {"name": "lenet", "arguments": {"colour": 1}}}, "lenet has no setting colour"),
        ({"model": {"name": "lenet", "arguments": {"name": "mlp"}}}, "multiple values"),
        ({"model": {"name": "lenet", "arguments": {"num_classes": 9}}}, "its num_classes is 9; expected 10"),
        ({"model": {"name": "lenet", "arguments": {"input_size": [9, 9]}}}, "its input_size is"),
        ({"model": {"name": "lenet", "arguments": {"input_size": 28}}}, "TypeError"),
        ({"model": {"name": "lenet", "arguments": {"in_channels": 10**9}}}, "its in_channels is"),
        ({"model": {"name": "mlp", "arguments": {}}}, "it has no 1.weight, which the network has as 256×784"),
        ({"model": {"name": "lenet", "arguments": {"hidden": [10**12]}}}, "output has 1,000,000,000,000 numbers"),
        (
            {"model": {"name": "lenet", "arguments": {"channels": [9, 10**4] * 2, "kernel_size": 1}}},
            "cannot be|not hold",
        ),
        ({"preprocessing": Preprocessing((4000, 4000)).to_dict()}, "a layer's output has 95,808,096 numbers"),
        ({"preprocessing": None}, "the preprocessing is None"),
        ({"preprocessing": Preprocessing((10**6, 10**6)).to_dict()}, "its images are 1000000×1000000"),
        ({"preprocessing": Preprocessing((28, 28)).to_dict() | {"std": 0}}, "std 0"),
        ({"preprocessing": Preprocessing((28, 28)).to_dict() | {"framing": {}}}, r"framing \{\}"),
        ({"preprocessing": Preprocessing((28, 28)).to_dict() | {"ground": []}}, r"ground \[\]"),
        ({"model": {"name": {}, "arguments": {}}}, "cannot be built"),
        ({"model": {"name": "lenet", "arguments": {"activation": {}}}}, "activation"),
    ],
)
def test_a_network_that_cannot_be_is_refused_before_memory_is_taken(path, changes, words):
    with pytest.raises(RunError, match=words):
        _ = TrainedNetwork.load(described(path, **changes)).network


def test_files_that_are_no_network_are_refused_with_the_way_in(path, tmp_path):
    bare = tmp_path / "bare.safetensors"
    bare.write_bytes(safetensors.numpy.save(network_of("lenet").tensors))
    with pytest.raises(RunError, match="does not say what network") as caught:
        TrainedNetwork.load(bare)
    assert caught.value.hint.startswith("lenet import-weights")
    bare.write_bytes(safetensors.numpy.save(network_of("lenet").tensors, {"lenet": "{"}))
    with pytest.raises(RunError, match="Expecting"):
        TrainedNetwork.load(bare)
    for name in ("net.pt", "net.PTH", "net.pkl"):
        with pytest.raises(RunError, match="was not read") as caught:
            TrainedNetwork.load(tmp_path / name)
        assert "lenet import-weights" in caught.value.hint


def test_a_network_whose_weights_could_not_be_read_back_is_not_made():
    with pytest.raises(ModelError, match="79,500,010 parameters; expected at most 12,000,000"):
        lenet.train("digits", model="mlp", hidden=(100_000,), progress="quiet")
