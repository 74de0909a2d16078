import errno
import itertools
import json
import os

import numpy as np
import pytest
from toys import ENVIRONMENT, RESOLVED, chunk, epoch, summary

import lenet
from lenet.config import FIELDS, configure
from lenet.errors import ConfigError, RunError, SaveError
from lenet.files import durable
from lenet.runs.run import MAX_METRICS, Run, find_runs
from lenet.training.train import CHUNKS


def finished(run):
    run.log(epoch(1))
    run.save_model(run.new_network())
    run.finish(summary())
    return run


def test_what_is_written_is_read(run):
    finished(run)
    again = lenet.load(run.path)
    assert again.config == run.config
    assert again.test_accuracy == 0.5
    assert again.classes == ("a", "b")
    assert again.preprocessing.size == (2, 2)
    assert again.environment == ENVIRONMENT
    assert np.array_equal(again.network.network.weights, run.new_network().weights)
    assert not again.model.training
    assert all(np.array_equal(value, again.network.weights[name]) for name, value in again.model.state_dict().items())
    assert lenet.load(again).path == run.path
    assert repr(again) == f"Run({str(run.path)!r})"


def test_the_weights_carry_all_that_is_needed_to_use_them(run):
    import safetensors

    finished(run)
    with safetensors.safe_open(run.path / "model.safetensors", "np") as file:
        metadata = file.metadata()
    assert list(metadata) == ["lenet"]
    model = {key: RESOLVED["model"][key] for key in ("name", "arguments")}
    expected = {key: RESOLVED[key] for key in ("classes", "preprocessing")} | {"model": model}
    assert json.loads(metadata["lenet"]) == expected


def test_no_file_holds_a_pickle_and_no_temporary_is_left(run):
    finished(run).checkpoint(3, {"model.x": np.zeros(2)}, {"epoch": 1})
    kinds = {path.suffix for path in run.path.rglob("*") if path.is_file()}
    assert kinds == {".json", ".jsonl", ".safetensors"}


def test_a_torn_last_line_of_the_metrics_is_left_out(run):
    run.log(chunk(1))
    run.log(chunk(2))
    path = run.path / "metrics.jsonl"
    path.write_text(path.read_text() + '{"kind": "chu')
    assert [point.step for point in run.metrics] == [1, 2]
    path.write_text("no json\n" + path.read_text())
    with pytest.raises(RunError, match=r"metrics.jsonl, line 1, is no point of the chart"):
        _ = run.metrics


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"[" * 2000 + b"]" * 2000, "line 1, is no point"),
        (b"\xff", "line 1, is no point"),
        (b"true", "line 1, is no point"),
        (b'{"kind": 1, "step": 1}', "line 1, is no point"),
        (b'{"kind": "epoch", "step": "1"}', "line 1, is no point"),
        (b'{"kind": "epoch", "step": 1}', "line 1, cannot be used: it has no epoch"),
        (b'{"kind": "finding", "step": 1, "name": "x"}', "a finding is"),
    ],
)
def test_metrics_of_nonsense_are_refused(run, line, why):
    (run.path / "metrics.jsonl").write_bytes(line + b"\n" + json.dumps(epoch(1).to_dict()).encode() + b"\n")
    with pytest.raises(RunError, match=why):
        _ = run.epochs, run.findings


@pytest.mark.parametrize("number", ["0.5", None, [], 10**400])
@pytest.mark.parametrize("name", ["test_accuracy", "seconds"])
def test_a_summary_whose_numbers_are_none_is_refused(run, name, number):
    finished(run)
    (run.path / "summary.json").write_text(json.dumps(summary().to_dict() | {name: number}))
    with pytest.raises(RunError, match=rf"summary\.json cannot be used: {name} is .*; expected a finite number"):
        lenet.load(run.path)


