"""A process that makes images, for large folders: of small files, threads alone wait for one another in Python.

It reads lines of JSON, first the folder and the preprocessing, then lists of names; for each list it writes a line with what
cannot be read, and then the bytes of a Batch. It ends with its input, so it never outlives the process that started it.
"""

import json
import os
import queue
import signal
import subprocess
import sys
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
    """Processes beside this one, each asked by one thread at a time; none until `start`.

    Use it as a context, which ends them.
    """

    def __init__(self) -> None:
        self.shape: tuple[int, ...] = ()
        self.free: queue.SimpleQueue[subprocess.Popen[bytes] | None] = queue.SimpleQueue()
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, num_images: int) -> None:
        """Start the processes if there are many images, unless they have been started."""
        if num_images < MANY or self.processes:
            return
        for _ in range(min(cores(), LARGEST) - 1):
            with suppress(OSError):  # then there is one fewer
                process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "lenet.data.own.worker"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                )
                self.processes.append(process)

    def begin(self, root: Path, preprocessing: Preprocessing) -> None:
        """Say where the images are, and how they are made."""
        self.shape = preprocessing.shape
        header = _line({"root": str(root.absolute()), "preprocessing": preprocessing.to_dict()})
        self.free.put(None)  # this process itself
        for process in self.processes:
            with suppress(OSError):
                _pipes(process)[0].write(header)
                self.free.put(process)

    def make(self, names: Sequence[str], here: Callable[[], Batch]) -> Batch:
        """Make some images in whichever process is free; by `here` in this one, also if the other has failed."""
        process = self.free.get()
        if process is None:
            try:
                return here()
            finally:
                self.free.put(None)
        try:
            made = _ask(process, names, self.shape)
        except (OSError, ValueError, KeyError, TypeError):
            return here()  # it has died, and is asked no more
        self.free.put(process)
        return made

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
            for pipe in _pipes(process):
                with suppress(OSError):
                    pipe.close()


def _pipes(process: "subprocess.Popen[bytes]") -> tuple[Any, Any]:
    return process.stdin, process.stdout


def _ask(process: "subprocess.Popen[bytes]", names: Sequence[str], shape: tuple[int, ...]) -> Batch:
    stdin, stdout = _pipes(process)
    stdin.write(_line(list(names)))
    stdin.flush()
    bad = tuple((int(place), str(reason)) for place, reason in json.loads(stdout.readline()))
    small = (duplicates.EDGE, duplicates.EDGE, *shape[2:])
    shapes = [(len(names) - len(bad), *each) for each in (shape, (duplicates.DIGEST,), small)]
    content = [stdout.read(int(np.prod(each))) for each in shapes]
    images, digests, thumbnails = (
        np.frombuffer(each, np.uint8).reshape(of) for each, of in zip(content, shapes, strict=True)
    )
    return Batch(images, digests, thumbnails, bad)


def _line(value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"


def main() -> None:
    """Make images until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
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
