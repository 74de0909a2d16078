"""Importing safetensors files, with NumPy alone."""

import re

import numpy as np
import pytest

from lenet.errors import ConfigError, MissingExtra, RunError
from lenet.files.safetensors import pack
from lenet.images.preprocess import Preprocessing
from lenet.networks import build
from lenet.networks.importing import import_weights, shapes_in_order
from lenet.networks.initialization import initialized
from lenet.networks.matching import Tensors, match, without_counters
from lenet.networks.trained import TrainedNetwork
from lenet.registry import READERS, resolve


@pytest.fixture
def parameters():
    return initialized(build("lenet-avg"), "default", seed=0).tensors


def saved(folder, arrays, name="net.safetensors"):
    (folder / name).write_bytes(pack(arrays))
    return folder / name


def test_weights_under_other_names_are_matched_by_shape(tmp_path, parameters):
    path = saved(tmp_path, {f"net.{name}": array for name, array in parameters.items()})
    imported = import_weights(path, model="lenet-avg", data="mnist", mean=0.13, std=0.31)
    assert imported.network.path == tmp_path / "net-lenet.safetensors"
    assert imported.names["net.0.weight"] == "0.weight"
    assert imported.notes == ["names differ; tensors were matched by their shapes"]
    assert all(np.array_equal(imported.network.weights[name], array) for name, array in parameters.items())
    assert (imported.network.preprocessing.mean, imported.network.preprocessing.std) == (0.13, 0.31)


def test_a_prefix_of_all_names_is_left_out(tmp_path, parameters):
    path = saved(tmp_path, {f"module._orig_mod.{name}": array for name, array in parameters.items()})
    assert import_weights(path, model="lenet-avg", data="mnist").notes == []


def test_integers_are_refused(tmp_path, parameters):
    path = saved(tmp_path, {**parameters, "0.bias": np.arange(6)})
    with pytest.raises(RunError, match=r"net\.safetensors has 0\.bias in int64; expected weights of float32"):
        import_weights(path, model="lenet-avg", data="mnist")


def test_an_unknown_setting_is_refused(tmp_path, parameters):
    with pytest.raises(ConfigError, match="unknown setting 'normalise'") as caught:
        import_weights(
            saved(tmp_path, parameters), model="lenet-avg", data="mnist", normalise=True, out=tmp_path / "a.safetensors"
        )
    assert "did you mean normalize?" in caught.value.hint


@pytest.mark.parametrize("name", ["net.onnx", "net.h5", "net.npz", "net"])
def test_other_formats_are_refused_by_their_suffix(tmp_path, parameters, name):
    with pytest.raises(RunError, match=rf"{name} is of a format that is not imported; expected \.safetensors, \.pt"):
        import_weights(saved(tmp_path, parameters, name), model="lenet-avg", data="mnist")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("1.weight_ih_l0", "LSTM, GRU or RNN"),
        ("1.in_proj_weight", "MultiheadAttention"),
        ("1.weight_g", "weight_norm"),
        ("1.weight_orig", "spectral_norm or pruning"),
    ],
)
def test_a_layer_that_no_network_has_is_named_by_its_kind(tmp_path, parameters, name, kind):
    path = saved(tmp_path, {**parameters, name: np.zeros(6, np.float32)})
    words = rf"{re.escape(name)}: the layer 1 is of the kind {kind}, which no network of lenet has"
    with pytest.raises(RunError, match=words) as caught:
        import_weights(path, model="lenet-avg", data="mnist")
    assert "lenet show MODEL" in caught.value.hint


@pytest.fixture
def normalized():
    """Tensors of lenet-bn as PyTorch names and orders them, and the network."""
    network = initialized(build("lenet-bn"), "default", seed=0)
    random = np.random.default_rng(0)
    state = {}
    for layer in network.architecture.layers:
        parts = {name: part for name, part in network.tensors.items() if name.rpartition(".")[0] == layer.name}
        if layer.kind == "BatchNorm2d":
            for part in parts.values():
                part[...] = random.uniform(0.5, 1.5, part.shape)
            parts[f"{layer.name}.num_batches_tracked"] = np.array(938)
        state |= parts
    return state, network


