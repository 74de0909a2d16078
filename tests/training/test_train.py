"""Training: a network learns, and leaves a whole run."""

import dataclasses
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from trainings import StopAfter, newest_checkpoint, train_toy, without_times

import lenet
from lenet.configuration import configure
from lenet.data.dataset import Splits
from lenet.engines.threads import num_threads
from lenet.errors import ConfigError, DataError, TrainingError
from lenet.metrics import loss_and_accuracy
from lenet.networks import build
from lenet.networks.initialization import initialized
from lenet.pytorch.reference import ReferenceEngine
from lenet.training.interrupts import ONE_SIGNAL


@pytest.mark.chart
def test_a_network_learns_and_leaves_a_whole_run(tiny, tmp_path):
    run = train_toy(tiny, tmp_path)
    names = {path.name for path in run.path.iterdir()}
    assert names == {
        "config.json",
        "environment.json",
        "metrics.jsonl",
        "curve.svg",
        "curve.png",
        "model.safetensors",
        "checkpoints",
        "snapshots",
        "summary.json",
    }
    assert run.test_accuracy > 0.9
    summary = run.summary
    assert {
        "test_accuracy",
        "train_accuracy",
        "test_loss",
        "images_per_second",
        "images_per_second_end_to_end",
        "seconds",
        "parameters",
        "engine",
        "data",
        "run",
    } <= set(summary.to_dict())
    assert summary.images_per_second_end_to_end == pytest.approx(2 * len(tiny.train) / summary.seconds)
    assert summary.images_per_second == pytest.approx(2 * len(tiny.train) / summary.steps_seconds)
    assert summary.steps_seconds < summary.seconds
    assert summary.parameters == 61_706
    assert run.environment.data_fingerprint == tiny.fingerprint
    assert run.environment.threads == num_threads(None)
    assert run.resolved.engine_reason.startswith("auto")


def test_the_reported_numbers_are_those_of_the_saved_network(tiny, tmp_path):
    run = train_toy(tiny, tmp_path)
    images = torch.from_numpy(tiny.test.images).float()[:, None] / 255
    with torch.no_grad():
        logits = run.model(images)
    labels = torch.from_numpy(tiny.test.labels)
    assert run.test_accuracy == (logits.argmax(1) == labels).float().mean().item()
    assert run.summary.test_loss == pytest.approx(F.cross_entropy(logits, labels).item(), rel=1e-5)
    assert run.summary.test_accuracy == run.epochs[-1].test_accuracy


def test_the_training_numbers_of_an_epoch_are_its_own(tiny, tmp_path):
    """With a rate of almost nothing every epoch has the same loss: nothing of one leaks into the next."""
    run = train_toy(tiny, tmp_path, epochs=3, recipe="book-sgd", learning_rate=1e-12)
    losses = [point.train_loss for point in run.epochs]
    assert losses == pytest.approx([losses[0]] * 3, rel=1e-6)
    model = run.resolved.model
    initial = initialized(build(model.name, **model.arguments), run.config.init, run.config.seed)
    logits = ReferenceEngine(initial, None, run.config, run.preprocessing).logits(tiny.train.images)
    loss, accuracy = loss_and_accuracy(logits, tiny.train.labels)
    assert losses[0] == pytest.approx(loss, rel=1e-5)
    assert run.epochs[2].train_accuracy == accuracy


def test_an_epoch_is_the_mean_of_its_chunks_by_picture(tiny, tmp_path):
    run = train_toy(tiny, tmp_path, epochs=1, batch_size=70)
    chunks = run.chunks
    steps = [0, *(point.step for point in chunks)]
    images = [min(stop * 70, len(tiny.train)) - start * 70 for start, stop in itertools.pairwise(steps)]
    assert sum(images) == len(tiny.train)
    mean = np.dot([point.train_loss for point in chunks], images) / sum(images)
    assert run.epochs[0].train_loss == pytest.approx(mean)


def test_evaluation_happens_once_an_epoch(tiny, tmp_path, monkeypatch):
    calls = []
    logits = ReferenceEngine.logits
    monkeypatch.setattr(
        ReferenceEngine, "logits", lambda self, images: calls.append(len(images)) or logits(self, images)
    )
    train_toy(tiny, tmp_path, epochs=3, engine="reference")
    assert calls == [len(tiny.test)] * 3


