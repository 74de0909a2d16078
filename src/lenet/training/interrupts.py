"""Ctrl-C, SIGTERM and SIGHUP as an event, so that the steps under way end, and are saved, before a training stops.

SIGINT is Ctrl-C, SIGTERM what a system sends that shuts down, SIGHUP what a terminal sends that is closed.
"""

import contextlib
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lenet.runs.run import Run

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
# Seconds within which the same signal again counts as one: `timeout` sends it to a process and to its group.
ONE_SIGNAL = 0.3


class Interrupted(KeyboardInterrupt):
    """One training or many were interrupted, and what was under way has been saved.

    Args:
        message: what was interrupted, and how to resume it.
        exit_code: of a process that the signal ends: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP.
        runs: the finished runs.
        saved: the directories of the runs that were under way, which `lenet.resume` resumes.
    """

    def __init__(self, message: str, exit_code: int, runs: Sequence[Run] = (), saved: Sequence[Path] = ()) -> None:
        super().__init__(message)
        self.exit_code, self.runs, self.saved = exit_code, list(runs), list(saved)

    @property
    def run(self) -> Run:
        """The first run that was under way: of `lenet.train` and `lenet.resume`, the only one."""
        return Run(self.saved[0])


class Interrupt(threading.Event):
    """Set by the first signal.

    Attributes:
        number: of the signal.
        time: when it came, by time.monotonic().
    """

    number: int = signal.SIGINT
    time: float = 0.0

    @property
    def exit_code(self) -> int:
        """What a shell calls a process that this signal ended: 130, 143 or 129."""
        return 128 + self.number


@contextlib.contextmanager
def interrupts() -> Iterator[Interrupt]:
    """Set an event at the first signal; a second one does what it did before, once a call of the engine returns.

    A signal that is ignored, as under nohup, stays ignored. Outside of the main thread nothing is changed.

    Yields:
        The event.
    """
    event = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    handlers = {number: handler for number, handler in before.items() if handler not in (signal.SIG_IGN, None)}

    def restore() -> None:
        for number, handler in handlers.items():
            signal.signal(number, handler)

    def handle(number: int, frame: Any) -> None:
        if not event.is_set():
            event.number, event.time = number, time.monotonic()
            event.set()
        elif number != event.number or time.monotonic() - event.time > ONE_SIGNAL:
            restore()
            signal.raise_signal(number)

    for number in handlers:
        signal.signal(number, handle)
    try:
        yield event
    finally:
        restore()
