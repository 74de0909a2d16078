"""Keeping the best epoch, and ending without improvement: chosen by the held-out images, and the same after a resume."""

import dataclasses
import errno

import numpy as np
import pytest
from toys import epoch
from trainings import StopAfter, newest_checkpoint, same, train_toy

import lenet
from lenet.configuration import configure
from lenet.errors import RunError, SaveError
from lenet.files import durable
from lenet.runs.points import ChunkPoint
from lenet.training.best import has_no_patience_left, is_better
from lenet.training.position import Position

# At this rate the validation accuracy goes up and down; at which epoch it is best depends on the last bits of the kernels.
SETTINGS = {"validation": 100, "epochs": 6, "learning_rate": 0.06, "schedule": "constant"}
PATIENT = SETTINGS | {"keep": "best", "patience": 2, "epochs": 40}


def point(number, accuracy, loss):
    return dataclasses.replace(epoch(number), validation_accuracy=accuracy, validation_loss=loss)


def test_the_higher_accuracy_is_better_then_the_lower_loss_then_the_earlier_epoch():
    best = point(3, 0.8, 0.5)
    assert is_better(best, None)
    assert is_better(point(4, 0.81, 9.0), best)
    assert is_better(point(4, 0.8, 0.49), best)
    assert not is_better(point(4, 0.8, 0.5), best)
    assert not is_better(point(4, 0.79, 0.1), best)


def test_patience_counts_the_epochs_since_the_best():
    config = configure("fast", validation=10, patience=2)
    assert not has_no_patience_left(Position(epoch=4, best=point(3, 0.8, 0.5)), config)
    assert has_no_patience_left(Position(epoch=5, best=point(3, 0.8, 0.5)), config)
    assert not has_no_patience_left(Position(epoch=0), config)
    assert not has_no_patience_left(Position(epoch=9, best=point(3, 0.8, 0.5)), configure("fast"))


@pytest.fixture(scope="module")
def kept(tiny, tmp_path_factory):
    """A training whose best epoch is neither its first nor its last: the first such seed."""
    for seed in range(20):
        run = train_toy(tiny, tmp_path_factory.mktemp("kept"), keep="best", **SETTINGS, seed=seed)
        if 1 < run.summary.kept_epoch < SETTINGS["epochs"]:
            return run
    raise AssertionError("no seed has its best epoch in the middle")


@pytest.fixture(scope="module")
def settings(kept):
    """Those of `kept`, without keeping the best."""
    return SETTINGS | {"seed": kept.config.seed}


def test_the_weights_of_the_best_epoch_are_saved_and_reported(tiny, tmp_path, kept, settings):
    best = max(kept.epochs, key=lambda each: (each.validation_accuracy, -each.validation_loss))
    assert kept.summary.kept_epoch == best.epoch
    for name in ("train_loss", "validation_loss", "validation_accuracy", "test_loss", "test_accuracy"):
        assert getattr(kept.summary, name) == getattr(best, name)
    assert lenet.evaluate(kept, tiny).accuracy == best.test_accuracy
    last = train_toy(tiny, tmp_path, **settings)
    assert last.epochs[-1].test_loss == last.summary.test_loss == kept.epochs[-1].test_loss
    assert last.summary.kept_epoch is None
    until = train_toy(tiny, tmp_path / "until", **settings | {"epochs": best.epoch})
    assert (until.path / "model.safetensors").read_bytes() == (kept.path / "model.safetensors").read_bytes()


