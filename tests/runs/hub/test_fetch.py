"""Networks from the Hub: strict about what a repository holds, clear about where it is from."""

import hashlib
import json
import pickle
from pathlib import Path

import numpy as np
import pytest

import lenet
from lenet import extras
from lenet.errors import LenetError, MissingExtra, RunError, RunWarning
from lenet.files.safetensors import Weights, pack
from lenet.runs.hub import client
from lenet.runs.hub.address import Address
from lenet.runs.hub.checks import CONFIG, LIMITS, WEIGHTS
from lenet.runs.hub.fetch import fetch
from lenet.runs.opening import is_run, open_trained

huggingface_hub = pytest.importorskip("huggingface_hub")

TINY = Address("ann/tiny")


def test_the_network_is_the_one_that_was_pushed(hub, tiny, tiny_run):
    with pytest.warns(
        RunWarning, match=r"hf://ann/tiny is commit \w{12}, weights SHA-256 \w{12}…, from the mirror http"
    ):
        opened = open_trained("hf://ann/tiny")
    images = tiny.test.images[:20]
    np.testing.assert_array_equal(opened.logits(images), tiny_run.network.logits(images))
    assert opened.sha256 == tiny_run.summary.weights_sha256
    with pytest.warns(RunWarning, match="from the cache"):
        assert lenet.predict("hf://ann/tiny", images[0]).label == lenet.predict(tiny_run, images[0]).label
    with pytest.warns(RunWarning):
        assert lenet.evaluate("hf://ann/tiny", tiny).accuracy == tiny_run.test_accuracy
    assert is_run(Path("hf://ann/tiny"))
    with pytest.raises(RunError, match="is a network on the Hub, not a run directory"):
        lenet.load("hf://ann/tiny")


def test_cache_mirror_and_net(hub, monkeypatch, good):
    constants = huggingface_hub.constants
    first = fetch(TINY)
    assert first.source == f"the mirror {hub.address} (HF_ENDPOINT)"
    assert fetch(TINY).source.startswith("the cache ")
    assert "checked with the mirror" in fetch(TINY).source
    hub.requests.clear()
    pinned = fetch(Address("ann/tiny", first.commit))
    assert (pinned.source.startswith("the cache"), pinned.commit, hub.requests) == (True, first.commit, [])
    second = hub.add("ann/tiny", {"README.md": b"new"})
    assert fetch(TINY).commit == second
    assert fetch(Address("ann/tiny", first.commit)).commit == first.commit
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:1")
    assert fetch(TINY).source.endswith("since the mirror http://127.0.0.1:1 (HF_ENDPOINT) gave no answer")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    offline = fetch(TINY)
    assert (offline.commit, offline.source.endswith("(HF_HUB_OFFLINE)")) == (second, True)
    with pytest.raises(RunError, match=r"HF_HUB_OFFLINE is set, and the cache .* does not have hf://ann/other"):
        fetch(Address("ann/other"))


def test_revisions(hub, good):
    hub.repositories["ann/tiny"].branches["v1"] = hub.repositories["ann/tiny"].branches["main"]
    assert fetch(Address("ann/tiny", "v1")).commit == fetch(TINY).commit
    with pytest.raises(RunError, match="hf://ann/tiny@v2 has no such revision"):
        fetch(Address("ann/tiny", "v2"))


def test_what_cannot_be_reached(hub, monkeypatch, good):
    with pytest.raises(RunError, match="has no repository hf://ann/nothing, or it is private"):
        fetch(Address("ann/nothing"))
    hub.add("bob/secret", good)
    hub.repositories["bob/secret"].private = True
    for token in ("hf_annswritetoken", ""):
        monkeypatch.setenv("HF_TOKEN", token)
        with pytest.raises(RunError, match="has no repository hf://bob/secret, or it is private") as caught:
            fetch(Address("bob/secret"))
        assert "hf_" not in str(caught.value).replace("hf auth", "").replace("hf://", "")
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://ann:secret@127.0.0.1:1")
    with pytest.raises(RunError, match="could not be reached for hf://ann/tiny") as caught:
        fetch(TINY)
    assert "secret" not in str(caught.value)
    hub.faults["GET /api/models"] = 503
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", hub.address)
    with pytest.raises(RunError, match="answered 503 for hf://ann/tiny"):
        fetch(TINY)


def test_an_interrupted_download(hub):
    hub.faults["GET /cdn/"] = "half"
    with pytest.raises(RunError, match="could not be reached for hf://ann/tiny, or broke off"):
        fetch(TINY)
    hub.faults.clear()
    assert fetch(TINY).network.network


def _repacked(content, change):
    weights = Weights.read(content)
    arrays = dict(weights.arrays())
    change(arrays)
    return pack(arrays, weights.metadata)


def _first(arrays):
    return next(iter(arrays))


