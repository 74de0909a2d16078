"""Ctrl-C and its like as an event, in this process and in others."""

import os
import signal
import time

import pytest

from lenet.training.interrupts import ONE_SIGNAL, SIGNALS, interrupts

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


@pytest.fixture(autouse=True)
def heeded():
    """Signals as a person's shell leaves them, whatever started the tests: under nohup, say, SIGHUP is ignored."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    yield
    for number, what in before.items():
        signal.signal(number, what)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_is_an_event_and_the_handlers_are_what_they_were(number):
    before = [signal.getsignal(each) for each in SIGNALS]
    with interrupts() as interrupted:
        os.kill(os.getpid(), number)
        assert interrupted.is_set()
        assert interrupted.exit_code == CODES[number]
        os.kill(os.getpid(), number)  # at once: the same act
    assert [signal.getsignal(each) for each in SIGNALS] == before


def test_the_second_ctrl_c_is_what_it_always_was():
    with interrupts():
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(ONE_SIGNAL + 0.1)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_a_signal_that_is_ignored_stays_ignored():
    """So that a training under nohup outlives its terminal."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupts() as interrupted:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not interrupted.is_set()
    finally:
        signal.signal(signal.SIGHUP, before)