@pytest.mark.parametrize("parameters", ["10", None, 1.5])
def test_a_run_whose_number_of_parameters_is_none_is_refused(run, parameters):
    path = run.path / "config.json"
    values = json.loads(path.read_text())
    values["resolved"]["model"]["parameters"] = parameters
    path.write_text(json.dumps(values))
    with pytest.raises(RunError, match=r"model: parameters is .*; expected a whole number"):
        Run.load(run.path, finished=False)


@pytest.mark.parametrize("name", ["summary.json", "model.safetensors", "metrics.jsonl"])
def test_an_incomplete_run_is_refused_with_the_way_on(run, name):
    finished(run)
    (run.path / name).unlink()
    with pytest.raises(RunError) as caught:
        lenet.load(run.path)
    assert caught.value.message == f"the run {run.path} is incomplete: it has no {name}"
    way = "start again with lenet train" if name == "metrics.jsonl" else f"lenet train --resume {run.path}"
    assert caught.value.hint == way


def test_other_versions_and_other_folders_are_refused(run, tmp_path):
    finished(run)
    with pytest.raises(RunError, match="no run directory"):
        lenet.load(tmp_path / "nowhere")
    with pytest.raises(RunError, match=r"is not a run directory: it has no config\.json"):
        lenet.load(tmp_path)
    config = run.path / "config.json"
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
            lenet.load(run.path)
    for text in ("{", "[1]", "\xff"):
        config.write_text(text, encoding="latin-1")
        with pytest.raises(RunError, match=r"config\.json"):
            lenet.load(run.path)


def test_weights_of_something_else_are_refused(run):
    finished(run)
    (run.path / "model.safetensors").write_bytes(b"nonsense")
    with pytest.raises(RunError, match="is not a sound safetensors file"):
        _ = lenet.load(run.path).model


def test_runs_that_cannot_be_read_are_named(run):
    runs, faults = find_runs(run.path.parent)
    assert ([found.path for found in runs], faults) == ([run.path], [])
    (run.path / "config.json").write_text("{")
    runs, faults = find_runs(run.path.parent)
    assert (runs, len(faults)) == ([], 1)
    assert "config.json cannot be read" in faults[0].message


def test_a_summary_without_its_numbers_is_refused(run):
    finished(run)
    (run.path / "summary.json").write_text('{"other": 1}')
    with pytest.raises(RunError, match=r"summary\.json cannot be used: it has no train_loss"):
        lenet.load(run.path)


def failing(monkeypatch, number, times=10**9):
    """Every sync fails from now on, or so many of them."""
    left = iter(range(times))
    real = os.fsync

    def fail(file):
        if next(left, None) is not None:
            raise OSError(number, os.strerror(number))
        real(file)

    monkeypatch.setattr(durable, "RETRY_SECONDS", 0)
    monkeypatch.setattr("os.fsync", fail)


CAUSES = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.ENOENT: "its folder is gone",
    errno.EXDEV: "its temporary file lies on another file system",
    errno.EFBIG: "the largest size of a file is reached",
    errno.EIO: os.strerror(errno.EIO),
}


@pytest.mark.parametrize("number", CAUSES)
@pytest.mark.parametrize("name", ["finish", "checkpoint"])
def test_a_write_that_fails_twice_is_named_with_its_cause_and_the_way_out(run, name, number, monkeypatch):
    run.log(chunk(1))
    run.checkpoint(1, {"model.x": np.zeros(1)}, {})
    failing(monkeypatch, number)
    arguments = {"finish": (summary(),), "checkpoint": (2, {"model.x": np.ones(1)}, {})}
    with pytest.raises(SaveError, match=f"^cannot write {run.path}.*: {CAUSES[number]}") as caught:
        getattr(run, name)(*arguments[name])
    assert f"lenet train --resume {run.path}" in caught.value.hint
    monkeypatch.undo()
    assert run.newest_checkpoint().step == 1
    assert not (run.path / "summary.json").exists()
    assert not durable.leftovers(run.path)


