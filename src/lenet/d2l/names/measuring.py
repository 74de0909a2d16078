"""Sums and times: what the book's training loops keep count with."""

import itertools
import time
from typing import Any

from lenet.d2l.bridge.measuring import number


class Timer:
    """Several times in seconds. It runs from when it is made, or from `start`, to `stop`."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.start()

    def start(self) -> None:
        """Starts anew."""
        self.tik = time.perf_counter()  # the book's time.time() follows the clock on the wall, which may be set back

    def stop(self) -> float:
        """Keeps the time since the start, and returns it."""
        self.times.append(time.perf_counter() - self.tik)
        return self.times[-1]

    def avg(self) -> float:
        """Mean of the times kept; 0 without any, where the book's divides by zero."""
        return sum(self.times) / max(1, len(self.times))

    def sum(self) -> float:
        """All times together."""
        return sum(self.times)

    def cumsum(self) -> list[float]:
        """After each stop, the time so far."""
        return list(itertools.accumulate(self.times))


class Accumulator:
    """Sums of `n` numbers: `add(a, b, …)` adds to each, `[i]` reads one, `reset()` begins again."""

    def __init__(self, n: int) -> None:
        self.data = [0.0] * n

    def add(self, *args: Any) -> None:
        """Adds a number, or a tensor with one number, to each sum."""
        self.data = [total + number(each) for total, each in zip(self.data, args, strict=False)]

    def reset(self) -> None:
        """All sums are zero again."""
        self.data = [0.0] * len(self.data)

    def __getitem__(self, index: int) -> float:
        return self.data[index]
