import errno
import itertools
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lenet
from lenet.config import FIELDS, configure
from lenet.errors import ConfigError, RunError, SaveError
from lenet.training import storage
from lenet.training.run import MAX_METRICS, Run, find_runs
from lenet.training.trainer import CHUNKS

RESOLVED = {
    "data": "toy",
    "classes": ["a", "b"],
    "model": {"name": "softmax", "arguments": {"input_size": [2, 2], "num_classes": 2}, "parameters": 10},
    "engine": "reference",
    "device": "cpu",
    "preprocessing": {"size": [2, 2], "mean": 0.0, "std": 1.0, "ground": "dark", "framing": "box"},
}

ENVIRONMENT = {"lenet": "0", "threads": 2, "data_fingerprint": "0" * 64}


@pytest.fixture
def run(tmp_path):
    return Run.create(tmp_path / "run", configure("fast", model="softmax"), RESOLVED, ENVIRONMENT)


def finished(run):
    run.log({"kind": "epoch", "step": 1, "epoch": 1})
    run.save_model(run.new_model())
    run.finish({"test_accuracy": 0.5})
    return run


def test_what_is_written_is_read(run):
    finished(run)
    again = lenet.load(run.path)
    assert again.config == run.config
    assert again.test_accuracy == 0.5
    assert again.classes == ("a", "b")
    assert again.preprocessing.size == (2, 2)
    assert again.environment == ENVIRONMENT
    expected, found = run.new_model().state_dict(), again.model.state_dict()
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    assert not again.model.training
    assert lenet.load(again).path == run.path
    assert repr(again) == f"Run({str(run.path)!r})"


def test_the_weights_carry_all_that_is_needed_to_use_them(run):
    import safetensors

    finished(run)
    with safetensors.safe_open(run.path / "model.safetensors", "pt") as file:
        metadata = file.metadata()
    assert list(metadata) == ["lenet"]
    model = {key: RESOLVED["model"][key] for key in ("name", "arguments")}
    expected = {key: RESOLVED[key] for key in ("classes", "preprocessing")} | {"model": model}
    assert json.loads(metadata["lenet"]) == expected


def test_no_file_holds_a_pickle_and_no_temporary_is_left(run):
    finished(run).checkpoint(3, {"model.x": torch.zeros(2)}, {"epoch": 1})
    kinds = {path.suffix for path in run.path.rglob("*") if path.is_file()}
    assert kinds == {".json", ".jsonl", ".safetensors"}


def test_the_last_two_checkpoints_are_kept_and_the_newest_is_taken_by_step(run):
    for step in (5, 900, 1_000_000):
        run.checkpoint(step, {"model.x": torch.full((2,), float(step))}, {"epoch": step})
    names = sorted(path.name for path in (run.path / "checkpoints").iterdir())
    assert names == ["step-000900.json", "step-000900.safetensors", "step-1000000.json", "step-1000000.safetensors"]
    newest = run.newest_checkpoint()
    assert (newest.step, newest.progress) == (1_000_000, {"epoch": 1_000_000})
    assert newest.tensors["model.x"].tolist() == [1e6, 1e6]


def test_a_damaged_checkpoint_gives_way_to_the_one_before(run):
    for step in (1, 2):
        run.checkpoint(step, {"model.x": torch.zeros(2)}, {})
    path = run.path / "checkpoints/step-000002.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert run.newest_checkpoint().step == 1
    path.unlink()
    assert run.newest_checkpoint().step == 1
    for path in (run.path / "checkpoints").iterdir():
        path.unlink()
    assert run.newest_checkpoint() is None


def test_a_torn_last_line_of_the_metrics_is_left_out(run):
    run.log({"kind": "chunk", "step": 1})
    run.log({"kind": "chunk", "step": 2})
    path = run.path / "metrics.jsonl"
    path.write_text(path.read_text() + '{"kind": "chu')
    assert [point["step"] for point in run.metrics] == [1, 2]
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
        (b'{"kind": "finding", "step": 1, "name": "x"}', "a finding is"),
    ],
)
def test_metrics_of_nonsense_are_refused(run, line, why):
    (run.path / "metrics.jsonl").write_bytes(line + b'\n{"kind": "epoch", "step": 1}\n')
    with pytest.raises(RunError, match=why):
        _ = run.epochs, run.findings


