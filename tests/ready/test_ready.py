"""The networks that come with lenet: what is in their folders, and that they are made again bit for bit."""

import hashlib

import make_networks
import pytest
from trainings import StopAfter, without_times

import lenet
from lenet import ready
from lenet.engines import kernels
from lenet.errors import RunError
from lenet.runs.run import Run

MOST_BYTES = 1_000_000  # of all weights files


def same_kernels_or_skip(run):
    """Bits depend on the variant of the kernels."""
    made_on, here = run.environment.kernels.split()[0], kernels.variant_name()
    if made_on != here:
        pytest.skip(f"was made with the kernels for {made_on}; here are those for {here}")


@pytest.mark.parametrize("name", ready.NAMES)
def test_each_is_a_finished_run_with_its_card(name):
    run = lenet.load(name)
    assert run.path == ready.path(name) == ready.FOLDER / name
    assert not run.missing
    assert run.network.weights
    assert run.epochs[-1].test_accuracy == run.test_accuracy > 0.9
    assert run.resolved.data == name
    settings = make_networks.SETTINGS[name]
    assert {setting: getattr(run.config, setting) for setting in settings} == settings
    card = (run.path / "README.md").read_text(encoding="utf-8")
    assert run.summary.weights_sha256 in card
    assert f"Accuracy {run.test_accuracy:.2%}" in card


def test_the_weights_are_small():
    assert sum((ready.path(name) / "model.safetensors").stat().st_size for name in ready.NAMES) < MOST_BYTES


@pytest.mark.parametrize("name", ready.NAMES)
def test_no_file_names_a_folder_of_the_machine(name):
    for path in ready.path(name).iterdir():
        content = path.read_bytes()
        assert not any(word in content for word in (b"/home/", b"/root/", b"/tmp/", b"/work/")), path


def test_other_spellings_and_unknown_names():
    assert ready.find("FashionMNIST") == ready.find("fashion_mnist") == "fashion-mnist"
    for name in ("kmnist", "runs/mnist", "./mnist", "auto", "", "emnist"):
        assert ready.find(name) is None
    with pytest.raises(RunError, match="no ready-made network mnits") as caught:
        ready.path("mnits")
    assert caught.value.hint == "did you mean mnist? choose from fashion-mnist, mnist, digits"


def test_digits_are_made_again_bit_for_bit(tmp_path):
    kept = lenet.load("digits")
    same_kernels_or_skip(kept)
    make_networks.publish("digits", make_networks.train("digits", tmp_path / "run"), tmp_path / "digits")
    made = lenet.load(tmp_path / "digits")
    assert hashlib.sha256((made.path / "model.safetensors").read_bytes()).hexdigest() == kept.summary.weights_sha256
    assert [without_times(point) for point in made.metrics] == [without_times(point) for point in kept.metrics]
    assert (made.path / "README.md").read_bytes() == (kept.path / "README.md").read_bytes()


@pytest.mark.parametrize("name", [name for name in ready.NAMES if name != "digits"])
def test_the_others_begin_bit_for_bit(name, tmp_path, real_data, monkeypatch):
    """All of their trainings take minutes: `make networks ARGS=--check`."""
    monkeypatch.setenv("LENET_DATA", str(real_data))
    kept = lenet.load(name)
    same_kernels_or_skip(kept)
    with pytest.raises(lenet.Interrupted):
        lenet.train(name, out=tmp_path / "run", progress=StopAfter(1), **make_networks.SETTINGS[name])
    made = Run(tmp_path / "run")
    assert without_times(made.metrics[0]) == without_times(kept.metrics[0])