def _with_weights(good, content, **config):
    values = json.loads(good[CONFIG])
    values["weights"]["sha256"] = hashlib.sha256(content).hexdigest()
    return {**good, WEIGHTS: content, CONFIG: json.dumps(values | config).encode()}


TENSORS = {
    "an unknown tensor": (
        lambda a: a.update(extra=np.zeros(1, np.float32)),
        "it has extra, float32 1, which",
    ),
    "a missing tensor": (lambda a: a.pop(_first(a)), "it has no "),
    "another size": (lambda a: a.update({_first(a): np.zeros((2, 2), np.float32)}), "the network's"),
    "another type": (lambda a: a.update({_first(a): a[_first(a)].astype(np.float16)}), "expected float32"),
    "NaN": (lambda a: a.update({_first(a): a[_first(a)] * np.float32("nan")}), "NaN or infinite"),
}


@pytest.mark.parametrize("what", TENSORS)
def test_wrong_tensors(what, hub, good):
    change, expected = TENSORS[what]
    hub.add("ann/tiny", _with_weights(good, _repacked(good[WEIGHTS], change)))
    with pytest.raises(RunError, match="hf://ann/tiny was refused: ") as caught:
        fetch(TINY)
    assert expected in caught.value.message
    assert caught.value.hint


def _config(good, **changes):
    return {**good, CONFIG: json.dumps(json.loads(good[CONFIG]) | changes).encode()}


class Danger:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was read",))


def others(good):
    network = json.loads(good[CONFIG])["network"]
    return {
        "no config.json": ({WEIGHTS: good[WEIGHTS]}, "has no config.json"),
        "no weights": ({CONFIG: good[CONFIG]}, "has no model.safetensors"),
        "another library": (_config(good, library_name="timm"), "its config.json is not lenet's"),
        "a later format": (_config(good, format=2), "has the format 2; this lenet reads 1"),
        "no network": (_config(good, network=None), "does not describe a network"),
        "an unknown model": (
            _config(good, network={**network, "model": {"name": "resnet", "arguments": {}}}),
            "unknown model 'resnet'",
        ),
        "another network": (
            _config(good, network={**network, "classes": [*network["classes"][1:], "x"]}),
            "different networks",
        ),
        "broken JSON": ({**good, CONFIG: b"{"}, "its config.json cannot be read"),
        "NaN in JSON": ({**good, CONFIG: b'{"a": NaN}'}, "NaN is not a number"),
        "a list": ({**good, CONFIG: b"[]"}, "its config.json is not lenet's"),
        "other weights": (
            {**good, WEIGHTS: good[WEIGHTS][:-1] + b"x"},
            "not the one of its config.json, by the SHA-256",
        ),
        "a pickle beside": (
            {**good, "pytorch_model.bin": pickle.dumps(Danger())},
            "has pytorch_model.bin, which may hold a pickle",
        ),
        "a hidden pickle": ({**good, "old/Net.PT": b""}, "has old/Net.PT, which may hold a pickle"),
        "a disguised pickle": (_with_weights(good, pickle.dumps(Danger()) * 9), "is a pickle, as PyTorch saves it"),
        "no safetensors": (_with_weights(good, b"hello" * 99), "is not a sound safetensors file"),
        "empty weights": ({**good, WEIGHTS: b""}, "has a model.safetensors of 0 bytes"),
    }


@pytest.mark.parametrize("what", others({CONFIG: b'{"network": {"classes": []}, "weights": {}}', WEIGHTS: b""}))
def test_what_is_refused(what, hub, good):
    files, expected = others(good)[what]
    hub.repositories.clear()
    hub.add("ann/tiny", files)
    with pytest.raises(RunError, match="hf://ann/tiny") as caught:
        fetch(TINY)
    assert expected in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS])
def test_huge_files(name, hub, monkeypatch):
    hub.sizes[name] = 1 << 40
    with pytest.raises(RunError, match=f"has a {name} of 1,099,511,627,776 bytes; expected at most"):
        fetch(TINY)
    assert not any("resolve" in line for line in hub.requests)  # refused before a byte of it is read
    hub.sizes[name] = 50  # as it says; it sends more
    monkeypatch.setitem(LIMITS, name, 100)
    with pytest.raises(RunError, match=f"sends a {name} of more than 100 bytes"):
        fetch(TINY)


def test_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(extras.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        MissingExtra, match=r'the Hub needs huggingface_hub, which is not installed\nhint: pip install "lenet\[hub\]"'
    ):
        open_trained("hf://ann/tiny")


def test_no_message_holds_a_secret(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hunter2hunter2")
    text = "Bearer abc.def hunter2hunter2 hf_abcdefghijkl http://u:p@host/x"
    assert client.without_secrets(text) == "Bearer … … … http://…host/x"
    error = client.explained(OSError(text), "ann/tiny")
    assert isinstance(error, LenetError)
    assert "hunter2" not in str(error)
