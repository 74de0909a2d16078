"""Where the data set of a run is looked for."""

import dataclasses
from types import SimpleNamespace

import pytest

from lenet.errors import DataError
from lenet.runs import data


@pytest.fixture
def loaded(monkeypatch):
    """What is loaded, and from which folder."""
    calls = []
    monkeypatch.setattr(data, "load", lambda name, folder, progress: calls.append((name, folder, progress)))
    return calls


def run_on(recorder, name, folder):
    resolved = dataclasses.replace(
        recorder.run.resolved, data=name, data_folder=None if folder is None else str(folder)
    )
    return SimpleNamespace(resolved=resolved, path=recorder.path)


@pytest.mark.parametrize(
    ("folder", "is_elsewhere", "expected"),
    [("here", False, "here"), ("here", True, "given"), ("gone", False, "given"), (None, False, "given")],
)
def test_the_folder_of_the_training_is_the_last_resort(
    recorder, tmp_path, monkeypatch, loaded, folder, is_elsewhere, expected
):
    (tmp_path / "here").mkdir()
    asked = []
    monkeypatch.setattr(
        data, "locate", lambda *arguments: asked.append(arguments) or ("found" if is_elsewhere else None)
    )
    data.load_data(run_on(recorder, "mnist", folder and tmp_path / folder), "given", "bar")
    assert loaded == [("mnist", str(tmp_path / "here") if expected == "here" else "given", "bar")]
    assert asked == ([("mnist", "given")] if folder == "here" else [])


def test_data_of_ones_own_cannot_be_found_by_its_name(recorder, loaded):
    with pytest.raises(DataError, match="was trained on data of your own, 'toy'") as caught:
        data.load_data(run_on(recorder, "toy", None))
    assert f"lenet.evaluate({str(recorder.path)!r}, data)" in caught.value.hint
    assert loaded == []