def test_a_line_that_cannot_be_written_is_named_and_none_is_torn(run, monkeypatch):
    run.log(chunk(1))
    before, real = (run.path / "metrics.jsonl").read_bytes(), os.write
    monkeypatch.setattr(durable, "RETRY_SECONDS", 0)
    with monkeypatch.context() as patched:
        calls = itertools.count()

        def write_half(file, content):
            if next(calls) % 2:
                raise OSError(errno.ENOSPC, "full")
            return real(file, content[: len(content) // 2])

        patched.setattr("os.write", write_half)
        with pytest.raises(SaveError, match=r"metrics\.jsonl: the disk is full"):
            run.log(chunk(2))
    assert [point.step for point in run.metrics] == [1]  # a torn line is left out
    again = Run.load(run.path, finished=False)
    again.checkpoint(1, {"model.x": np.zeros(1)}, {}, len(before))
    assert again.go_back_to(again.newest_checkpoint()) is None
    again.log(chunk(2))
    assert (run.path / "metrics.jsonl").read_bytes() == before + json.dumps(chunk(2).to_dict()).encode() + b"\n"


def test_what_fails_once_is_done_again(run, monkeypatch):
    failing(monkeypatch, errno.EIO, times=1)
    run.checkpoint(1, {"model.x": np.zeros(1)}, {})
    assert run.newest_checkpoint().step == 1


def test_going_back_leaves_nothing_of_what_came_after(run):
    run.log(chunk(1))
    run.checkpoint(1, {"model.x": np.zeros(1)}, {})
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    run.log(chunk(2))
    run.checkpoint(2, {"model.x": np.zeros(1)}, {})
    (run.path / "checkpoints/step-000002.json").write_bytes(b"{")
    (run.path / "checkpoints/step-000003.safetensors").touch()
    for folder in (run.path, run.path / "checkpoints"):
        (folder / ".model.safetensors.0123abcd.tmp").write_bytes(b"half")
    run.finish(summary())
    again = Run(run.path)
    assert again.go_back_to(again.newest_checkpoint()) is None
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == before


def test_damaged_points_are_told_and_the_others_kept(run):
    for step in (1, 2, 3):
        run.log(chunk(step))
    run.checkpoint(3, {"model.x": np.zeros(1)}, {})
    path = run.path / "metrics.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"step": 2', b'"step\xff 2'))
    again = Run(run.path)
    assert "metrics.jsonl is damaged" in again.go_back_to(again.newest_checkpoint())
    assert [point.step for point in again.metrics] == [1, 3]


@pytest.mark.parametrize("tail", [b'{"kind": "chu', b'{"a": "\xc3', b"\0\0\0", b"[1]", b'"a"'])
def test_a_torn_last_line_of_any_kind_is_left_out(run, tail):
    run.log(chunk(1))
    with (run.path / "metrics.jsonl").open("ab") as file:
        file.write(tail)
    assert [point.step for point in run.metrics] == [1]


def test_weights_that_have_changed_are_refused(run):
    run.log(epoch(1))
    run.finish(summary(weights_sha256=run.save_model(run.new_network())))
    assert lenet.load(run.path).model
    path = run.path / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(RunError, match=r"model\.safetensors does not hold the weights of this run, by their SHA-256"):
        _ = lenet.load(run.path).model


def test_numbers_that_json_does_not_have_are_never_written(run):
    with pytest.raises(ValueError, match="JSON"):
        run.finish(summary(test_loss=float("nan")))


def test_what_is_saved_is_not_saved_again():
    with pytest.raises(RunError, match="nothing is in memory that was not saved before"):
        SaveError("x").save_to("anywhere")


def test_the_points_of_as_many_epochs_as_a_config_may_have_can_be_read_again(tiny_run):
    lines = (tiny_run.path / "metrics.jsonl").read_bytes().splitlines()
    assert sum(b'"chunk"' in line for line in lines) == CHUNKS * tiny_run.config.epochs
    an_epoch = sum(map(len, lines)) / tiny_run.config.epochs
    assert 1.1 * an_epoch * (FIELDS["epochs"].metadata["below"] - 1) < MAX_METRICS
    with pytest.raises(ConfigError, match="epochs is 8001"):
        configure("fast", epochs=8001)
