"""Where a worker trains: folders in its node's memory, or on its disk if there is little room.

What is under way on a worker is lost with it anyway, so nothing of it need reach a disk before lenet's own process writes it.
In memory, the syncs of a training's files take no time.
"""

import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from lenet.files import locks

MEMORY = Path("/dev/shm")  # a file system in memory, on Linux
ROOM = 2 << 30  # bytes that must be free there: Ray's object store grows in the same place
PREFIX = "lenet-worker-"
YOUNG = 60.0  # seconds in which a folder may not be locked yet


def place() -> Path:
    """Return the folder in which a worker makes its own: in memory, if there is room."""
    with contextlib.suppress(OSError):
        if shutil.disk_usage(MEMORY).free >= ROOM:
            with tempfile.TemporaryFile(dir=MEMORY):  # may it be written?
                return MEMORY
    return Path(tempfile.gettempdir())


@contextlib.contextmanager
def folder(parent: Path) -> Iterator[Path]:
    """Make a folder for one training, which goes with it.

    Args:
        parent: where, see `place`.

    Yields:
        The folder. It is locked, so that `tidy` knows whether its worker lives.
    """
    options = {"prefix": PREFIX, "dir": str(parent)}
    with tempfile.TemporaryDirectory(**options, ignore_cleanup_errors=True) as name, locks.lock(Path(name)):
        yield Path(name)


def tidy(parent: Path) -> None:
    """Remove the folders of workers that were killed."""
    with contextlib.suppress(OSError):
        for left in parent.glob(f"{PREFIX}*"):
            if time.time() - left.stat().st_mtime > YOUNG and locks.is_locked(left) is False:
                shutil.rmtree(left, ignore_errors=True)
