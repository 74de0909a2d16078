"""Trials and evaluations by workers in this process: the numbers that there are without a cluster."""

import sys

import pytest
from actors import LocalCrew
from trainings import train_toy

from lenet.analysis.evaluations import evaluate_each
from lenet.configuration import configure
from lenet.display.plain import Finished
from lenet.distributed import shipping
from lenet.distributed.calls import Calls
from lenet.distributed.evaluations import evaluations
from lenet.distributed.trials import RemoteTrials
from lenet.distributed.worker import Worker
from lenet.errors import EngineError, ModelError, RunError
from lenet.training.interrupts import Interrupt
from lenet.training.trials import judged

ray = pytest.importorskip("ray")  # which the environment without PyTorch lacks


@pytest.fixture
def calls(monkeypatch):
    """To one worker, with an object store that is this process's memory."""
    monkeypatch.setattr(shipping, "_stored", lambda splits: (splits,))
    monkeypatch.setattr(ray, "put", lambda value: value)
    monkeypatch.setattr(ray, "get", lambda reference: reference)
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.delenv("LENET_KERNELS", raising=False)
    with Calls(LocalCrew({"one": Worker(None, ["lenet", "tune"])}), None, Finished("quiet", 0)) as calls:
        yield calls


def test_trials(calls, tiny, monkeypatch):
    config = configure("fast", data="tiny", epochs=3, batch_size=50, hidden=16, threads=1)
    trials, interrupt = RemoteTrials(calls), Interrupt()
    assert trials.num_workers() == 1
    assert [*trials.epochs(config, tiny, interrupt)] == [*judged(config, tiny)]
    with pytest.raises(ModelError):
        next(trials.epochs(configure("fast", kernel_size=40), tiny, interrupt))
    interrupt.set()
    assert [*trials.epochs(config, tiny, interrupt)] == []
    monkeypatch.setattr(shipping, "_stored", lambda splits: ())
    with pytest.raises(EngineError, match="do not fit into the object store of every node"):
        next(RemoteTrials(calls).epochs(config, tiny, Interrupt()))


def test_evaluations(calls, tiny, tmp_path):
    class Executor:
        def evaluations(self, subjects, split):
            return evaluations(calls, subjects, split)

    run = train_toy(tiny, tmp_path, validation=30)
    for split in ("test", "train"):
        sources = [run, tmp_path / "none", *[run.path] * 8]
        here = [*evaluate_each(sources, tiny, split=split)]
        there = [*evaluate_each(sources, tiny, split=split, executor=Executor())]
        assert isinstance(there[1], RunError)
        assert [each.to_dict() for each in there if each is not there[1]] == [
            each.to_dict() for each in here if each is not here[1]
        ]
