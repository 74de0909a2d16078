"""Locks on folders: one process at a time writes in a folder, and however it ends, the lock ends with it."""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from lenet.errors import RunError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

MOMENT = 0.2  # seconds in which a lock is tried again: `is_locked` holds it for an instant
PAUSE = 0.01  # seconds between tries


@contextlib.contextmanager
def lock(
    folder: Path,
    hint: str = "wait until it has ended, or end it; what it has saved is kept",
    doing: str = "training",
) -> Iterator[None]:
    """Lock a folder, so that one process at a time writes in it.

    The lock is released when its process ends, however it ends, and leaves no file. Windows and file systems without locks
    go without.

    Args:
        folder: The folder; it must exist.
        hint: What to do if it is locked.
        doing: What a process does that has locked it.

    Raises:
        RunError: It is locked, by another process or in this one.
    """
    until = time.monotonic() + MOMENT
    with contextlib.ExitStack() as stack:
        while True:
            try:
                stack.enter_context(_locked(folder, exclusive=True))
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise RunError(f"another process is {doing} in {folder}", hint=hint) from None
            except OSError:
                break  # a file system without locks, or the folder is gone: the next write will report it
            time.sleep(PAUSE)
        yield


def is_locked(folder: Path) -> bool | None:
    """Return whether a process trains in a folder, as far as its lock says; None where there are no locks."""
    if fcntl is None:
        return None
    try:
        with _locked(folder, exclusive=False):
            return False
    except BlockingIOError:
        return True
    except OSError:
        return None


@contextlib.contextmanager
def _locked(folder: Path, exclusive: bool) -> Iterator[None]:
    """Holds a lock. It is released by name, since a process that is just being started may hold a copy of the open file."""
    if fcntl is None:
        yield
        return
    file = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(file, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)
    finally:
        os.close(file)