def test_validation_pictures_are_measured_and_never_trained_on(tiny, tmp_path):
    run = train_toy(tiny, tmp_path, validation=100, epochs=1)
    assert run.resolved.num_train == len(tiny.train) - 100
    assert run.epochs[0].validation_accuracy == run.summary.validation_accuracy
    assert run.metrics[-1].step == -(-(len(tiny.train) - 100) // 50)
    with pytest.raises(ConfigError, match=f"validation is {len(tiny.train):,}"):
        train_toy(tiny, tmp_path, validation=len(tiny.train))


def test_the_test_set_chooses_nothing(tiny, tmp_path):
    """Other test pictures, the same weights."""
    upside_down = dataclasses.replace(tiny.test, images=tiny.test.images[:, ::-1].copy())
    one = train_toy(tiny, tmp_path / "one")
    two = train_toy(Splits(tiny.train, upside_down, "turned"), tmp_path / "two")
    assert one.test_accuracy != two.test_accuracy
    assert np.array_equal(one.network.network.weights, two.network.network.weights)


def test_a_second_ctrl_c_ends_at_once(tiny, tmp_path):
    class StopTwice(StopAfter):
        def chunk(self, point):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(ONE_SIGNAL + 0.1)
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as caught:
        train_toy(tiny, tmp_path, progress=StopTwice(1))
    assert not isinstance(caught.value, lenet.Interrupted)


def test_a_loss_that_is_no_number_stops_with_its_step(tiny, tmp_path):
    with pytest.raises(TrainingError, match=r"the loss became (nan|inf) at step \d+, in epoch 1") as caught:
        train_toy(tiny, tmp_path, recipe="book-sgd", model="mlp", learning_rate=1e30)
    assert "--learning-rate" in caught.value.hint


def test_a_network_that_diverges_in_its_last_step_is_no_success(tiny, tmp_path):
    """The loss of a step is taken before its update: only the evaluation sees what the last one did."""
    with pytest.raises(TrainingError, match=r"the loss on the test set is (nan|inf) after epoch 1"):
        train_toy(tiny, tmp_path, recipe="book-sgd", model="mlp", epochs=1, batch_size=1000, learning_rate=1e25)
    assert not (tmp_path / "run/summary.json").exists()


def test_a_shift_beyond_the_picture_is_refused(tiny, tmp_path):
    with pytest.raises(ConfigError, match="shift is 28, but the images of toy are 28×28"):
        train_toy(tiny, tmp_path, shift=28)
    assert not (tmp_path / "run").exists()


def test_a_run_on_data_of_ones_own_says_that_it_must_be_given(tiny, tiny_run):
    with pytest.raises(DataError, match="was trained on data of your own, 'toy'"):
        lenet.evaluate(tiny_run)


def test_threads_are_set_for_the_training_alone(tiny, tmp_path):
    before = torch.get_num_threads()
    run = train_toy(tiny, tmp_path, threads=1, epochs=1)
    assert run.environment.threads == 1
    assert torch.get_num_threads() == before


def test_training_works_outside_the_main_thread(tiny, tmp_path):
    runs = []
    thread = threading.Thread(target=lambda: runs.append(train_toy(tiny, tmp_path, epochs=1)))
    thread.start()
    thread.join()
    assert runs[0].is_finished


def test_a_config_stands_for_all_settings(tiny, tmp_path):
    config = configure("book-sgd", epochs=1, batch_size=50, seed=3)
    run = lenet.train(tiny, config=config, out=tmp_path / "run", progress="quiet")
    assert run.config == dataclasses.replace(config, data="toy")
    for name, settings in ((tiny, {"epochs": 2}), ("mnist", {}), (tiny, {"recipe": "book-sgd"})):
        with pytest.raises(ConfigError, match="a config and settings"):
            lenet.train(name, config=config, **settings)


def test_the_global_generators_are_neither_used_nor_moved(tiny, tmp_path):
    torch.manual_seed(1)
    before = torch.random.get_rng_state(), np.random.get_state()[1].tolist()
    one = train_toy(tiny, tmp_path / "one", epochs=1)
    assert torch.equal(torch.random.get_rng_state(), before[0])
    assert np.random.get_state()[1].tolist() == before[1]
    torch.manual_seed(2)
    two = train_toy(tiny, tmp_path / "two", epochs=1)
    assert one.summary.test_loss == two.summary.test_loss


def test_the_book_learns_fashion_mnist_from_real_pictures(real_data, tmp_path):
    """The chapter's recipe leaves chance level within two epochs."""
    run = lenet.train(
        "fashion-mnist", recipe="book-sgd", epochs=2, data_dir=str(real_data), out=tmp_path / "run", progress="quiet"
    )
    assert run.test_accuracy > 0.4
    assert run.resolved.data == "fashion-mnist"
    summary = json.loads((run.path / "summary.json").read_text())
    assert summary["test_accuracy"] == run.test_accuracy


@pytest.mark.process
def test_the_same_command_gives_the_same_bits(tmp_path):
    """Two processes, one seed: weights and points of the chart are the same to the last bit."""
    for name in ("one", "two"):
        subprocess.run(
            [
                sys.executable,
                "-m",
                "lenet",
                "train",
                "--data",
                "digits",
                "--epochs",
                "1",
                "--quiet",
                "--validation",
                "55000",
                "--out",
                str(tmp_path / name),
            ],
            check=True,
        )
    one, two = (lenet.load(tmp_path / name) for name in ("one", "two"))
    assert (one.path / "model.safetensors").read_bytes() == (two.path / "model.safetensors").read_bytes()
    assert [without_times(p) for p in one.metrics] == [without_times(p) for p in two.metrics]


@pytest.mark.parametrize("engine", ["cpu", "reference"])
def test_the_averaged_weights_are_saved_and_measured(tiny, tmp_path, engine):
    run = train_toy(tiny, tmp_path / "averaged", engine=engine, ema=0.95)
    raw = train_toy(tiny, tmp_path / "raw", engine=engine)
    assert [point.train_loss for point in run.chunks] == [point.train_loss for point in raw.chunks]
    assert run.summary.test_loss != raw.summary.test_loss
    assert lenet.evaluate(run, tiny).accuracy == run.test_accuracy
    checkpoint = newest_checkpoint(run)
    for name, weights in run.network.network.tensors.items():
        assert np.array_equal(weights, checkpoint.tensors[f"optimizer.{name}.average"])
        assert not np.array_equal(weights, checkpoint.tensors[f"model.{name}"])
