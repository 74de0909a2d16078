"""Sums and times."""

import time

import pytest
import torch

from lenet import d2l


def test_a_timer_keeps_each_time():
    timer = d2l.Timer()
    assert (timer.sum(), timer.avg(), timer.cumsum()) == (0, 0, [])  # the published avg divides by zero
    time.sleep(0.01)
    assert timer.stop() >= 0.01
    timer.start()
    assert timer.stop() < timer.times[0]
    assert timer.sum() == pytest.approx(sum(timer.times))
    assert timer.avg() == pytest.approx(timer.sum() / 2)
    assert timer.cumsum() == pytest.approx([timer.times[0], timer.sum()])


def test_an_accumulator_adds_numbers_and_tensors():
    sums = d2l.Accumulator(2)
    sums.add(1, torch.tensor(2.5))
    sums.add(True, 0.5)
    assert (sums[0], sums[1]) == (2.0, 3.0)
    sums.reset()
    assert sums.data == [0.0, 0.0]
