"""Reading a run directory: what a training leaves, and refusing what is damaged or of another version."""

import json

import numpy as np
import pytest
from toys import ENVIRONMENT, RESOLVED, chunk, epoch, finished, initial_network, summary

import lenet
from lenet.config import FIELDS
from lenet.configuration import configure
from lenet.errors import ConfigError, RunError
from lenet.runs.run import MAX_METRICS, Run, find_runs
from lenet.training.loop import CHUNKS


@pytest.mark.torch
def test_what_is_written_is_read(recorder):
    finished(recorder)
    again = lenet.load(recorder.path)
    assert again.config == recorder.config
    assert again.test_accuracy == 0.5
    assert again.classes == ("a", "b")
    assert again.preprocessing.size == (2, 2)
    assert again.environment == ENVIRONMENT
    assert np.array_equal(again.network.network.weights, initial_network().weights)
    assert not again.model.training
    weights = again.bare_model.state_dict()
    assert all(np.array_equal(value, again.network.weights[name]) for name, value in weights.items())
    assert lenet.load(again).path == recorder.path
    assert repr(again) == f"Run({str(recorder.path)!r})"


def test_a_torn_last_line_of_the_metrics_is_left_out(recorder):
    recorder.log(chunk(1))
    recorder.log(chunk(2))
    path = recorder.path / "metrics.jsonl"
    path.write_text(path.read_text() + '{"kind": "chu')
    assert [point.step for point in recorder.run.metrics] == [1, 2]
    path.write_text("no json\n" + path.read_text())
    with pytest.raises(RunError, match=r"metrics.jsonl cannot be used: line 1 is no point"):
        _ = recorder.run.metrics


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"[" * 2000 + b"]" * 2000, "line 1 is no point"),
        (b"\xff", "line 1 is no point"),
        (b"true", "line 1 is no point"),
        (b'{"kind": 1, "step": 1}', "line 1 is no point"),
        (b'{"kind": "epoch", "step": "1"}', "line 1 is no point"),
        (b'{"kind": "epoch", "step": 1}', "line 1: it has no epoch"),
        (b'{"kind": "finding", "step": 1, "name": "x"}', "a finding is"),
    ],
)
def test_metrics_of_nonsense_are_refused(recorder, line, why):
    (recorder.path / "metrics.jsonl").write_bytes(line + b"\n" + json.dumps(epoch(1).to_dict()).encode() + b"\n")
    with pytest.raises(RunError, match=why):
        _ = recorder.run.epochs, recorder.run.findings


@pytest.mark.parametrize("number", ["0.5", None, [], 10**400])
@pytest.mark.parametrize("name", ["test_accuracy", "seconds"])
def test_a_summary_whose_numbers_are_none_is_refused(recorder, name, number):
    finished(recorder)
    (recorder.path / "summary.json").write_text(json.dumps(summary().to_dict() | {name: number}))
    with pytest.raises(RunError, match=rf"summary\.json cannot be used: {name} is .*; expected a finite number"):
        lenet.load(recorder.path)


@pytest.mark.parametrize("parameters", ["10", None, 1.5])
def test_a_run_whose_number_of_parameters_is_none_is_refused(recorder, parameters):
    path = recorder.path / "config.json"
    values = json.loads(path.read_text())
    values["resolved"]["model"]["parameters"] = parameters
    path.write_text(json.dumps(values))
    with pytest.raises(RunError, match=r"model: parameters is .*; expected a whole number"):
        Run.load(recorder.path, finished=False)


@pytest.mark.parametrize("name", ["summary.json", "model.safetensors", "metrics.jsonl"])
def test_an_incomplete_run_is_refused_with_the_way_on(recorder, name):
    finished(recorder)
    (recorder.path / name).unlink()
    with pytest.raises(RunError) as caught:
        lenet.load(recorder.path)
    which = f"{name} and no whole checkpoint" if name == "summary.json" else name
    assert caught.value.message == f"the run {recorder.path} is incomplete: it has no {which}"
    way = "start again with lenet train" if name == "metrics.jsonl" else f"lenet train --resume {recorder.path}"
    assert caught.value.hint == way


