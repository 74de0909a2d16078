"""Ctrl-C as an event."""

import os
import signal

import pytest

from lenet.training.interrupts import interrupts


def test_the_first_is_an_event_and_the_second_what_it_always_was():
    before = signal.getsignal(signal.SIGINT)
    with interrupts() as interrupted:
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupted.is_set()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
