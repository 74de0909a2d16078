"""A process that makes images, for large folders: of small files, threads alone wait for one another in Python.

It reads lines of JSON, first the folder and the preprocessing, then lists of names; for each list it writes a line with what
cannot be read, and then the bytes of the images. It ends with its input, so it never outlives the process that started it.
"""

import json
import os
import queue
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lenet.data.own.items import Bad, Collection
from lenet.errors import DataError, LenetError
from lenet.files import untrusted
from lenet.images import limits
from lenet.images.pixels import Pixels
from lenet.images.preprocess import Preprocessing

MANY = 2000  # images from which processes pay
LARGEST = 8  # processes
Result = Pixels | Bad


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def root_of(collection: Collection) -> Path | None:
    """Return the folder in which a collection's items are image files, if they are."""
    if collection.arrays is not None or " of " in collection.format:
        return None
    root = collection.path if collection.path.is_dir() else collection.path.parent
    return root if os.path.isfile(root / collection.items[0].name) else None  # noqa: PTH113 (no error for odd names)


def make_one(read: Callable[[], Any], name: str, preprocessing: Preprocessing) -> Result:
    """Make one image, or say why that cannot be done."""
    try:
        return preprocessing.apply(read(), name)
    except LenetError as error:
        return Bad(name, error.message)


class Workers:
    """Processes beside this one, each asked by one thread at a time.

    Args:
        root: The folder.
        preprocessing: How the images are made.
    """

    def __init__(self, root: Path, preprocessing: Preprocessing) -> None:
        self.shape = preprocessing.shape
        self.free: queue.SimpleQueue[subprocess.Popen[bytes] | None] = queue.SimpleQueue()
        self.processes: list[subprocess.Popen[bytes]] = []
        header = _line({"root": str(root.absolute()), "preprocessing": preprocessing.to_dict()})
        self.free.put(None)  # this process itself
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
                _pipes(process)[0].write(header)
                self.free.put(process)

    def make(self, names: Sequence[str], here: Callable[[], list[Result]]) -> list[Result]:
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

    def close(self) -> None:
        """End the processes."""
        for process in self.processes:
            process.kill()
            process.wait()
            for pipe in _pipes(process):
                with suppress(OSError):
                    pipe.close()


def _pipes(process: "subprocess.Popen[bytes]") -> tuple[Any, Any]:
    return process.stdin, process.stdout


def _ask(process: "subprocess.Popen[bytes]", names: Sequence[str], shape: tuple[int, ...]) -> list[Result]:
    stdin, stdout = _pipes(process)
    stdin.write(_line(list(names)))
    stdin.flush()
    bad = {int(place): reason for place, reason in json.loads(stdout.readline())}
    size = int(np.prod(shape))
    content = stdout.read(size * (len(names) - len(bad)))
    images = iter(np.frombuffer(content, np.uint8).reshape(len(names) - len(bad), *shape))
    return [Bad(name, bad[i]) if i in bad else next(images) for i, name in enumerate(names)]


def _line(value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"


def main() -> None:
    """Make images until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    header = json.loads(stdin.readline())
    root, preprocessing = Path(header["root"]), Preprocessing.from_dict(header["preprocessing"])
    for line in stdin:
        names = json.loads(line)
        results = [
            make_one(partial(untrusted.read, root / name, limits.MAX_BYTES, DataError), name, preprocessing)
            for name in names
        ]
        stdout.write(_line([[i, each.reason] for i, each in enumerate(results) if isinstance(each, Bad)]))
        for result in results:
            if not isinstance(result, Bad):
                stdout.write(np.ascontiguousarray(result).data)
        stdout.flush()


if __name__ == "__main__":
    main()
