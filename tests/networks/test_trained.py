import json
import math
from pathlib import Path

import pytest
import safetensors.torch
import torch

import lenet
from lenet.errors import ModelError, RunError
from lenet.images.preprocess import Preprocessing
from lenet.models import build
from lenet.networks import summary
from lenet.networks.trained import Network


@pytest.fixture
def path(tmp_path):
    """A weights file on its own."""
    network = Network(tmp_path / "net.safetensors", "lenet", {}, tuple("0123456789"), Preprocessing((28, 28)))
    network.path.write_bytes(network.packed(build("lenet", seed=1).state_dict()))
    return network.path


def described(path, **changes):
    """The same weights, described otherwise."""
    values = Network.load(path).to_dict() | changes
    path.write_bytes(safetensors.torch.save(safetensors.torch.load(path.read_bytes()), {"lenet": json.dumps(values)}))
    return path


def test_a_weights_file_is_a_network(path):
    network = Network.load(path)
    assert (network.name, network.classes) == ("lenet", tuple("0123456789"))
    expected, found = build("lenet", seed=1).state_dict(), network.model.state_dict()
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    assert not network.model.training
    assert Network.from_dict(json.loads(json.dumps(network.to_dict())), path) == network


def test_the_weights_of_a_run_are_a_network_wherever_they_are(tiny_run, tmp_path):
    copy = tmp_path / "elsewhere.safetensors"
    copy.write_bytes((tiny_run.path / "model.safetensors").read_bytes())
    network = Network.load(copy)
    assert (network.classes, network.preprocessing) == (tiny_run.classes, tiny_run.preprocessing)
    expected, found = tiny_run.model.state_dict(), network.model.state_dict()
    assert all(torch.equal(expected[name], found[name]) for name in expected)


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
            "its fc.0.weight is 120×256, the network's 100000×256",
        ),
        ({"model": {"name": "lenet", "arguments": {"hidden": [10**400]}}}, "cannot be built"),
        ({"model": {"name": "lenet", "arguments": {"hidden": [1] * 65}}}, "more than 64 layers"),
        ({"model": {"name": "lenet", "arguments": {"hidden": [1.5]}}}, "expected a whole number"),
        ({"model": {"name": "lenet", "arguments": {"kernel_size": -1}}}, "kernel_size is -1"),
        ({"model": {"name": "lenet", "arguments": {"kernel_size": 10**9}}}, "larger than its 28×28 picture"),
        ({"model": {"name": "lenet", "arguments": {"padding": 10**12}}}, "cannot be built|does not hold"),
        ({"model": {"name": "lenet", "arguments": {"colour": 1}}}, "lenet has no colour"),
        ({"model": {"name": "lenet", "arguments": {"name": "mlp"}}}, "multiple values"),
        ({"model": {"name": "lenet", "arguments": {"num_classes": 9}}}, "its num_classes is 9; expected 10"),
        ({"model": {"name": "lenet", "arguments": {"input_size": [9, 9]}}}, "its input_size is"),
        ({"model": {"name": "lenet", "arguments": {"input_size": 28}}}, "TypeError"),
        ({"model": {"name": "lenet", "arguments": {"in_channels": 10**9}}}, "its in_channels is"),
        ({"model": {"name": "mlp", "arguments": {}}}, "it has no 1.weight, which the network has as 256×784"),
        ({"model": {"name": "lenet", "arguments": {"hidden": [10**12]}}}, "would make 1,000,000,000,000 numbers"),
        (
            {"model": {"name": "lenet", "arguments": {"channels": [9, 10**4] * 2, "kernel_size": 1}}},
            "cannot be|not hold",
        ),
        ({"preprocessing": Preprocessing((4000, 4000)).to_dict()}, "a layer would make 95,808,096 numbers"),
        ({"preprocessing": None}, "the preprocessing is None"),
        ({"preprocessing": Preprocessing((10**6, 10**6)).to_dict()}, "its pictures are 1000000×1000000"),
        ({"preprocessing": Preprocessing((28, 28)).to_dict() | {"std": 0}}, "std 0"),
    ],
)
def test_a_network_that_cannot_be_is_refused_before_memory_is_taken(path, changes, words):
    with pytest.raises(RunError, match=words):
        _ = Network.load(described(path, **changes)).model


def test_files_that_are_no_network_are_refused_with_the_way_in(path, tmp_path):
    bare = tmp_path / "bare.safetensors"
    bare.write_bytes(safetensors.torch.save(build("lenet").state_dict()))
    with pytest.raises(RunError, match="does not say what network") as caught:
        Network.load(bare)
    assert caught.value.hint.startswith("lenet import-weights")
    bare.write_bytes(safetensors.torch.save(build("lenet").state_dict(), {"lenet": "{"}))
    with pytest.raises(RunError, match="Expecting"):
        Network.load(bare)
    for name in ("net.pt", "net.PTH", "net.pkl"):
        with pytest.raises(RunError, match="was not read") as caught:
            Network.load(tmp_path / name)
        assert "lenet import-weights" in caught.value.hint


def test_a_network_whose_weights_could_not_be_read_back_is_not_made():
    with pytest.raises(ModelError, match="mlp would have 79,500,010 parameters; expected at most 12,000,000"):
        build("mlp", hidden=(100_000,))
    with pytest.raises(ModelError, match="parameters"):
        lenet.train("digits", model="mlp", hidden=(100_000,), progress="quiet")
    with torch.device("meta"):
        assert build("mlp", hidden=(100_000,)).state_dict()["1.weight"].shape == (100_000, 784)


@pytest.mark.parametrize(
    ("name", "arguments", "size"),
    [
        ("lenet", {}, (28, 28)),
        ("lenet-avg", {"channels": (3, 9)}, (31, 47)),
        ("mlp", {}, (9, 9)),
        ("softmax", {}, (8, 8)),
    ],
)
def test_the_largest_output_is_that_of_the_table_of_layers(name, arguments, size):
    network = Network(Path("x"), name, arguments, tuple("0123456789"), Preprocessing(size))
    table = summary.layers(name, 1, size, **arguments)
    made = [layer for layer in table if layer.num_parameters]
    assert network.largest_output == max(math.prod(layer.output_shape) for layer in made)