def test_running_statistics_are_taken_and_the_number_of_batches_is_not(tmp_path, normalized):
    state, network = normalized
    path = saved(tmp_path, {f"module.{name}": array for name, array in state.items()})
    imported = import_weights(path, model="lenet-bn", data="mnist")
    assert imported.notes == []
    assert list(imported.network.weights) == list(network.tensors)
    assert all(np.array_equal(imported.network.weights[name], array) for name, array in network.tensors.items())
    assert imported.network.weights["conv.5.running_var"].shape == (16,)


def test_in_the_order_of_a_state_dict_the_statistics_of_a_layer_follow_its_weights(normalized):
    state, network = normalized
    arrays = {f"net.{name}": array for name, array in state.items()}
    ordered = Tensors(arrays, {name: str(array.dtype) for name, array in arrays.items()}, is_ordered=True)
    names = match(without_counters(ordered), shapes_in_order(network.architecture), "net.pt", "lenet-bn")
    assert names == {f"net.{name}": name for name in network.tensors}


def test_weights_of_a_training_with_dropout_are_taken_without_it(tmp_path):
    """Its layers have other numbers; a safetensors file has them in no order."""
    trained = initialized(build("tiny", dropout=0.3), "default", seed=0)
    assert {"20.weight", "20.bias"} <= set(trained.tensors)
    imported = import_weights(saved(tmp_path, dict(sorted(trained.tensors.items()))), model="tiny", data="mnist")
    assert imported.names["20.weight"] == "19.weight"
    for name, array in trained.tensors.items():
        assert np.array_equal(imported.network.weights[imported.names[name]], array)


def test_a_negative_variance_is_refused(tmp_path, normalized):
    state, network = normalized
    state["conv.1.running_var"][2] = -1e-3
    with pytest.raises(RunError, match=r"net\.safetensors holds a negative variance: conv\.1\.running_var"):
        import_weights(saved(tmp_path, state), model="lenet-bn", data="mnist")
    trained = TrainedNetwork(tmp_path / "bad.safetensors", "lenet-bn", {}, tuple("0123456789"), Preprocessing((28, 28)))
    trained.path.write_bytes(trained.pack(network.tensors))
    with pytest.raises(RunError, match=r"bad\.safetensors holds a negative variance: conv\.1\.running_var"):
        _ = TrainedNetwork.load(trained.path).network


def test_a_pickle_needs_pytorch(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    path = tmp_path / "net.pt"
    path.touch()
    with pytest.raises(MissingExtra, match=r"reading .*net\.pt, a pickle, needs PyTorch, which is not installed"):
        resolve(READERS, ".pt")(path)


def test_the_settings_of_the_model_are_those_of_the_file(tmp_path):
    """Also beside the network, where it is opened without them."""
    settings = {"channels": (4, 8), "hidden": (20,), "kernel_size": 3, "padding": 1, "activation": "tanh"}
    network = initialized(build("lenet", **settings, num_classes=10), "default", seed=0)
    path = saved(tmp_path, network.tensors)
    imported = import_weights(path, model="lenet", data="mnist", out=tmp_path / "out.safetensors", **settings)
    opened = TrainedNetwork.load(imported.network.path)
    assert opened.architecture == imported.network.architecture == network.architecture
    assert all(np.array_equal(opened.weights[name], array) for name, array in network.tensors.items())
    for name, other in {"channels": (4, 9), "hidden": (21,), "kernel_size": 5}.items():
        with pytest.raises(RunError, match="the weights do not fit"):
            import_weights(
                path, model="lenet", data="mnist", out=tmp_path / "no.safetensors", **settings | {name: other}
            )
