"""What many trainings share: each data set is loaded once, and a task is begun, resumed or kept."""

import dataclasses
import io

import pytest
from trainings import StopAfter, train_toy

import lenet
from lenet.configuration import configure
from lenet.display.plain import Finished
from lenet.errors import TrainingError
from lenet.training import tasks
from lenet.training.interrupts import Interrupted
from lenet.training.tasks import Task, load_splits, run_all, source


def config(**changes):
    return configure("fast", **{"data": "toy", "epochs": 1, "batch_size": 50, "threads": 1} | changes)


def test_each_data_set_is_loaded_once_and_its_notice_printed(tiny, monkeypatch):
    loaded, stream = [], io.StringIO()
    display = Finished("auto", 3, stream)

    def load(name, folder, *, progress):
        loaded.append((name, folder))
        assert progress == display.download
        return dataclasses.replace(tiny, notice=f"{name} is another" if name == "mnist" else None)

    monkeypatch.setattr(tasks, "load", load)
    configs = [config(data="mnist"), config(data="digits", data_dir="here"), config(data="mnist", seed=1)]
    splits = load_splits(configs, None, display)
    assert list(splits) == loaded == [("mnist", None), ("digits", "here")]
    assert [source(each) for each in configs] == [("mnist", None), ("digits", "here"), ("mnist", None)]
    assert stream.getvalue() == "NOTICE  mnist is another\n"
    assert load_splits(configs, tiny, display) == dict.fromkeys(splits, tiny)
    assert len(loaded) == 2


@pytest.mark.parametrize("name", ["", "wide, seed 3"])
def test_a_finished_task_is_kept_an_interrupted_one_resumed_and_each_is_reported(tiny, tmp_path, name):
    done = train_toy(tiny, tmp_path / "done", epochs=1, threads=1)
    before = (done.path / "summary.json").read_bytes()
    with pytest.raises(lenet.Interrupted) as caught:
        train_toy(tiny, tmp_path / "cut", epochs=1, threads=1, progress=StopAfter(3))
    folders = [done.path, caught.value.run.path, tmp_path / "new"]
    stream = io.StringIO()
    outcomes = run_all([Task(config(), tiny, folder, name) for folder in folders], Finished("auto", 3, stream), 1)
    assert [run.path for run in outcomes] == folders
    assert all(run.is_finished for run in outcomes)
    assert (done.path / "summary.json").read_bytes() == before
    assert not (tmp_path / "new" / "curve.svg").exists()  # no chart of one among many
    lines = stream.getvalue().splitlines()
    assert [line.split("  ")[0] for line in lines] == ["1/3", "2/3", "3/3"]
    names = {line.split("  ")[1] for line in lines}
    assert names == ({name} if name else set(map(str, folders)))


@pytest.mark.parametrize("kind", ["auto", "quiet"])
def test_a_training_that_diverges_is_reported_and_counted(tiny, tmp_path, kind):
    wild = config(learning_rate=1e38, optimizer="sgd")
    todo = [
        Task(wild, tiny, tmp_path / "wild", "wild, seed 0"),
        Task(config(), tiny, tmp_path / "calm", "calm, seed 0"),
    ]
    stream = io.StringIO()
    diverged, calm = run_all([*todo, Task(wild, tiny, tmp_path / "again")], Finished(kind, 3, stream), 1)[:2]
    assert isinstance(diverged, TrainingError)
    lines = stream.getvalue().splitlines()
    if kind == "quiet":
        assert [line.split("  ")[:2] for line in lines] == [["2/3", "calm, seed 0"]]  # which has findings
        return
    assert lines[0] == "1/3  wild, seed 0  diverged"
    assert lines[1].startswith(f"2/3  calm, seed 0  test acc {calm.test_accuracy:.4f}  ")
    assert lines[2] == f"3/3  {tmp_path / 'again'}  diverged"


def test_after_a_signal_no_task_is_begun(tiny, tmp_path, monkeypatch):
    real = tasks.run_once

    def interrupted(config, splits, folder, session):
        session.interrupt.set()
        return real(config, splits, folder, session)

    monkeypatch.setattr(tasks, "run_once", interrupted)
    outcomes = run_all([Task(config(), tiny, tmp_path / str(n)) for n in range(3)], Finished("quiet", 3), 1)
    assert all(isinstance(outcome, Interrupted) for outcome in outcomes)
    assert [str(outcome) for outcome in outcomes[1:]] == ["not begun"] * 2
    assert outcomes[0].saved == [tmp_path / "0"]
    assert not (tmp_path / "1").exists()
