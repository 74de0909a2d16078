"""Trainings on workers in this process: a node whose disk is full, a node that is refused."""

import sys
from concurrent.futures import Future

import pytest
from actors import LocalCrew

from lenet.configuration import configure
from lenet.display.plain import Finished
from lenet.distributed import shipping
from lenet.distributed.crew import Crew, Member
from lenet.distributed.dispatch import Dispatch
from lenet.distributed.orders import Answer, Installed, key_of
from lenet.distributed.worker import Worker
from lenet.errors import EngineError, SaveError, TrainingError
from lenet.runs.run import Run
from lenet.training.interrupts import Interrupt
from lenet.training.tasks import Task

pytest.importorskip("ray")  # which the environment without PyTorch lacks


class Full:
    """A worker on a node whose disk is full."""

    def train(self, orders, shipments):
        error = SaveError("cannot write /tmp/lenet-worker-1: the disk is full")
        return [Answer(order.number, {}, error, False, (), 0.1) for order in orders]


def test_a_node_whose_disk_is_full_is_left_out(tiny, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(shipping, "_stored", lambda splits: ())
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.delenv("LENET_KERNELS", raising=False)
    worker = Worker(None, ["lenet", "sweep"])
    worker.data[key_of(tiny)] = tiny
    config = configure("fast", data="tiny", epochs=1, batch_size=50, hidden=16, threads=1, snapshots=0)
    tasks = [Task(config, tiny, tmp_path / str(number)) for number in range(4)]
    crew = LocalCrew({"full": Full(), "other": worker})
    outcomes = Dispatch(crew, tasks, Finished("auto", 4), None, Interrupt()).run()
    assert [type(outcome) for outcome in outcomes] == [Run] * 4
    assert [*crew.left_out] == ["full"]
    notice = "on the node full: cannot write /tmp/lenet-worker-1: the disk is full; it is left out"
    assert capsys.readouterr().err.count(notice) == 1


class Diverging:
    """A worker whose trainings diverge."""

    def train(self, orders, shipments):
        return [Answer(order.number, {}, TrainingError("the loss is NaN"), False, (), 0.1) for order in orders]


def test_trainings_that_diverge_are_reported_and_counted(tiny, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(shipping, "_stored", lambda splits: ())
    config = configure("fast", data="tiny", epochs=1, threads=1)
    tasks = [Task(config, tiny, tmp_path / str(number), f"wild, seed {number}") for number in range(3)]
    outcomes = Dispatch(LocalCrew({"one": Diverging()}), tasks, Finished("auto", 3), None, Interrupt()).run()
    assert [type(outcome) for outcome in outcomes] == [TrainingError] * 3
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("  ")[::2] for line in lines] == [[f"{count}/3", "diverged"] for count in (1, 2, 3)]


def test_a_node_with_another_version_is_refused():
    here, crew, future = Installed.here(), Crew(), Future()
    future.set_result(Installed("99.0", here.commit, here.numpy, here.kernels))
    with pytest.raises(EngineError, match=r"the node other has lenet 99\.0 instead of") as caught:
        crew._meet(Member(None, "other", "other"), future)
    assert caught.value.hint == "install the same on all nodes, or leave the node out"