@pytest.mark.parametrize("number", ['"0.5"', "null", "[]", "1" + "0" * 400])
def test_a_summary_whose_numbers_are_none_is_refused(run, number):
    finished(run)
    for name in ("test_accuracy", "seconds"):
        numbers = {"test_accuracy": "0.5", name: number}
        text = ", ".join(f'"{key}": {value}' for key, value in numbers.items())
        (run.path / "summary.json").write_text("{" + text + "}")
        with pytest.raises(RunError, match=f"TypeError {name} in its JSON files"):
            lenet.load(run.path)


@pytest.mark.parametrize("parameters", ["10", None, 1.5])
def test_a_run_whose_number_of_parameters_is_none_is_refused(run, parameters):
    path = run.path / "config.json"
    values = json.loads(path.read_text())
    values["resolved"]["model"]["parameters"] = parameters
    path.write_text(json.dumps(values))
    with pytest.raises(RunError, match="TypeError"):
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
        ({"resolved": {}}, "cannot be used: KeyError 'data'"),
        ({"resolved": RESOLVED | {"model": 3}}, "resolved holds model"),
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


def test_a_run_never_lands_on_something_else(run, tmp_path):
    with pytest.raises(RunError, match="already holds a run"):
        Run.create(run.path, run.config, RESOLVED, ENVIRONMENT)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(RunError, match="is a file; expected a folder"):
        Run.create(tmp_path / "file", run.config, RESOLVED, ENVIRONMENT)
    with pytest.raises(RunError, match="cannot make the run directory"):
        Run.create(tmp_path / "file" / "run", run.config, RESOLVED, ENVIRONMENT)
    with pytest.raises(RunError, match="is not empty"):
        Run.create(tmp_path, run.config, RESOLVED, ENVIRONMENT)
    assert (tmp_path / "file").read_text() == "mine"


