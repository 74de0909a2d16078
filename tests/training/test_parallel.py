"""Many trainings at once: the same as each alone, and none takes the others with it."""

import errno
import os
import shutil
import signal
import threading
import time

import pytest
from trainings import checkpoint_step, content

import lenet
from lenet.configuration import configure
from lenet.display.plain import Finished
from lenet.errors import ConfigError, RunError, SaveError, TrainingError
from lenet.files import durable
from lenet.training import tasks

SEEDS = [configure("fast", seed=seed, epochs=2, batch_size=50, flip=True, threads=1) for seed in range(5)]


def test_each_is_bit_for_bit_what_it_is_alone_on_one_thread(tiny, tmp_path):
    runs = lenet.train_many(SEEDS, data=tiny, out=tmp_path / "many", workers=3, progress="quiet")
    assert [run.config.seed for run in runs] == [0, 1, 2, 3, 4]
    for run in runs:
        alone = lenet.train(tiny, config=run.config, out=tmp_path / f"alone-{run.config.seed}", progress="quiet")
        assert content(run) == content(alone)
        assert run.environment.threads == alone.environment.threads == 1
        assert run.is_finished
    assert len({content(run)[0] for run in runs}) == 5


@pytest.mark.torch
def test_the_reference_engine_too(tiny, tmp_path):
    configs = [configure("fast", seed=seed, epochs=1, batch_size=50, engine="reference") for seed in range(3)]
    runs = lenet.train_many(configs, data=tiny, out=tmp_path / "many", workers=2, progress="quiet")
    alone = lenet.train(tiny, config=runs[2].config, out=tmp_path / "alone", progress="quiet")
    assert content(runs[2]) == content(alone)


def test_networks_with_normalization_dropout_and_a_teacher_too(tiny, tiny_run, tmp_path):
    changes = [{"model": "lenet-bn", "ema": 0.9}, {"model": "small"}, {"model": "tiny", "teacher": str(tiny_run.path)}]
    configs = [configure("fast", epochs=1, batch_size=50, dropout=0.3, threads=1, **each) for each in changes]
    runs = lenet.train_many(configs, data=tiny, out=tmp_path / "many", workers=2, progress="quiet")
    for run, config in zip(runs, configs, strict=True):
        alone = lenet.train(tiny, config=config, out=tmp_path / f"alone-{config.model}", progress="quiet")
        assert content(run) == content(alone)


def test_a_line_for_each_that_is_finished(tiny, tmp_path, capsys):
    lenet.train_many(SEEDS[:2], data=tiny, out=tmp_path / "many")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("2/2  ")
    assert "fast, seed " in lines[0]


def test_one_that_fails_does_not_take_the_others_with_it(tiny, tmp_path):
    bad = configure("book-sgd", learning_rate=1e38, epochs=1, batch_size=50)
    with pytest.raises(TrainingError) as caught:
        lenet.train_many([SEEDS[0], bad, SEEDS[1], bad], data=tiny, out=tmp_path / "many", progress="quiet")
    assert caught.value.message.startswith("training 1 of 4: the loss became ")
    assert "the 2 that are finished are in " in caught.value.hint
    assert caught.value.hint.endswith("; 3 failed too")
    assert [lenet.load(tmp_path / "many" / name).is_finished for name in ("0000", "0002")] == [True, True]


def test_ctrl_c_saves_what_is_under_way(tiny, tmp_path):
    configs = [configure("fast", seed=seed, epochs=1000, batch_size=50) for seed in range(8)]
    threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    began = time.monotonic()
    with pytest.raises(lenet.ManyInterrupted) as caught:
        lenet.train_many(configs, data=tiny, out=tmp_path / "many", workers=2, progress="quiet")
    assert time.monotonic() - began < 10
    assert caught.value.runs == []
    assert caught.value.saved == [tmp_path / "many" / "0000", tmp_path / "many" / "0001"]
    assert "of 8 trainings" in str(caught.value)
    assert str(caught.value).endswith("0 are finished; lenet.resume resumes 0000, 0001")
    begun = sorted((tmp_path / "many").iterdir())
    assert [folder.name for folder in begun] == ["0000", "0001"]
    for folder in begun:
        assert checkpoint_step(folder) > 0


