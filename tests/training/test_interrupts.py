"""Ctrl-C and its like as an event, in this process and in others."""

import os
import signal
import subprocess
import sys
import time

import pytest

from lenet import __main__
from lenet.cli import main
from lenet.training.interrupts import ONE_ACT, SIGNALS, interrupts

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
        time.sleep(ONE_ACT + 0.1)
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


BUSY = """
import hashlib, sys
from lenet.training.interrupts import interrupts, orderly_end
with orderly_end():
    try:
        if sys.argv[1] == "training":
            with interrupts() as interrupted:
                print("ready", flush=True)
                while not interrupted.wait(0.01):
                    pass
                print("heard", flush=True)
                hashlib.pbkdf2_hmac("sha256", b"", b"", 10**9)  # native code that nothing interrupts, for minutes
        print("ready", flush=True)
        while True:
            pass
    finally:
        print("tidied up", flush=True)
"""


def ended(process):
    """What a process says until it ends, which is soon."""
    try:
        return process.communicate(timeout=30)
    finally:
        process.kill()


@pytest.mark.parametrize("number", SIGNALS)
def test_a_second_signal_ends_native_code_at_once_with_the_right_code(number):
    command = [sys.executable, "-c", BUSY, "training"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.stdout.readline() == "heard\n"
        time.sleep(ONE_ACT + 0.3)
        process.send_signal(number)
        out, err = ended(process)
    assert process.returncode == CODES[number]
    # On a machine so busy that the native code had not begun, Python's own handler was the faster.
    assert "ended at once; what was saved before is whole" in err or out == "tidied up\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_outside_of_a_training_a_signal_ends_the_process_and_it_tidies_up(number):
    command = [sys.executable, "-c", BUSY, "idle"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        out, err = ended(process)
    assert (process.returncode, out, err) == (CODES[number], "tidied up\n", "")


SWALLOWING = """
try:
    print("ready", flush=True)
    while True:
        pass
except BaseException:
    print("swallowed", flush=True)
"""


@pytest.mark.parametrize("number", SIGNALS)
def test_while_torch_is_being_imported_a_signal_ends_the_process_at_once(number, tmp_path):
    (tmp_path / "torch.py").write_text(SWALLOWING)
    code = "from lenet.training.interrupts import orderly_end\nwith orderly_end():\n    import torch"
    with subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        out, _ = ended(process)
    assert (process.returncode, out) == (CODES[number], "")


def test_until_the_command_line_is_imported_ctrl_c_ends_the_process_at_once(monkeypatch):
    monkeypatch.setattr(main, "main", lambda: handlers.append(signal.getsignal(signal.SIGINT)))
    monkeypatch.setattr(os, "_exit", sys.exit)
    handlers = []
    __main__.main()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as it is for what a script starts in the background
    __main__.main()
    assert handlers == [__main__.end, signal.SIG_IGN]
    with pytest.raises(SystemExit) as ended:
        __main__.end(signal.SIGINT, None)
    assert ended.value.code == 130
