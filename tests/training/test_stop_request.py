"""Stopping a training by a file in its run directory, as a page that watches it does."""

import sys

import pytest
from trainings import content, train_toy

import lenet
from lenet.display.plain import Quiet
from lenet.runs import stop_request
from lenet.runs.run import Run
from lenet.training.interrupts import Interrupted


class AskToStop(Quiet):
    """Asks for the end after so many chunks."""

    def __init__(self, path, chunks):
        super().__init__(sys.stderr)
        self.path, self.left = path, chunks

    def chunk(self, point):
        self.left -= 1
        if self.left == 0:
            stop_request.request(self.path)


@pytest.mark.parametrize("chunks", [3, 10])
def test_the_training_saves_and_stops_as_after_ctrl_c(tiny, tmp_path, chunks):
    path = tmp_path / "run"
    with pytest.raises(Interrupted) as stopped:
        train_toy(tiny, tmp_path, progress=AskToStop(path, chunks))
    assert (stopped.value.exit_code, stopped.value.saved) == (130, [path])
    assert len(Run(path).chunks) == chunks
    assert not stop_request.is_requested(path)
    whole = train_toy(tiny, tmp_path / "whole")
    assert content(lenet.resume(path, data=tiny, progress="quiet")) == content(whole)


def test_a_request_that_came_too_late_stops_nothing(tiny, tmp_path):
    path = tmp_path / "run"
    run = train_toy(tiny, tmp_path, progress=AskToStop(path, 20))
    assert run.is_finished
    assert not stop_request.is_requested(path)


def test_a_request_to_a_training_that_was_killed_does_not_stop_the_next_one(tiny, tmp_path):
    path = tmp_path / "run"
    with pytest.raises(Interrupted):
        train_toy(tiny, tmp_path, progress=AskToStop(path, 3))
    stop_request.request(path)
    assert lenet.resume(path, data=tiny, progress="quiet").is_finished
