"""Weights that torch.save wrote, imported; and files that only pretend to hold some."""

import io
import pickle
import struct
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

import lenet
from lenet.errors import ConfigError, DataError, LenetError, ModelError, RunError
from lenet.images.preprocess import Preprocessing
from lenet.models import build
from lenet.networks.importing import import_weights


def book():
    """The chapter's network, as the book prints it."""
    return nn.Sequential(
        nn.Conv2d(1, 6, kernel_size=5, padding=2), nn.Sigmoid(), nn.AvgPool2d(kernel_size=2, stride=2),
        nn.Conv2d(6, 16, kernel_size=5), nn.Sigmoid(), nn.AvgPool2d(kernel_size=2, stride=2),
        nn.Flatten(), nn.Linear(16 * 5 * 5, 120), nn.Sigmoid(), nn.Linear(120, 84), nn.Sigmoid(), nn.Linear(84, 10),
    )  # fmt: skip


class Port(nn.Module):
    """The network of the Chinese port, with other names."""

    def __init__(self):
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.Sigmoid(), nn.MaxPool2d(2, 2), nn.Conv2d(6, 16, 5), nn.Sigmoid(), nn.MaxPool2d(2, 2)
        )
        self.dense = nn.Sequential(
            nn.Linear(256, 120), nn.Sigmoid(), nn.Linear(120, 84), nn.Sigmoid(), nn.Linear(84, 10)
        )

    def forward(self, images):
        return self.dense(self.convolutions(images).flatten(1))


