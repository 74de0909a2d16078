"""Calls to workers from other threads: workers that die, work that stays with its worker, errors."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from actors import LocalCrew

from lenet.display.plain import Finished
from lenet.distributed.calls import MAX_ATTEMPTS, Calls
from lenet.errors import DataError, EngineError
from lenet.training.interrupts import Interrupt

exceptions = pytest.importorskip("ray.exceptions")  # which the environment without PyTorch lacks


class Counts:
    """A worker that says who it is, and dies at some of its calls."""

    def __init__(self, name, dies_at=()):
        self.name, self.dies_at, self.calls = name, dies_at, 0

    def number(self):
        self.calls += 1
        if self.calls in self.dies_at:
            raise exceptions.ActorDiedError
        return self.name


def ask(actor):
    return actor.number.remote()


@pytest.fixture
def begun(capsys):
    """Makes calls to workers."""

    def begin(*workers):
        return Calls(LocalCrew({worker.name: worker for worker in workers}), None, Finished("auto", 0))

    return begin


def test_what_a_dead_worker_had_is_done_by_another(begun, capsys):
    with begun(Counts("first", dies_at=[2]), Counts("second")) as calls, ThreadPoolExecutor(3) as pool:
        answers = [calls.ask(None, ask) for _ in range(6)]
        names = [*pool.map(lambda answer: calls.wait(answer, Interrupt()), answers)]
    assert sorted(set(names)) == ["first", "second"]
    assert names.count("first") == 1
    assert "a worker on first died; what it had is done again elsewhere" in capsys.readouterr().err


def test_a_job_stays_with_its_worker(begun):
    with begun(Counts("first"), Counts("second")) as calls:
        names = {job: {calls.wait(calls.ask(job, ask), Interrupt()) for _ in range(4)} for job in (0, 1)}
        assert sorted(map(sorted, names.values())) == [["first"], ["second"]]
        waiting = calls.ask(2, ask)  # each worker has a job
        assert not waiting.done()
        calls.end(0)
        assert {calls.wait(waiting, Interrupt())} == names[0]


def test_work_that_kills_its_workers_is_given_up(begun):
    workers = [Counts(str(number), dies_at=[1]) for number in range(MAX_ATTEMPTS + 1)]
    with begun(*workers) as calls:
        answer = calls.wait(calls.ask(None, ask), Interrupt())
    assert isinstance(answer, EngineError)
    assert f"{MAX_ATTEMPTS} workers died" in answer.message


def test_errors_and_interrupts(begun):
    def fail(actor):
        raise DataError("it is not there")

    def stumble(actor):
        raise ZeroDivisionError

    interrupt = Interrupt()
    with begun(Counts("first")) as calls:
        assert isinstance(calls.wait(calls.ask(None, fail), interrupt), DataError)
        interrupt.set()
        assert calls.wait(calls.ask(None, ask), interrupt) is None
        failed = calls.ask(None, stumble)
        with pytest.raises(ZeroDivisionError):  # a mistake of lenet's own ends all that waits
            calls.wait(failed, Interrupt())
