"""A worker without Ray: what it does with orders, and what it answers."""

import dataclasses
import errno
import sys
import tempfile

import numpy as np
import pytest

import lenet
from lenet.configuration import configure
from lenet.distributed import scratch
from lenet.distributed.orders import Installed, Order, Shipment, key_of
from lenet.distributed.worker import Worker
from lenet.errors import DataError, ModelError, SaveError, TrainingError
from lenet.files import durable, whole_folder
from lenet.training.trials import judged

CONFIG = configure("fast", data="digits", epochs=1, threads=1, snapshots=0)


@pytest.fixture
def worker(monkeypatch):
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.delenv("LENET_KERNELS", raising=False)
    return Worker(None, ["lenet", "sweep"])


@pytest.fixture(scope="module")
def digits():
    return lenet.data.load("digits")


def ordered(worker, splits, config=CONFIG, files=None, fingerprint=None):
    """The answer to one order, whose data the worker loads itself."""
    key = key_of(splits)
    order = Order(0, config, key, "/runs/seed-0", "one", files or {}, None)
    return worker.train([order], {key: Shipment(key, fingerprint or splits.fingerprint, ())})[0]


def test_a_training_comes_back_as_its_files(worker, digits, tmp_path):
    answer = ordered(worker, digits)
    assert (answer.error, answer.is_interrupted, answer.number) == (None, False, 0)
    alone = lenet.train(digits, config=CONFIG, out=tmp_path / "alone", progress="quiet")
    assert set(answer.files) == set(whole_folder.read(alone.path)) - {"curve.png", "curve.svg"}
    assert answer.files["model.safetensors"] == (alone.path / "model.safetensors").read_bytes()
    assert b'"lenet",\n    "sweep"' in answer.files["environment.json"]


def test_one_that_was_interrupted_goes_on(worker, digits):
    worker.stop()
    answer = ordered(worker, digits)
    assert (answer.is_interrupted, answer.files) == (True, {})


def test_the_epochs_of_a_trial_are_those_here_also_from_the_middle(worker, tiny):
    config = configure("fast", data="tiny", epochs=3, batch_size=50, hidden=16, threads=1)
    key = key_of(tiny)
    worker.data[key] = tiny
    shipment, here = Shipment(key, tiny.fingerprint, ()), [*judged(config, tiny)]

    def epoch(trial, number, **changes):
        order = Order(trial, dataclasses.replace(config, **changes), key, "", "tiny", {}, None)
        return worker.epoch(order, number, shipment)

    assert [epoch(0, number) for number in (1, 2, 3)] == here
    assert epoch(1, 1) == here[0]  # one that is given up
    assert epoch(2, 2) == here[1]  # one whose worker died
    assert epoch(2, 3) == here[2]
    assert epoch(2, 2) == here[1]  # one whose answer was lost
    assert isinstance(epoch(3, 1, kernel_size=40), ModelError)
    assert epoch(4, 1) == here[0]


def test_data_that_differ_on_a_node_are_refused(worker, digits):
    answer = ordered(worker, digits, fingerprint="0" * 64)
    assert isinstance(answer.error, DataError)
    assert "is not the same on the node" in answer.error.message
    assert "copy the same files" in answer.error.hint


def test_own_data_is_read_from_its_path_where_it_does_not_travel(worker, tiny, tmp_path):
    names = {"x_train": tiny.train.images, "y_train": tiny.train.labels, "x_test": tiny.test.images}
    np.savez(tmp_path / "own.npz", **names, y_test=tiny.test.labels)
    own = lenet.data.load(tmp_path / "own.npz")
    config, key = dataclasses.replace(CONFIG, data=own.name, recipe="fast"), key_of(own)
    order = Order(0, config, key, "/runs/seed-0", "one", {}, None)
    shipment = Shipment(key, own.fingerprint, (), str(tmp_path / "own.npz"))
    assert worker.train([order], {key: shipment})[0].error is None


def test_a_divergence_names_the_folder_that_its_user_knows(worker, digits):
    wild = configure("book-sgd", data="digits", learning_rate=1e38, epochs=1, threads=1, snapshots=0)
    answer = ordered(worker, digits, wild)
    assert isinstance(answer.error, TrainingError)
    assert tempfile.gettempdir() not in str(answer.error)
    assert "config.json" in answer.files


def test_a_full_disk_on_a_node_is_said(worker, digits, monkeypatch):
    def full(**_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryDirectory", full)
    answer = ordered(worker, digits)
    assert isinstance(answer.error, SaveError)
    assert "the disk is full" in answer.error.message


def test_a_disk_that_fills_up_is_named_as_it_is_called_on_the_node(worker, digits, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(durable, "write", full)
    answer = ordered(worker, digits)
    assert isinstance(answer.error, SaveError)
    assert scratch.PREFIX in answer.error.message
    assert "/runs/seed-0" not in answer.error.message


def test_memory_that_is_full_is_left_for_the_disk(worker, digits, monkeypatch, tmp_path):
    make = tempfile.TemporaryDirectory

    def made(*, dir, **options):  # noqa: A002  # the name is that of the standard library
        if dir == str(tmp_path):
            raise OSError(errno.ENOSPC, "No space left on device")
        return make(dir=dir, **options)

    monkeypatch.setattr(scratch, "MEMORY", tmp_path)
    worker.place = tmp_path
    monkeypatch.setattr(tempfile, "TemporaryDirectory", made)
    answer = ordered(worker, digits)
    assert answer.error is None
    assert "summary.json" in answer.files
    assert str(worker.place) == tempfile.gettempdir()


def test_what_is_installed_is_compared():
    here = Installed.here()
    assert here.differences(here) == []
    other = dataclasses.replace(here, numpy="1.0", lenet="0.1")
    assert other.differences(here) == [
        f"lenet {here.lenet} instead of 0.1",
        f"numpy {here.numpy} instead of 1.0",
    ]