class Touch:
    """Unpickled, it makes a file: the proof that something was run."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.fixture
def saved(tmp_path):
    """Saves a value as PyTorch does, and gives its path."""

    def save(value, name="net.pt", **options):
        torch.save(value, tmp_path / name, **options)
        return tmp_path / name

    return save


def imported_from(path, **options):
    return import_weights(path, **{"model": "lenet-avg", "data": "fashion-mnist"} | options)


def test_the_books_network_trained_by_plain_pytorch_predicts_here_as_there(tiny, saved):
    torch.manual_seed(0)
    net = book()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
    images = torch.from_numpy(tiny.train.images[:320, None] / np.float32(255))
    labels = torch.from_numpy(tiny.train.labels[:320])
    for start in range(0, 320, 64):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(images[start : start + 64]), labels[start : start + 64]).backward()
        optimizer.step()
    imported = import_weights(saved(net.state_dict()), model="lenet-avg", data=tiny)
    assert imported.network.path.name == "net.safetensors"
    assert list(imported.names) == list(imported.names.values()) == list(net.state_dict())
    assert imported.notes == []
    assert all(np.array_equal(imported.network.weights[name], w) for name, w in net.state_dict().items())
    with torch.no_grad():
        expected = net(torch.from_numpy(tiny.test.images[:20, None] / np.float32(255))).softmax(1).numpy()
    for image, probabilities in zip(tiny.test.images, expected, strict=False):
        found = lenet.predict(imported.network.path, image).probabilities
        np.testing.assert_allclose(found, probabilities, rtol=1e-4)
    assert lenet.evaluate(imported.network, tiny).num_images == 200


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        dict,
        lambda state: {"state_dict": state, "epoch": 3, "optimizer": {"state": {}, "param_groups": [{"lr": 0.9}]}},
        lambda state: {"model_state_dict": state, "loss": 0.5},
        lambda state: {"model": OrderedDict((f"module.{name}", weights) for name, weights in state.items())},
        lambda state: {"epoch": 3, "net": state, "optimizer": {"state": {0: {"momentum": torch.zeros(6)}}}},
        lambda state: {"model_state": state, "epoch": 1},
        lambda state: {"weights": state},
        lambda state: {"training": {"net": state, "epoch": 3}, "notes": {}},
        lambda state: {name: nn.Parameter(weights) for name, weights in state.items()},
    ],
)
def test_every_way_of_saving_a_state_dict_is_read(saved, wrap, zipped):
    """Also the format before PyTorch 1.6."""
    state = Port().state_dict()
    path = saved(wrap(state), _use_new_zipfile_serialization=zipped)
    imported = imported_from(path, model="lenet")
    expected = dict(zip(build("lenet").state_dict(), state.values(), strict=True))
    found = imported.network.weights
    assert all(np.array_equal(found[name], weights) for name, weights in expected.items())
    assert imported.notes == ["names differ; tensors were matched by their shapes"]


def test_plain_safetensors_get_their_description(tmp_path):
    """They are sorted by name, so that the order of the layers is lost: by shape alone."""
    path = tmp_path / "net.safetensors"
    state = {f"layer{name.replace('.', '-')}": weights for name, weights in book().state_dict().items()}
    path.write_bytes(safetensors.torch.save(state))
    imported = imported_from(path)
    assert imported.network.path == tmp_path / "net-lenet.safetensors"
    found = imported.network.weights
    assert all(np.array_equal(found[ours], state[theirs]) for theirs, ours in imported.names.items())
    assert imported.names["layer7-weight"] == "7.weight"


def test_tensors_of_one_shape_are_told_apart_by_order_or_not_at_all(saved, tmp_path):
    state = build("mlp", hidden=(50, 50, 50)).state_dict()
    renamed = {f"layer{name}": weights for name, weights in state.items()}
    imported = imported_from(saved(renamed), model="mlp", hidden="50,50,50")
    assert list(imported.names.values()) == list(state)
    path = tmp_path / "sorted.safetensors"
    path.write_bytes(safetensors.torch.save(renamed))
    with pytest.raises(RunError, match=r"which tensor is which: .*layer1\.bias 50.*1\.weight 50×784"):
        imported_from(path, model="mlp", hidden="50,50,50")
    reversed_ = dict(reversed(renamed.items()))
    with pytest.raises(RunError, match="which tensor is which"):
        imported_from(saved(reversed_, "reversed.pt"), model="mlp", hidden="50,50,50")


@pytest.mark.parametrize(
    ("kind", "note"),
    [
        (torch.float64, "float64 weights were rounded to float32"),
        (torch.float16, "float16 weights became float32"),
        (torch.bfloat16, "bfloat16 weights became float32"),
    ],
)
def test_other_floats_are_converted_with_a_note(saved, kind, note):
    imported = imported_from(saved(book().to(kind).state_dict()))
    assert imported.notes == [note]
    assert {weights.dtype for weights in imported.network.weights.values()} == {np.dtype(np.float32)}


def test_how_the_pixels_were_is_recorded(saved, tiny):
    path = saved(book().state_dict())
    plain = imported_from(path, out=path.with_name("a.safetensors")).network
    assert plain.preprocessing == Preprocessing((28, 28), framing="box")
    given = imported_from(path, mean=0.286, std=0.353, out=path.with_name("b.safetensors"), data="mnist").network
    assert given.preprocessing == Preprocessing((28, 28), 0.286, 0.353, framing="mass")
    assert given.classes == tuple("0123456789")
    measured = imported_from(path, normalize=True, data=tiny, out=path.with_name("c.safetensors")).network
    assert measured.preprocessing == Preprocessing.of(tiny.train, normalize=True)
    for wrong in ({"mean": 0.5}, {"mean": 0.5, "std": 0.5, "normalize": True}):
        with pytest.raises(ConfigError, match="mean and std together"):
            imported_from(path, **wrong)
    with pytest.raises(RunError, match="std 0"):
        imported_from(path, mean=0.5, std=0.0)


@pytest.mark.parametrize("name", ["fashion-mnist", "mnist", "digits"])
def test_what_is_known_of_a_data_set_is_what_is_measured(name, real_data, saved):
    train = lenet.data.load(name, str(real_data)).train
    assert imported_from(saved(book().state_dict()), data=name).network.preprocessing == Preprocessing.of(train)


def test_weights_of_another_network_are_refused_with_both_sides(saved):
    path = saved(book().state_dict())
    with pytest.raises(
        RunError, match=r"do not fit: .*7\.weight 120×400.* lenet has .*fc\.0\.weight 120×256"
    ) as caught:
        imported_from(path, model="lenet")
    assert "--padding" in caught.value.hint
    assert "fc.0.weight" in imported_from(path, model="lenet", padding=2).names.values()
    with pytest.raises(RunError, match="do not fit"):
        imported_from(saved({"0.weight": torch.zeros(6, 1, 5, 5)}, "one.pt"))
    with pytest.raises(ModelError, match="softmax has no setting padding"):
        imported_from(path, model="softmax", padding=2, out=path.with_name("x.safetensors"))


def test_nothing_in_a_pickle_is_run_and_its_wish_is_named(saved, tmp_path):
    touched = tmp_path / "touched"
    for number, zipped in enumerate((True, False)):
        path = saved({"a": torch.zeros(1), "b": Touch(touched)}, f"{number}.pt", _use_new_zipfile_serialization=zipped)
        with pytest.raises(RunError, match=r"holds more than weights, and was not opened: .* io\.open") as caught:
            imported_from(path)
        assert "torch.save(net.state_dict()" in caught.value.hint
    path = tmp_path / "plain.pt"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        path.write_bytes(pickle.dumps(Touch(touched), protocol) + pickle.dumps(None, 2) * 4)
        with pytest.raises(RunError, match=r"would run .*(\bopen|a name that it puts together)"):
            imported_from(path)
    assert not touched.exists()
    torch.save(Port(), path)
    with pytest.raises(RunError, match=r"test_pickles\.Port"):
        imported_from(path)
    assert not list(tmp_path.glob("*.safetensors"))


def archive(**records):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name, data in records.items():
            file.writestr(name.replace("__", "/"), data)
    return content.getvalue()


def squeezed():
    """An archive of a kilobyte that is ten megabytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a/data.pkl", bytes(10 << 20))
    return content.getvalue()