def test_the_default_name_is_never_taken_twice(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {Run.create(None, configure("fast", model="softmax"), RESOLVED, ENVIRONMENT).path.name for _ in range(3)}
    assert len(names) == 3
    assert all("-toy-softmax" in name for name in names)
    assert len(find_runs(tmp_path / "runs")[0]) == 3


def test_runs_that_cannot_be_read_are_named(run):
    runs, faults = find_runs(run.path.parent)
    assert ([found.path for found in runs], faults) == ([run.path], [])
    (run.path / "config.json").write_text("{")
    runs, faults = find_runs(run.path.parent)
    assert (runs, len(faults)) == ([], 1)
    assert "config.json cannot be read" in faults[0].message


def test_a_summary_without_its_numbers_is_refused(run):
    finished(run).finish({"other": 1})
    with pytest.raises(RunError, match="KeyError 'test_accuracy' in its JSON files"):
        lenet.load(run.path)


def failing(monkeypatch, number, times=10**9):
    """Every sync fails from now on, or so many of them."""
    left = iter(range(times))
    real = os.fsync

    def fail(file):
        if next(left, None) is not None:
            raise OSError(number, os.strerror(number))
        real(file)

    monkeypatch.setattr(storage, "RETRY_SECONDS", 0)
    monkeypatch.setattr("os.fsync", fail)


def fail_nth(monkeypatch, nth):
    """The nth sync fails, those before and after it do not."""
    calls, real = itertools.count(1), os.fsync

    def fail(file):
        if next(calls) == nth:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(file)

    monkeypatch.setattr(storage, "RETRY_SECONDS", 0)
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
    run.log({"kind": "chunk", "step": 1})
    run.checkpoint(1, {"model.x": torch.zeros(1)}, {})
    failing(monkeypatch, number)
    arguments = {"finish": ({},), "checkpoint": (2, {"model.x": torch.ones(1)}, {})}
    with pytest.raises(SaveError, match=f"^cannot write {run.path}.*: {CAUSES[number]}") as caught:
        getattr(run, name)(*arguments[name])
    assert f"lenet train --resume {run.path}" in caught.value.hint
    assert "--rescue DIR" in caught.value.hint
    monkeypatch.undo()
    assert run.newest_checkpoint().step == 1
    assert not (run.path / "summary.json").exists()
    assert not storage.strays(run.path)


def test_a_line_that_cannot_be_written_is_named_and_none_is_torn(run, monkeypatch):
    run.log({"kind": "chunk", "step": 1})
    before, real = (run.path / "metrics.jsonl").read_bytes(), os.write
    monkeypatch.setattr(storage, "RETRY_SECONDS", 0)
    with monkeypatch.context() as patched:
        calls = itertools.count()

        def write_half(file, content):
            if next(calls) % 2:
                raise OSError(errno.ENOSPC, "full")
            return real(file, content[: len(content) // 2])

        patched.setattr("os.write", write_half)
        with pytest.raises(SaveError, match=r"metrics\.jsonl: the disk is full"):
            run.log({"kind": "chunk", "step": 2})
    assert [point["step"] for point in run.metrics] == [1]  # a torn line is left out
    again = Run.load(run.path, finished=False)
    again.checkpoint(1, {"model.x": torch.zeros(1)}, {}, len(before))
    assert again.go_back_to(again.newest_checkpoint()) is None
    again.log({"kind": "chunk", "step": 2})
    assert (run.path / "metrics.jsonl").read_bytes() == before + b'{"kind": "chunk", "step": 2}\n'


def test_what_fails_once_is_done_again(run, monkeypatch):
    failing(monkeypatch, errno.EIO, times=1)
    run.checkpoint(1, {"model.x": torch.zeros(1)}, {})
    assert run.newest_checkpoint().step == 1


def test_with_a_rescue_folder_the_run_goes_on_there(tmp_path, monkeypatch):
    run = Run.create(tmp_path / "run", configure("fast", model="softmax"), RESOLVED, ENVIRONMENT, tmp_path / "rescue")
    run.log({"kind": "chunk", "step": 1})
    run.checkpoint(1, {"model.x": torch.zeros(1)}, {})
    run.log({"kind": "chunk", "step": 2})
    shutil.rmtree(run.path)
    monkeypatch.setattr(storage, "RETRY_SECONDS", 0)
    run.checkpoint(2, {"model.x": torch.ones(1)}, {})
    assert run.path == tmp_path / "rescue" / "run"
    lines = tmp_path / "run" / "metrics.jsonl"
    assert run.notices == [f"cannot write {lines}: its folder is gone; the training goes on in {run.path}"]
    again = Run.load(run.path, finished=False)
    assert (again.config, again.environment) == (run.config, ENVIRONMENT)
    assert [point["step"] for point in again.metrics] == [1, 2]
    assert again.newest_checkpoint().tensors["model.x"].tolist() == [1]


def test_a_rescue_that_fails_too_names_both(tmp_path, monkeypatch):
    rescue = tmp_path / "file"
    rescue.touch()
    run = Run.create(tmp_path / "run", configure("fast", model="softmax"), RESOLVED, ENVIRONMENT, rescue)
    shutil.rmtree(run.path)
    monkeypatch.setattr(storage, "RETRY_SECONDS", 0)
    with pytest.raises(SaveError, match=r"its folder is gone; and cannot write .*file/run: "):
        run.log({"kind": "chunk"})


@given(at=st.integers(0, 10**6), bit=st.integers(0, 7), in_tensors=st.booleans(), cut=st.booleans())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_change_of_a_checkpoint_goes_unseen(run, at, bit, in_tensors, cut):
    for step in (1, 2):
        run.checkpoint(step, {"model.x": torch.arange(5.0)}, {"epoch": step, "step": 0.5})
    path = run.path / f"checkpoints/step-000002.{'safetensors' if in_tensors else 'json'}"
    content = bytearray(path.read_bytes())
    at %= len(content)
    content[at] ^= 1 << bit
    path.write_bytes(content[:at] if cut else content)
    checkpoint, faults = run.find_checkpoint()
    assert checkpoint.step == 1
    assert [
        fault.message.startswith(f"the checkpoint {run.path}/checkpoints/step-000002 is damaged") for fault in faults
    ] == [True]


def test_going_back_leaves_nothing_of_what_came_after(run):
    run.log({"kind": "chunk", "step": 1})
    run.checkpoint(1, {"model.x": torch.zeros(1)}, {})
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    run.log({"kind": "chunk", "step": 2})
    run.checkpoint(2, {"model.x": torch.zeros(1)}, {})
    (run.path / "checkpoints/step-000002.json").write_bytes(b"{")
    (run.path / "checkpoints/step-000003.safetensors").touch()
    for folder in (run.path, run.path / "checkpoints"):
        (folder / ".model.safetensors.0123abcd.tmp").write_bytes(b"half")
    run.finish({"test_accuracy": 1.0})
    again = Run(run.path)
    assert again.go_back_to(again.newest_checkpoint()) is None
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == before


def test_damaged_points_are_told_and_the_others_kept(run):
    for step in (1, 2, 3):
        run.log({"kind": "chunk", "step": step})
    run.checkpoint(3, {"model.x": torch.zeros(1)}, {})
    path = run.path / "metrics.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"step": 2', b'"step\xff 2'))
    again = Run(run.path)
    assert "metrics.jsonl is damaged" in again.go_back_to(again.newest_checkpoint())
    assert [point["step"] for point in again.metrics] == [1, 3]


@pytest.mark.parametrize("tail", [b'{"kind": "chu', b'{"a": "\xc3', b"\0\0\0", b"[1]", b'"a"'])
def test_a_torn_last_line_of_any_kind_is_left_out(run, tail):
    run.log({"kind": "chunk", "step": 1})
    with (run.path / "metrics.jsonl").open("ab") as file:
        file.write(tail)
    assert [point["step"] for point in run.metrics] == [1]


def test_a_folder_with_what_a_dead_process_left_is_taken(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "environment.json").write_text("{}")
    (folder / ".config.json.0123abcd.tmp").write_text("{")
    run = Run.create(folder, configure("fast", model="softmax"), RESOLVED, ENVIRONMENT)
    assert sorted(path.name for path in run.path.iterdir()) == ["config.json", "environment.json"]


def test_weights_that_have_changed_are_refused(run):
    run.log({"kind": "epoch", "step": 1, "epoch": 1})
    run.finish({"test_accuracy": 0.5, "weights_sha256": run.save_model(run.new_model())})
    assert lenet.load(run.path).model
    path = run.path / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(RunError, match=r"model\.safetensors does not hold the weights of this run, by their SHA-256"):
        _ = lenet.load(run.path).model


def test_numbers_that_json_does_not_have_are_never_written(run):
    with pytest.raises(ValueError, match="JSON"):
        run.finish({"test_loss": float("nan")})


def test_two_trainings_never_share_a_folder(tmp_path, monkeypatch):
    """Many threads at once, one second, one name: each gets a folder of its own."""
    monkeypatch.chdir(tmp_path)
    config = configure("fast", model="softmax")
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: Run.create(None, config, RESOLVED, ENVIRONMENT), range(24)))
    assert len({run.path for run in runs}) == 24
    assert all(Run.load(run.path, finished=False).config == config for run in runs)


@pytest.mark.parametrize("suffix", ["json", "safetensors"])
@pytest.mark.parametrize("last", [3, 4])
def test_what_could_not_be_removed_is_removed_the_next_time(run, monkeypatch, suffix, last):
    real = os.unlink
    stubborn = [f"step-{last - 2:06d}.{suffix}"]

    def unlink(path):
        if path.name in stubborn:
            stubborn.remove(path.name)
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        real(path)

    monkeypatch.setattr(os, "unlink", unlink)
    for step in (1, 2, 3, 4):
        run.checkpoint(step, {"model.x": torch.zeros(1)}, {})
    assert stubborn == []
    run.finish({"test_accuracy": 0.5})
    names = {path.name for path in (run.path / "checkpoints").iterdir()}
    assert names == {f"step-{step:06d}.{kind}" for step in (3, 4) for kind in ("json", "safetensors")}


def test_a_run_whose_folder_went_away_moves_whole(tmp_path, monkeypatch):
    """Whatever of it is wanted next: its settings, its points, and both files of a checkpoint that was half saved."""
    monkeypatch.setattr(storage, "RETRY_SECONDS", 0)
    for name in ("step-000001.safetensors", "step-000001.json"):
        run = Run.create(
            tmp_path / "run", configure("fast", model="softmax"), RESOLVED, ENVIRONMENT, tmp_path / "rescue"
        )
        run.log({"kind": "epoch", "step": 1})
        with monkeypatch.context() as patched:
            real = os.replace

            def vanish(source, target, name=name, real=real):
                if target.name == name and target.is_relative_to(tmp_path / "run"):
                    shutil.rmtree(tmp_path / "run", ignore_errors=True)
                real(source, target)

            patched.setattr(os, "replace", vanish)
            run.checkpoint(1, {"model.x": torch.ones(1)}, {})
        assert run.path == tmp_path / "rescue/run"
        assert run.newest_checkpoint().tensors["model.x"].tolist() == [1]
        shutil.rmtree(run.path)
        assert (run.config.model, run.resolved, run.epochs) == ("softmax", RESOLVED, [{"kind": "epoch", "step": 1}])
        with storage.alone(run.path):
            pass


def test_a_checkpoint_that_cannot_be_read_now_is_kept(run, monkeypatch):
    """The disk may be well again in a moment: nothing is removed, and no older one is taken."""
    for step in (1, 2):
        run.checkpoint(step, {"model.x": torch.zeros(1)}, {})
    real = os.open

    def fail(path, *rest):
        if str(path).endswith("step-000002.json"):
            raise OSError(errno.EIO, "Input/output error")
        return real(path, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", fail)
        with pytest.raises(RunError, match="cannot be read now") as caught:
            run.find_checkpoint()
    assert "nothing was changed" in caught.value.hint
    assert run.newest_checkpoint().step == 2


def test_a_step_gone_back_to_is_the_newest(run):
    """After a loss that is no number, what was saved later leads nowhere."""
    for step in (1, 2, 3):
        run.checkpoint(step, {"model.x": torch.full((1,), float(step))}, {})
    run.checkpoint(1, {"model.x": torch.ones(1)}, {})
    assert run.newest_checkpoint().step == 1
    assert len(list((run.path / "checkpoints").iterdir())) == 2


def test_of_many_who_want_one_new_folder_one_gets_it_whole(tmp_path):
    for attempt in range(5):
        folder = tmp_path / str(attempt)
        folder.mkdir()

        def begin(seed, folder=folder):
            try:
                return Run.create(folder, configure("fast", model="softmax", seed=seed), RESOLVED, {"seed": seed})
            except RunError:
                return None

        with ThreadPoolExecutor(4) as pool:
            runs = [run for run in pool.map(begin, range(4)) if run]
        assert len(runs) == 1
        seed = runs[0].config.seed
        assert json.loads((folder / "config.json").read_text())["config"]["seed"] == seed
        assert json.loads((folder / "environment.json").read_text()) == {"seed": seed}


def test_a_beginning_that_fails_once_is_begun_again(tmp_path, monkeypatch):
    config = configure("fast", model="softmax")
    for nth in range(1, 8):
        with monkeypatch.context() as patched:
            fail_nth(patched, nth)
            run = Run.create(tmp_path / str(nth), config, RESOLVED, ENVIRONMENT)
        assert sorted(path.name for path in run.path.iterdir()) == ["config.json", "environment.json"]


def test_a_run_that_cannot_begin_in_its_folder_begins_in_the_rescue_folder(tmp_path):
    (tmp_path / "file").touch()
    config = configure("fast", model="softmax")
    run = Run.create(tmp_path / "file/run", config, RESOLVED, ENVIRONMENT, tmp_path / "rescue")
    assert run.path == tmp_path / "rescue/run"
    assert "what should be its folder is a file; the training goes on in" in run.notices[0]
    with pytest.raises(RunError, match=r"cannot make the run directory .*; and cannot make ") as caught:
        Run.create(tmp_path / "file/run", config, RESOLVED, ENVIRONMENT, tmp_path / "file/rescue")
    assert caught.value.hint == "choose other folders with --out DIR and --rescue DIR"


def test_where_a_run_moves_to_nobody_else_trains_it(tmp_path):
    run = Run.create(tmp_path / "run", configure("fast", model="softmax"), RESOLVED, ENVIRONMENT)
    with run.alone():
        run.move_to(tmp_path / "rescue")
        with pytest.raises(RunError, match="another process is training in"), Run(run.path).alone():
            pass
    with Run(run.path).alone():
        pass


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
