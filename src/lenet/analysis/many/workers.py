"""Classifying the files of a folder on all cores of this machine: this process is one of the workers, the others are its own.

Each worker takes the next files when it has done its last ones, so that no core waits for another and few are in memory.
"""

import queue
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from lenet.analysis.many.classify import Classifier, Job
from lenet.analysis.many.process import Process
from lenet.analysis.many.rows import Row

MOST, SECONDS = 128, 0.1  # files that a worker takes at once, at most, and for about how long
FEW = 250  # files for a process, which starts in about a quarter of a second
POLL = 0.2  # seconds between two looks at whether all is to end


class Part(NamedTuple):
    """Files that are classified together.

    Args:
        number: of the part.
        names: of its files, in their order.
    """

    number: int
    names: Sequence[str]


class Batch(NamedTuple):
    """Files that one worker takes at once.

    Args:
        part: to which they belong.
        start: of the first one, among the files of the part.
        names: of the files.
    """

    part: Part
    start: int
    names: Sequence[str]


class Done(NamedTuple):
    """What is done of a part.

    Args:
        part: the part.
        num_files: that were classified just now.
        rows: of all its files, in their order, if that is all; else None.
    """

    part: Part
    num_files: int
    rows: list[Row] | None


class Workers:
    """Threads, of which all but one have a process that works for them.

    Args:
        job: what is to be done.
        parts: the files, taken when they are needed.
        count: how many workers there are.

    Use it as a context, which ends them.
    """

    def __init__(self, job: Job, parts: Iterable[Part], count: int) -> None:
        self.job, self.count = job, count
        self.batches = _Batches(iter(parts))
        self.results: queue.Queue[tuple[Batch, list[Row]] | BaseException | None] = queue.Queue(2 * count)
        self.stopping = threading.Event()
        self.processes: list[Process] = []
        self.threads: list[threading.Thread] = []

    def __enter__(self) -> "Workers":
        for number in range(self.count):
            process = Process.start(self.job) if number else None
            self.processes += [process] if process else []
            self.threads.append(threading.Thread(target=self._work, args=(process,), daemon=True))
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        for process in self.processes:
            process.end()
        for thread in self.threads:
            thread.join()

    def __iter__(self) -> Iterator[Done]:
        """Yield what is done, as it comes."""
        open_parts: dict[int, list[tuple[int, list[Row]]]] = {}
        left = self.count
        while left:
            result = self.results.get()
            if isinstance(result, BaseException):
                raise result
            if result is None:
                left -= 1
                continue
            batch, rows = result
            done = open_parts.setdefault(batch.part.number, [])
            done.append((batch.start, rows))
            if sum(len(some) for _, some in done) < len(batch.part.names):
                yield Done(batch.part, len(rows), None)
                continue
            del open_parts[batch.part.number]
            yield Done(batch.part, len(rows), [row for _, some in sorted(done) for row in some])

    def _work(self, process: Process | None) -> None:
        result: BaseException | None = None
        try:
            here = None if process else Classifier(self.job)
            seconds = None
            while not self.stopping.is_set() and (batch := self.batches.take(seconds)):
                began = time.perf_counter()
                rows = process.ask(batch.names) if process and not here else None
                if rows is None:  # there is no process, or it has died
                    if self.stopping.is_set():
                        return
                    here = here or Classifier(self.job)
                    rows = here(batch.names)
                seconds = (time.perf_counter() - began) / len(batch.names)
                self._put((batch, rows))
        except BaseException as error:
            result = error
        self._put(result)

    def _put(self, result: tuple[Batch, list[Row]] | BaseException | None) -> None:
        while not self.stopping.is_set():
            try:
                self.results.put(result, timeout=POLL)
            except queue.Full:
                continue
            return


class _Batches:
    """Hands out files, in their order, to whichever worker asks."""

    def __init__(self, parts: Iterator[Part]) -> None:
        self.parts, self.lock = parts, threading.Lock()
        self.part: Part | None = None
        self.start = 0

    def take(self, seconds: float | None) -> Batch | None:
        """Return the next files, or None if there are no more.

        Args:
            seconds: that a file takes the worker; None if it does not know yet.
        """
        with self.lock:
            if self.part is None or self.start == len(self.part.names):
                self.part, self.start = next(self.parts, None), 0
            if self.part is None:
                return None
            count = 16 if seconds is None else max(1, min(MOST, int(SECONDS / max(seconds, 1e-6))))
            batch = Batch(self.part, self.start, self.part.names[self.start : self.start + count])
            self.start += len(batch.names)
            return batch