@pytest.mark.parametrize("engine", ["cpu", pytest.param("reference", marks=pytest.mark.torch)])
def test_a_training_without_improvement_ends_and_says_why(tiny, tmp_path, capsys, engine):
    settings = SETTINGS | {"epochs": 40, "patience": 2, "engine": engine}
    run = train_toy(tiny, tmp_path, keep="best", **settings)
    done = len(run.epochs)
    assert done < 40
    assert (run.summary.epochs, run.summary.kept_epoch) == (done, done - 2)
    assert run.summary.ended == "no improvement on the validation images for 2 epochs"
    assert newest_checkpoint(run).step == run.epochs[-1].step
    with pytest.raises(RunError, match=f"is finished, after {done} epochs"):
        lenet.resume(run, data=tiny, progress="quiet")
    with_last = train_toy(tiny, tmp_path / "last", **settings)
    assert with_last.summary.kept_epoch is None
    assert with_last.summary.test_loss == run.epochs[-1].test_loss


def test_a_training_that_improves_to_the_end_says_so(tiny, tmp_path):
    run = train_toy(tiny, tmp_path, patience=2, validation=100)
    assert run.summary.ended == "all 2 epochs are done"
    assert "kept_epoch" not in run.summary.to_dict()


@pytest.fixture(scope="module")
def patient(tiny, tmp_path_factory):
    """A training that ends without improvement; after how many epochs depends on the last bits of the kernels."""
    return train_toy(tiny, tmp_path_factory.mktemp("patient"), **PATIENT)


@pytest.mark.parametrize("share", [0.0, 0.25, 0.4, 0.7, 0.95])
def test_a_resumed_training_keeps_and_ends_as_the_whole_one(tiny, tmp_path, capsys, patient, share):
    chunks = sum(isinstance(point, ChunkPoint) for point in patient.metrics)
    with pytest.raises(lenet.Interrupted) as caught:
        train_toy(tiny, tmp_path, progress=StopAfter(1 + int(share * chunks)), **PATIENT)
    resumed = lenet.resume(caught.value.run, data=tiny, progress="quiet")
    assert same(resumed, patient)


def test_more_epochs_keep_the_best_of_all(tiny, tmp_path, kept, settings):
    run = train_toy(tiny, tmp_path, keep="best", **settings | {"epochs": 1})
    assert run.summary.kept_epoch == 1
    again = lenet.resume(run, data=tiny, epochs=6, progress="quiet")
    assert again.summary.kept_epoch == kept.summary.kept_epoch
    assert (again.path / "model.safetensors").read_bytes() == (kept.path / "model.safetensors").read_bytes()


def test_what_cannot_be_saved_takes_the_best_weights_along(tiny, tmp_path, monkeypatch, kept, settings):
    monkeypatch.setattr(durable, "RETRY_SECONDS", 0)
    real = durable.write

    def fail(path, content):
        if path.name == "model.safetensors":
            raise OSError(errno.ENOSPC, "full")
        real(path, content)

    with monkeypatch.context() as patched:
        patched.setattr(durable, "write", fail)
        with pytest.raises(SaveError) as caught:
            train_toy(tiny, tmp_path, keep="best", **settings)
    moved = caught.value.save_to(tmp_path / "elsewhere")
    assert same(lenet.resume(moved, data=tiny, progress="quiet"), kept)


def test_a_checkpoint_without_the_best_weights_is_refused(tiny, tmp_path, capsys):
    with pytest.raises(lenet.Interrupted) as caught:
        train_toy(tiny, tmp_path, progress=StopAfter(15), keep="best", **SETTINGS)
    run = caught.value.run
    path = run.path / "config.json"
    path.write_text(path.read_text().replace('"keep": "best"', '"keep": "last"'))
    with pytest.raises(RunError, match="belongs to another training: its best weights are not those of this network"):
        lenet.resume(run, data=tiny, progress="quiet")


def test_a_position_holds_the_best_apart_from_its_tensors():
    weights = {"a.weight": np.ones(3, np.float32)}
    position = Position(epoch=2, best=point(1, 0.8, 0.5), best_weights=weights)
    tensors = position.tensors()
    assert list(tensors) == ["best.a.weight"]
    read = Position.from_dict(position.to_dict(), tensors | {"model.a.weight": np.zeros(3)})
    assert read == position
    assert read.best_weights == weights
    assert "best" not in Position().to_dict()
