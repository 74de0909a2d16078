"""Ctrl-C and its like as an event, so that what is under way ends, and is saved, before a training stops.

SIGINT is Ctrl-C, SIGTERM what a system sends that shuts down, SIGHUP what a terminal sends that is closed.
"""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
SHOW_CURSOR = b"\x1b[?25h"
ONE_ACT = (
    0.3  # seconds within which the same signal again is the same act: `timeout` sends it to a process and to its group
)


class Interrupt(threading.Event):
    """Set by the first signal; `number` is the signal's, `at` when it came, by time.monotonic()."""

    number: int = signal.SIGINT
    at: float = 0.0

    @property
    def exit_code(self) -> int:
        """What a shell calls a process that this signal ended: 130, 143 or 129."""
        return 128 + self.number


@contextlib.contextmanager
def interrupts() -> Iterator[Interrupt]:
    """An event that the first of the signals sets; a second does what signals did before, once the engine returns.

    A signal that is ignored, as under nohup, stays ignored. Elsewhere than in the main thread nothing is changed.
    """
    event = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    heeded = {number: what for number, what in before.items() if what not in (signal.SIG_IGN, None)}

    def restore() -> None:
        for number, what in heeded.items():
            signal.signal(number, what)

    def handle(number: int, frame: Any) -> None:
        if not event.is_set():
            event.number, event.at = number, time.monotonic()
            event.set()
        elif number != event.number or time.monotonic() - event.at > ONE_ACT:
            restore()
            signal.raise_signal(number)

    for number in heeded:
        signal.signal(number, handle)
    try:
        yield event
    finally:
        restore()


@contextlib.contextmanager
def orderly_end() -> Iterator[None]:
    """For a whole process: SIGTERM and SIGHUP end it as Ctrl-C does, by an exception, so that it tidies up; and the second
    signal ends it at once, whatever is being computed, with the same exit code.

    Python's own handlers wait until a call of native code returns; a thread that the system tells of a signal does not.
    While PyTorch is being imported the first one does so too: an exception within its native code is an abort().
    """
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield  # Windows has neither signal, and tells of others by sockets only
        return
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)

    def leave(number: int, frame: FrameType | None) -> None:
        if _is_importing_torch(frame):
            os._exit(128 + number)
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)

    def watch() -> None:
        first, at = 0, 0.0
        while numbers := os.read(ours, 1):
            if numbers[0] not in SIGNALS:
                continue
            if not first:
                first, at = numbers[0], time.monotonic()
            elif numbers[0] != first or time.monotonic() - at > ONE_ACT:
                cursor = SHOW_CURSOR if os.isatty(2) else b""
                with contextlib.suppress(OSError):  # there may be no terminal any more
                    os.write(2, cursor + b"\nended at once; what was saved before is whole\n")
                os._exit(128 + numbers[0])
        os.close(ours)

    threading.Thread(target=watch, daemon=True).start()
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        if before[number] not in (signal.SIG_IGN, None):
            signal.signal(number, leave)
    wakeup = signal.set_wakeup_fd(theirs, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(wakeup)
        os.close(theirs)  # ends the thread, which reads its end
        for number, what in before.items():
            signal.signal(number, what)


def _is_importing_torch(frame: FrameType | None) -> bool:
    """Whether PyTorch's own module is being executed there: nothing of PyTorch is in use yet."""
    while frame:
        if frame.f_code.co_name == "<module>" and frame.f_globals.get("__name__") == "torch":
            return True
        frame = frame.f_back
    return False
