"""Many trainings at once on a GPU, each in a loop of its own; here on the CPU, where the same steps are called."""

import dataclasses
import threading

import numpy as np
import pytest
import torch
from cuda_engines import cuda_engine
from made_up import patterns
from trainings import same

import lenet
from lenet.configuration import configure
from lenet.data.plan import plan
from lenet.engines.choice import Choice
from lenet.errors import TrainingError
from lenet.pytorch.cuda.many import CudaMany
from lenet.runs.opening import network_of
from lenet.training import setup
from lenet.training.together import Request, Together


@pytest.fixture
def on_cpu(monkeypatch):
    """The engine cuda computes on the CPU; how often, and for how many networks, is noted."""
    monkeypatch.setattr(setup, "decide", lambda *arguments: (Choice("cpu", "in a test"), Choice("cuda", "in a test")))
    monkeypatch.setattr("lenet.training.train.choose_device", lambda requested, engine: Choice("cpu", "in a test"))
    calls, real = [], CudaMany.train_steps

    def train_steps(self, plans, start, stop):
        calls.append((len(self.states), sorted(plans), start, stop))
        return real(self, plans, start, stop)

    monkeypatch.setattr(CudaMany, "train_steps", train_steps)
    return calls


CONFIG = configure("fast", model="softmax", engine="cuda", epochs=2, batch_size=50)


def test_trainings_are_computed_at_once_and_are_what_they_are_alone(tiny, on_cpu, tmp_path):
    configs = [dataclasses.replace(CONFIG, seed=seed, learning_rate=0.002 * (seed + 1)) for seed in range(4)]
    runs = lenet.train_many(configs, data=tiny, out=tmp_path / "many", progress="quiet")
    assert {(count, tuple(who)) for count, who, _, _ in on_cpu} == {(4, (0, 1, 2, 3))}
    assert len(on_cpu) == 20  # ten chunks of two epochs
    for config, run in zip(configs, runs, strict=True):
        assert run.resolved.engine == "cuda"
        engine = cuda_engine(config, tiny.train)
        losses = [engine.train_steps(plan(config, epoch, len(tiny.train)), 0, 20).losses.mean() for epoch in range(2)]
        assert run.summary.train_loss == pytest.approx(losses[1], rel=1e-5)
        np.testing.assert_allclose(network_of(run).network.weights, engine.network.weights, rtol=1e-3, atol=1e-5)
        assert run.environment.precision == "fp32"


def test_each_training_changes_its_images_as_its_settings_say(tiny, on_cpu, tmp_path):
    """Trainings with shifts and without are taken apart, and both are what they are alone."""
    changes = [{}, {"shift": 4}, {"flip": True}, {"erasing": 0.5}, {"augment": "strong"}, {"shift": 2}]
    configs = [configure("fast", model="softmax", engine="cuda", epochs=1, batch_size=50, **each) for each in changes]
    runs = lenet.train_many(configs, data=tiny, out=tmp_path / "many", progress="quiet")
    for config, run in zip(configs, runs, strict=True):
        engine = cuda_engine(config, tiny.train)
        losses = engine.train_steps(plan(config, 0, len(tiny.train)), 0, 20).losses
        assert run.summary.train_loss == pytest.approx(losses.mean(), rel=1e-5)
    assert {count for count, _, _, _ in on_cpu} == {1, 2}


@pytest.mark.gpu
def test_trainings_at_once_on_a_gpu_have_the_same_bits_each_time(tiny, tmp_path):
    """Each in a thread of its own, in which graphs are captured."""
    if not torch.cuda.is_available():
        pytest.skip("needs a GPU")
    configs = [dataclasses.replace(CONFIG, model="lenet", seed=seed, shift=seed) for seed in range(4)]
    twice = [lenet.train_many(configs, data=tiny, out=tmp_path / name, progress="quiet") for name in ("one", "two")]
    for one, two in zip(*twice, strict=True):
        assert same(one, two)
        assert one.resolved.engine == "cuda"
        alone = cuda_engine(one.config, tiny.train, "cuda:0")
        loss = [alone.train_steps(plan(one.config, epoch, len(tiny.train)), 0, 20).losses.mean() for epoch in range(2)]
        assert one.summary.train_loss == pytest.approx(loss[1], rel=1e-2)


def test_trainings_of_several_kinds_are_each_taken_with_their_own(tiny, on_cpu, tmp_path):
    configs = [CONFIG, dataclasses.replace(CONFIG, model="mlp"), dataclasses.replace(CONFIG, seed=1, epochs=2)]
    configs.append(dataclasses.replace(CONFIG, validation=100))  # its training images are others
    runs = lenet.train_many(configs, data=tiny, out=tmp_path / "many", progress="quiet")
    assert sorted({count for count, _, _, _ in on_cpu}) == [1, 2]
    assert [run.summary.model for run in runs] == ["softmax", "mlp", "softmax", "softmax"]


def test_a_training_that_diverges_leaves_the_others_alone(on_cpu, tmp_path):
    data = lenet.Splits(patterns(200, 1), patterns(50, 2), "made up")
    base = configure("book-sgd", model="mlp", engine="cuda", epochs=3, batch_size=50)
    configs = [dataclasses.replace(base, learning_rate=rate, seed=3) for rate in (0.01, 1e30, 0.01)]
    with pytest.raises(TrainingError, match="training 1 of 3: the loss became"):
        lenet.train_many(configs, data=data, out=tmp_path / "many", progress="quiet")
    runs = [lenet.load(tmp_path / "many" / f"000{number}") for number in (0, 2)]
    assert runs[0].summary.train_loss == runs[1].summary.train_loss
    assert on_cpu[-1][1] == [0, 2]


def test_more_trainings_than_are_taken_at_once_come_in_waves(on_cpu, tmp_path):
    data = lenet.Splits(patterns(100, 1), patterns(50, 2), "made up")
    configs = [dataclasses.replace(CONFIG, seed=seed, epochs=1) for seed in range(5)]
    runs = lenet.train_many(configs, data=data, out=tmp_path / "many", workers=2, progress="quiet")
    assert [run.config.seed for run in runs] == [0, 1, 2, 3, 4]
    assert [count for count, _, start, _ in on_cpu if start == 0] == [2, 2, 1]


def test_an_error_of_the_computation_reaches_everyone_who_asked():
    """And who is over is not waited for."""
    together, errors, results = Together(3), [], []

    def fail(requests):
        raise ValueError("no")

    def answer(requests):
        for request in requests:
            request.result = len(requests)

    def training(number):
        with together.seat(number):
            if number == 2:
                return
            try:
                together.ask(Request(("fail",), fail, number))
            except ValueError as error:
                errors.append(str(error))
            results.append(together.ask(Request(("answer", number % 2), answer, number)))

    threads = [threading.Thread(target=training, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
        assert not thread.is_alive()
    assert errors == ["no", "no"]
    assert results == [1, 1]