def number(size):
    """A pickle that asks for `size` bytes."""
    return b"\x80\x02c__builtin__\nbytearray\nJ" + struct.pack("<i", size) + b"\x85R."


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not what PyTorch saves"),
        (b"nonsense", "not what PyTorch saves"),
        (b"PK\x03\x04 nonsense", "not what PyTorch saves"),
        (squeezed(), "compressed"),
        (archive(a__data=b"x"), "its data.pkl has 0 bytes"),
        (archive(a__data=b"x", b__data=b"x"), "more than one root"),
        (archive(a__DATA=b"x", a__data=b"x"), "a record twice"),
        (number(2**31 - 1) * 5, "would run __builtin__.bytearray"),
        (pickle.dumps(list(range(400_000)), 2) * 5, "bytes of instructions"),
        (pickle.dumps(3, 2) * 5, "cannot be opened"),
    ],
)
def test_what_is_no_state_dict_is_refused(tmp_path, content, words):
    path = tmp_path / "net.pt"
    path.write_bytes(content)
    with pytest.raises(RunError, match=words):
        imported_from(path)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (torch.zeros(3), "holds a Tensor"),
        ({}, "holds a dict"),
        ({"a": 3}, "has a, a int"),
        ({1: torch.zeros(1)}, "has 1, a Tensor"),
        ({"a": torch.zeros(3, dtype=torch.int64)}, "has a in int64"),
        ({**book().state_dict(), "0.bias": torch.full((6,), torch.nan)}, "weights that are NaN or infinite: 0.bias"),
        ({**book().state_dict(), "0.bias": torch.full((6,), 1e300, dtype=torch.float64)}, "in float32, holds weights"),
        ({"a": torch.zeros(1).expand(1 << 40)}, "is too large: expected weights of at most"),
        ({"a": torch.zeros(1, dtype=torch.bfloat16).expand(1 << 40)}, "is too large"),
    ],
)
def test_what_are_no_weights_is_refused(saved, value, words):
    with pytest.raises(RunError, match=words):
        imported_from(saved(value))


