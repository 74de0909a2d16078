"""The book's `Timer` and `Accumulator`, with which training loops measure."""

import itertools
import time
from typing import Any

from lenet.d2l.bridge.measuring import number


class Timer:
    """The book's `Timer`: measures several durations in seconds, each from construction or `start` to `stop`."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.start()

    def start(self) -> None:
        """Start to measure."""
        self.tik = time.perf_counter()  # not time.time() as published: the system's clock may be set back

    def stop(self) -> float:
        """Record the duration since the start.

        Returns:
            This duration in seconds.
        """
        self.times.append(time.perf_counter() - self.tik)
        return self.times[-1]

    def avg(self) -> float:
        """Return the mean duration.

        Fixed here: before the first stop it is 0, where the published method divides by zero.

        Returns:
            Seconds.
        """
        return sum(self.times) / max(1, len(self.times))

    def sum(self) -> float:
        """Return the sum of the durations.

        Returns:
            Seconds.
        """
        return sum(self.times)

    def cumsum(self) -> list[float]:
        """Return the running sums of the durations.

        Returns:
            Seconds, one number for each stop.
        """
        return list(itertools.accumulate(self.times))


class Accumulator:
    """The book's `Accumulator`: sums of several numbers; `[i]` reads one.

    Args:
        n: how many sums.
    """

    def __init__(self, n: int) -> None:
        self.data = [0.0] * n

    def add(self, *args: Any) -> None:
        """Add one number to each sum.

        Args:
            *args: numbers, or tensors with one element, in the order of the sums.
        """
        self.data = [total + number(each) for total, each in zip(self.data, args, strict=False)]

    def reset(self) -> None:
        """Set all sums to zero."""
        self.data = [0.0] * len(self.data)

    def __getitem__(self, index: int) -> float:
        return self.data[index]
