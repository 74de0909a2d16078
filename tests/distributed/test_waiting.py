"""A command on a cluster whose CPUs another one holds: it says so, begins when they come free, and ends at Ctrl-C."""

import os
import signal
import threading
import time

import pytest

import lenet
from lenet.configuration import configure
from lenet.distributed import crew
from lenet.distributed.cluster import RayExecutor, connect
from lenet.training.sweep import Variation, sweep

# Ray leaves files and processes to the collector.
pytestmark = [pytest.mark.ray, pytest.mark.proof, pytest.mark.filterwarnings("ignore")]

HELD = "all 3 CPUs of the Ray cluster are held by other work; waiting until one is free"


@pytest.fixture
def holder(nodes, tmp_path, monkeypatch):
    """Workers that have all CPUs, and stay."""
    monkeypatch.setattr(crew, "PATIENCE", 1.0)
    with connect(nodes.address) as executor:
        trained(tmp_path / "before", 6, executor)
        deadline = time.monotonic() + 30
        while sum(member.is_ready for member in executor._crew.members) < 3:
            assert time.monotonic() < deadline
            executor._crew.handle(0.1)
        yield executor


def trained(folder, seeds, executor):
    train, test = lenet.data.load("digits")
    few = lenet.Splits(train.sample(2000), test.sample(500), "some")
    variation = Variation("fast", configure("fast", data="digits", epochs=1), few)
    return sweep([variation], seeds=seeds, folder=folder, progress="quiet", executor=executor)[0].runs


def after(seconds, action):
    timer = threading.Timer(seconds, action)
    timer.start()
    return timer


def test_it_says_what_it_waits_for_and_begins_when_cpus_come_free(holder, tmp_path, capsys):
    timer, second = after(4, holder.close), RayExecutor()
    assert len(trained(tmp_path / "second", 2, second)) == 2
    second.close()
    timer.join()
    assert capsys.readouterr().err.count(HELD) == 1


def test_ctrl_c_ends_the_waiting_at_once(holder, tmp_path, capsys):
    pressed = []

    def press():
        pressed.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    timer, second = after(3, press), RayExecutor()
    with pytest.raises(lenet.Interrupted, match="0 of 2 trainings are finished"):
        trained(tmp_path / "second", 2, second)
    assert time.monotonic() - pressed[0] < 2
    timer.join()
    assert HELD in capsys.readouterr().err
    assert len(trained(tmp_path / "holder", 2, holder)) == 2  # the other command goes on