def test_a_checkpoint_with_several_dicts_of_tensors_is_refused(saved):
    state = book().state_dict()
    with pytest.raises(RunError, match=r"several dicts of tensors: net, average; expected one"):
        imported_from(saved({"net": state, "average": state}))


def test_layers_that_lenet_lacks_are_named(saved, tmp_path):
    state = {"0.bias": torch.zeros(10), "0.weight_g": torch.zeros(10, 1), "0.weight_v": torch.zeros(10, 784)}
    words = r"0\.weight_g: the layer 0 is of the kind weight_norm, which no network of lenet has"
    with pytest.raises(RunError, match=words) as caught:
        imported_from(saved(state))
    assert "lenet show MODEL" in caught.value.hint
    path = tmp_path / "net.safetensors"
    path.write_bytes(safetensors.torch.save(state))
    with pytest.raises(RunError, match="the layer 0 is of the kind weight_norm"):
        imported_from(path)
    with pytest.raises(RunError, match=r"the layer rnn is of the kind LSTM, GRU or RNN"):
        imported_from(saved({f"rnn.{name}": weights for name, weights in nn.GRU(3, 4).state_dict().items()}, "rnn.pt"))


def test_a_torchscript_program_is_named_as_one(tmp_path):
    """An archive as torch.jit.save writes it, whose code is compressed."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("net/data.pkl", pickle.dumps(None, 2))
        file.writestr("net/code/__torch__.py", "class Net(Module):", zipfile.ZIP_DEFLATED)
    path = tmp_path / "net.pt"
    path.write_bytes(content.getvalue())
    with pytest.raises(RunError, match=r"net\.pt is a TorchScript program, not weights, and was not opened"):
        imported_from(path)


def test_truncated_and_damaged_files_are_refused_or_read(saved):
    """At every tenth byte: an error of ours, or, where the damage is in the numbers, weights."""
    path = saved(build("softmax").state_dict())
    content = path.read_bytes()
    random = np.random.RandomState(0)
    for stop in range(0, len(content), 1 + len(content) // 60):
        path.write_bytes(content[:stop])
        with pytest.raises(RunError):
            imported_from(path, model="softmax")
    for _ in range(60):
        damaged = bytearray(content)
        damaged[random.randint(len(content))] ^= 1 << random.randint(8)
        path.write_bytes(damaged)
        try:
            imported_from(path, model="softmax").network.path.unlink()
        except LenetError:
            assert not path.with_suffix(".safetensors").exists()


def test_nothing_is_overwritten(saved, tmp_path):
    path = saved(book().state_dict())
    imported_from(path)
    before = (tmp_path / "net.safetensors").read_bytes()
    with pytest.raises(RunError, match=r"net\.safetensors is already there"):
        imported_from(path)
    assert (tmp_path / "net.safetensors").read_bytes() == before
    with pytest.raises(ConfigError, match="does not end in"):
        imported_from(path, out=tmp_path / "net.bin")
    with pytest.raises(RunError, match="cannot write"):
        imported_from(path, out=tmp_path / "nowhere" / "net.safetensors")
    with pytest.raises(DataError, match="unknown data set"):
        imported_from(path, data="cifar", out=tmp_path / "new.safetensors")
    with pytest.raises(RunError, match="No such file"):
        imported_from(tmp_path / "nothing.pt")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x08\x07\x12\x07pytorch\x1a\x052.1.0:" + bytes(99), "an ONNX network"),
        (b"\x89HDF\r\n\x1a\n" + bytes(99), "an HDF5 file"),
        (b"<!DOCTYPE html><html>", "a web page"),
    ],
)
def test_another_format_under_the_name_of_a_pickle_is_named(tmp_path, content, kind):
    path = tmp_path / "net.pt"
    path.write_bytes(content)
    with pytest.raises(RunError, match=f"net\\.pt is {kind}; expected weights that PyTorch saved"):
        imported_from(path)
