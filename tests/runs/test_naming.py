"""What a name of a run stands for: what is on the disk, else a network that comes with lenet; and names that nothing has."""

import shutil
from pathlib import Path

import pytest

import lenet
from lenet import ready
from lenet.errors import RunError, RunWarning
from lenet.runs import naming
from lenet.runs.opening import load, network_of, open_trained
from lenet.training.teacher import open_teacher


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["digits", Path("digits"), "Digits"])
def test_a_name_is_the_ready_made_network(name):
    run = open_trained(name)
    assert run.path == ready.path("digits")
    assert load(name).test_accuracy == run.test_accuracy
    assert network_of(run).classes == tuple("0123456789")
    assert open_teacher(str(name)).sha256 == run.summary.weights_sha256


def test_a_run_on_the_disk_is_taken_first_and_said_once(tiny_run, recwarn):
    shutil.copytree(tiny_run.path, "digits")
    assert open_trained("digits").path == Path("digits")
    [warning] = recwarn
    assert str(warning.message) == "digits is the run directory digits, not the ready-made network of that name"


def test_a_file_on_the_disk_is_taken_first(tiny_run):
    shutil.copy(tiny_run.path / "model.safetensors", "mnist")
    with pytest.warns(RunWarning, match="mnist is the file mnist, not the ready-made network"):
        assert open_trained("mnist").path == Path("mnist")


def test_another_folder_of_the_name_is_no_run():
    Path("mnist").mkdir()  # such as one with the data set
    with pytest.warns(RunWarning, match="mnist is the ready-made network; the folder mnist is no run directory"):
        assert load("mnist").path == ready.path("mnist")


def test_a_run_of_the_name_under_runs_is_mentioned(tiny_run):
    shutil.copytree(tiny_run.path, "runs/mnist")
    with pytest.warns(RunWarning, match="mnist is the ready-made network; the run of that name is runs/mnist"):
        assert load("mnist").path == ready.path("mnist")
    assert load("runs/mnist").path == Path("runs/mnist")


def test_a_path_that_ends_like_a_name_is_a_path():
    assert naming.find("photos/mnist") == (Path("photos/mnist"), None, None)
    with pytest.raises(RunError, match="no run directory photos/mnist"):
        load("photos/mnist")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("mnits", "did you mean mnist? lenet runs lists"),
        ("fasion-mnist", "did you mean fashion-mnist? "),
        ("boots", "did you mean runs/boots? "),
        ("elsewhere", "lenet runs lists those under runs/, lenet networks the ready-made ones"),
    ],
)
def test_a_name_that_nothing_has_leads_to_what_is_meant(name, hint, tiny_run):
    shutil.copytree(tiny_run.path, "runs/boots")
    for open_ in (load, open_trained, lambda name: lenet.evaluate(name)):
        with pytest.raises(RunError, match=f"no run directory {name}") as caught:
            open_(name)
        assert caught.value.hint.startswith(hint.replace("runs/boots", str(Path("runs/boots"))))