def test_mistakes_are_refused_before_anything_is_written(tiny, tmp_path):
    with pytest.raises(ConfigError, match="threads is 2; train_many gives every training one"):
        lenet.train_many([configure("fast", threads=2)], data=tiny, out=tmp_path / "many")
    with pytest.raises(ConfigError, match="workers is 0"):
        lenet.train_many(SEEDS, data=tiny, out=tmp_path / "many", workers=0)
    with pytest.raises(ConfigError, match="unknown progress 'loud'"):
        lenet.train_many(SEEDS, data=tiny, out=tmp_path / "many", progress="loud")
    assert not (tmp_path / "many").exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "something").touch()
    with pytest.raises(RunError, match="full is not empty"):
        lenet.train_many(SEEDS, data=tiny, out=tmp_path / "full")
    assert lenet.train_many([], data=tiny, out=tmp_path / "none") == []


def test_what_is_there_already_is_not_done_again(tiny, tmp_path):
    """One finished, one interrupted in its second epoch, one stopped before its first checkpoint, one not begun."""
    todo = [tasks.Task(config, tiny, tmp_path / str(config.seed)) for config in SEEDS[:4]]
    whole = tasks.run_all(todo, Finished("quiet", 4))
    before = [content(run) for run in whole]
    finished_at = (todo[0].folder / "summary.json").stat().st_mtime_ns
    for name in ("summary.json", "model.safetensors"):
        (todo[1].folder / name).unlink()
        (todo[2].folder / name).unlink()
    (todo[1].folder / "checkpoints" / "step-000040.json").unlink()
    shutil.rmtree(todo[2].folder / "checkpoints")
    shutil.rmtree(todo[3].folder)
    again = tasks.run_all(todo, Finished("quiet", 4))
    assert [content(run) for run in again] == before
    assert (todo[0].folder / "summary.json").stat().st_mtime_ns == finished_at
    assert [run.environment.threads for run in again] == [1, 1, 1, 1]


def test_what_a_full_disk_does_not_take_is_saved_elsewhere(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(durable, "RETRY_SECONDS", 0)
    real = os.replace

    def full(source, target):
        if "many" in str(target) and target.name == "model.safetensors" and "0001" in str(target):
            raise OSError(errno.ENOSPC, "full")
        real(source, target)

    whole = lenet.train_many(SEEDS[:2], data=tiny, out=tmp_path / "whole", progress="quiet")
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(SaveError, match=r"training 1 of 2: cannot write .*: the disk is full") as caught:
        lenet.train_many(SEEDS[:2], data=tiny, out=tmp_path / "many", progress="quiet")
    [saved] = caught.value.save_to(tmp_path / "elsewhere")
    assert content(lenet.resume(saved, data=tiny, progress="quiet")) == content(whole[1])


def test_all_that_could_not_be_saved_is_saved_elsewhere(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(durable, "RETRY_SECONDS", 0)
    whole = lenet.train_many(SEEDS[:3], data=tiny, out=tmp_path / "whole", progress="quiet")
    real = os.replace

    def full(source, target):
        if target.name == "model.safetensors" and "0000" not in str(target):
            raise OSError(errno.ENOSPC, "full")
        real(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", full)
        with pytest.raises(SaveError, match=r"training 1 of 3: .*the disk is full") as caught:
            lenet.train_many(SEEDS[:3], data=tiny, out=tmp_path / "many", progress="quiet")
    assert "; 2 failed too" in caught.value.hint
    saved = caught.value.save_to(tmp_path / "elsewhere")
    assert [run.path.name for run in saved] == ["0001", "0002"]
    assert [content(lenet.resume(run, data=tiny, progress="quiet")) for run in saved] == [*map(content, whole[1:])]
