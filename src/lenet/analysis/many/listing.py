"""The image files in a folder in the order of their paths, in memory that does not grow with their number.

with listing(Path("photos"), part_size=4096, scratch=Path("answers")) as files:
    files.count, files.sha256, files.part(0)      # the names of the first 4096
"""

import hashlib
import heapq
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

from lenet.analysis.many.parts import explained
from lenet.data.own.listing import walk
from lenet.data.own.names import is_image
from lenet.errors import DataError
from lenet.files import durable
from lenet.runs.opening import is_image_file

SORTED = 200_000  # names that are sorted in memory: 30 MB; of more, sorted runs are merged
BLOCK = 1 << 16  # bytes of a run that are read at once
END = b"\0"  # of a name, which may hold any other byte


@dataclass(frozen=True)
class Files:
    """Image files, sorted by the bytes of their paths.

    Attributes:
        count: how many there are.
        ignored: how many other files there are.
        sha256: of all names.
        starts: where each part begins in the file of names, and where the last one ends.
        names: that file.
    """

    count: int
    ignored: int
    sha256: str
    starts: tuple[int, ...]
    names: IO[bytes]

    @property
    def num_parts(self) -> int:
        """How many parts there are."""
        return len(self.starts) - 1

    def part(self, number: int) -> list[str]:
        """Return the names of a part, relative to the folder, with "/"."""
        start, stop = self.starts[number : number + 2]
        self.names.seek(start)
        return [os.fsdecode(name) for name in self.names.read(stop - start).split(END)[:-1]]


@contextmanager
def listing(folder: Path, part_size: int, scratch: Path) -> Iterator[Files]:
    """List the image files in a folder and its subfolders, by suffix, and by content where there is none.

    Args:
        folder: the folder.
        part_size: files in a part; the last one may have fewer.
        scratch: where temporary files may lie, which nobody sees, and which are gone at the end however that comes.

    Yields:
        The files.

    Raises:
        DataError: a folder cannot be read, or has no images.
        RunError: a temporary file cannot be written.
    """
    with ExitStack() as stack:

        def temporary() -> IO[bytes]:
            with explained(scratch):
                # Without a buffer: closing would write again what a full disk did not take.
                return stack.enter_context(tempfile.TemporaryFile(dir=scratch, buffering=0))

        def write(file: IO[bytes], content: bytes) -> None:
            with explained(scratch):
                durable.write_all(file.fileno(), content)

        ignored = 0
        runs: list[IO[bytes]] = []
        names: list[bytes] = []
        for name in walk(folder):
            if name.endswith("/"):
                continue
            if not _is_image(folder, name):
                ignored += 1
                continue
            names.append(os.fsencode(name))
            if len(names) == SORTED:
                runs.append(temporary())
                write(runs[-1], b"".join(name + END for name in sorted(names)))
                names.clear()
        names.sort()
        if not names and not runs:
            raise DataError(f"{folder} holds no images", hint="expected image files in it, or in folders in it")
        merged = heapq.merge(names, *map(_names, runs)) if runs else iter(names)
        count, starts, digest, target = 0, [0], hashlib.sha256(), temporary()
        while part := b"".join(name + END for name in islice(merged, part_size)):
            count += part.count(END)
            digest.update(part)
            write(target, part)
            starts.append(starts[-1] + len(part))
        names.clear()
        yield Files(count, ignored, digest.hexdigest(), tuple(starts), target)


def _is_image(folder: Path, name: str) -> bool:
    return is_image(name) or ("." not in name.rpartition("/")[2] and is_image_file(folder / name))


def _names(run: IO[bytes]) -> Iterator[bytes]:
    """The names in a sorted run."""
    run.seek(0)
    rest = b""
    while block := run.read(BLOCK):
        *names, rest = (rest + block).split(END)
        yield from names
