"""Ctrl-C and its like as an event, so that what is under way ends, and is saved, before a training stops.

SIGINT is Ctrl-C, SIGTERM what a system sends that shuts down, SIGHUP what a terminal sends that is closed.
"""

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
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
