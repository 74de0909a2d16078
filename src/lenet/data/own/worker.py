"""A process that makes images, for large folders: of small files, threads alone wait for one another in Python.

It reads lines of JSON, first the folder and the preprocessing, then lists of names; for each list it writes a line with what
cannot be read, and then the bytes of a Batch. It ends with its input, so it never outlives the process that started it.
"""

import json
import math
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from lenet.data import duplicates
from lenet.data.own.batch import Batch, make_batch
from lenet.data.own.items import Collection
from lenet.errors import DataError
from lenet.files import untrusted
from lenet.images import limits
from lenet.images.preprocess import Preprocessing

MANY = 2000  # images from which processes pay
LARGEST = 8  # processes
PIPE = 1 << 20  # bytes: an answer fits in, so that the process goes on before it is read
UNDER_WAY = 2  # lists of names that a process has at once, so that it does not wait for the next


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def root_of(collection: Collection) -> Path | None:
    """Return the folder in which a collection's items are image files, if they are."""
    if collection.arrays is not None or " of " in collection.format:
        return None
    root = collection.path if collection.path.is_dir() else collection.path.parent
    return root if os.path.isfile(root / collection.items[0].name) else None  # noqa: PTH113 (no error for odd names)


class Workers:
    """Processes beside this one; none until `start`.

    Use it as a context, which ends them.
    """

    def __init__(self) -> None:
        self.free: queue.SimpleQueue[_Process | None] = queue.SimpleQueue()
        self.processes: list[_Process] = []

    def start(self, num_images: int) -> None:
        """Start the processes if there are many images, unless they have been started."""
        if num_images < MANY or self.processes:
            return
        for _ in range(min(cores(), LARGEST) - 1):
            with suppress(OSError):  # then there is one fewer
                self.processes.append(_Process())

    def begin(self, root: Path, preprocessing: Preprocessing) -> None:
        """Say where the images are, and how they are made."""
        self.free.put(None)  # this process itself
        for process in self.processes:
            with suppress(OSError):
                process.begin(root, preprocessing)
                for _ in range(UNDER_WAY):
                    self.free.put(process)

    @property
    def num_threads(self) -> int:
        """How many threads may call `make` at once without waiting."""
        return 1 + UNDER_WAY * len(self.processes)

    def make(self, names: Sequence[str], here: Callable[[], Batch]) -> Batch:
        """Make some images in whichever process is free; by `here` in this one, also if the other has failed."""
        process = self.free.get()
        if process is None:
            try:
                return here()
            finally:
                self.free.put(None)
        try:
            made = process.ask(names)
        except (OSError, ValueError, KeyError, TypeError):
            return here()  # it has died, and is asked no more
        self.free.put(process)
        return made

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            process.end()


class _Process:
    """A process that makes images. Several threads may ask at once; it answers one after the other."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "lenet.data.own.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pipesize=PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        self.stdin: Any = self.process.stdin
        self.stdout: Any = self.process.stdout
        self.shape: tuple[int, ...] = ()
        self.asking = threading.Lock()
        self.answered = threading.Event()  # whether all before have read their answers
        self.answered.set()

    def begin(self, root: Path, preprocessing: Preprocessing) -> None:
        self.shape = preprocessing.shape
        self.stdin.write(_line({"root": str(root.absolute()), "preprocessing": preprocessing.to_dict()}))
        self.stdin.flush()

    def ask(self, names: Sequence[str]) -> Batch:
        with self.asking:
            self.stdin.write(_line(list(names)))
            self.stdin.flush()
            before, self.answered = self.answered, threading.Event()
            own = self.answered
        before.wait()
        try:
            return self._answer(len(names))
        finally:
            own.set()

    def _answer(self, num_asked: int) -> Batch:
        bad = tuple((int(place), str(reason)) for place, reason in json.loads(self.stdout.readline()))
        small = (duplicates.EDGE, duplicates.EDGE, *self.shape[2:])
        shapes = [(num_asked - len(bad), *each) for each in (self.shape, (duplicates.DIGEST,), small)]
        content = [self.stdout.read(math.prod(each)) for each in shapes]
        images, digests, thumbnails = (
            np.frombuffer(each, np.uint8).reshape(of) for each, of in zip(content, shapes, strict=True)
        )
        return Batch(images, digests, thumbnails, bad)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.stdin, self.stdout):
            with suppress(OSError):
                pipe.close()


def _line(value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"


def main() -> None:
    """Make images until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    import PIL.JpegImagePlugin  # noqa: F401  # while the other process still looks at the folder

    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    header = json.loads(stdin.readline())
    root, preprocessing = header["root"], Preprocessing.from_dict(header["preprocessing"])
    for line in stdin:
        names = json.loads(line)

        def read(place: int, names: list[str] = names) -> bytes:
            path = os.path.join(root, names[place])  # noqa: PTH118 (Path takes as long as reading)
            return untrusted.read(path, limits.MAX_BYTES, DataError)

        *arrays, bad = make_batch(names, read, preprocessing)
        stdout.write(_line(bad))
        for array in arrays:
            stdout.write(np.ascontiguousarray(array).data)
        stdout.flush()


if __name__ == "__main__":
    main()