def test_other_versions_and_other_folders_are_refused(recorder, tmp_path):
    finished(recorder)
    with pytest.raises(RunError, match="no run directory"):
        lenet.load(tmp_path / "nowhere")
    with pytest.raises(RunError, match=r"is not a run directory: it has no config\.json"):
        lenet.load(tmp_path)
    config = recorder.path / "config.json"
    values = json.loads(config.read_text())
    for change, message in [
        ({"format": 99}, "is a run of format 99; this lenet reads format 1"),
        ({"config": values["config"] | {"epochs": 0}}, "epochs is 0"),
        ({"config": {}}, "do not match this version"),
        ({"resolved": {}}, r"config\.json cannot be used: it has no data"),
        ({"resolved": RESOLVED | {"model": 3}}, "model: it holds 3; expected an object"),
        ({"resolved": RESOLVED | {"preprocessing": {}}}, "the preprocessing is"),
    ]:
        config.write_text(json.dumps(values | change))
        with pytest.raises(RunError, match=message):
            lenet.load(recorder.path)
    for text in ("{", "[1]", "\xff"):
        config.write_text(text, encoding="latin-1")
        with pytest.raises(RunError, match=r"config\.json"):
            lenet.load(recorder.path)


@pytest.mark.torch
def test_weights_of_something_else_are_refused(recorder):
    finished(recorder)
    (recorder.path / "model.safetensors").write_bytes(b"nonsense")
    with pytest.raises(RunError, match="is not a sound safetensors file"):
        _ = lenet.load(recorder.path).model


def test_runs_that_cannot_be_read_are_named(recorder):
    runs, faults = find_runs(recorder.path.parent)
    assert ([found.path for found in runs], faults) == ([recorder.path], [])
    (recorder.path / "config.json").write_text("{")
    runs, faults = find_runs(recorder.path.parent)
    assert (runs, len(faults)) == ([], 1)
    assert "config.json cannot be read" in faults[0].message


def test_a_summary_without_its_numbers_is_refused(recorder):
    finished(recorder)
    (recorder.path / "summary.json").write_text('{"other": 1}')
    with pytest.raises(RunError, match=r"summary\.json cannot be used: it has no train_loss"):
        lenet.load(recorder.path)


@pytest.mark.parametrize("tail", [b'{"kind": "chu', b'{"a": "\xc3', b"\0\0\0", b"[1]", b'"a"'])
def test_a_torn_last_line_of_any_kind_is_left_out(recorder, tail):
    recorder.log(chunk(1))
    with (recorder.path / "metrics.jsonl").open("ab") as file:
        file.write(tail)
    assert [point.step for point in recorder.run.metrics] == [1]


@pytest.mark.torch
def test_weights_that_have_changed_are_refused(recorder):
    recorder.log(epoch(1))
    recorder.finish(summary(weights_sha256=recorder.save_weights(initial_network())))
    assert lenet.load(recorder.path).model
    path = recorder.path / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(RunError, match=r"model\.safetensors does not hold the weights of this run, by their SHA-256"):
        _ = lenet.load(recorder.path).model


def test_the_longest_metrics_can_be_read(tiny_run):
    lines = (tiny_run.path / "metrics.jsonl").read_bytes().splitlines()
    assert sum(b'"chunk"' in line for line in lines) == CHUNKS * tiny_run.config.epochs
    an_epoch = sum(map(len, lines)) / tiny_run.config.epochs
    assert 1.1 * an_epoch * (FIELDS["epochs"].metadata["limits"].below - 1) < MAX_METRICS
    with pytest.raises(ConfigError, match="epochs is 8001"):
        configure("fast", epochs=8001)
