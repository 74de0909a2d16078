"""The file of a search's trials: a failing disk, or what is no file of trials, is an error that names the file.

A write that failed may have left a part of a record, which nobody relies on: the next one begins by cutting it off.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lenet.errors import RunError
from lenet.files import durable, untrusted

DAMAGED = "restore the file from a copy, or choose another folder with --out"
DISK = "check that the disk works and has free space; the same command resumes"


def open_storage(kind: str, path: Path) -> Any:
    """Open a file of trials for Optuna, or make it.

    Args:
        kind: "journal" or "sqlite".
        path: the file.

    Raises:
        RunError: if it cannot be read or written, or is something else. Later calls of the storage raise it, too.
    """
    with explained(path):
        try:
            return _sqlite(path) if kind == "sqlite" else _journal(path)
        except (LookupError, TypeError, AttributeError, RuntimeError) as error:  # JSON of others, tables of others
            raise ValueError("it is not a file of trials") from error


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Raise RunError, which names the file or folder, instead of an error of the disk or of a damaged file."""
    try:
        with durable.explained(f"use {path}", "the same command resumes"):
            yield
    except ValueError as error:
        raise RunError(f"{path} is damaged: {untrusted.printable(error)}", hint=DAMAGED) from error


class Journal:
    """A backend of Optuna's JournalStorage: its own one, whose errors name the file.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        from optuna.storages.journal import JournalFileBackend

        self.path = path
        self.file = JournalFileBackend(str(path), CuttingLock(path))

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """Yield the records from a number on."""
        with explained(self.path):
            yield from self.file.read_logs(log_number_from)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append records."""
        with explained(self.path):
            self.file.append_logs(logs)


class CuttingLock:
    """Optuna's lock of a journal; who gets it cuts off what a failed write left at the end.

    Args:
        path: the journal.
    """

    def __init__(self, path: Path) -> None:
        from optuna.storages.journal import JournalFileOpenLock, JournalFileSymlinkLock

        # Symbolic links, Optuna's usual locks, need a privilege on Windows.
        self.path = path
        self.lock = JournalFileOpenLock(str(path)) if os.name == "nt" else JournalFileSymlinkLock(str(path))

    def acquire(self) -> bool:
        """Wait for the lock."""
        self.lock.acquire()
        try:
            cut(self.path)
        except BaseException:
            self.lock.release()
            raise
        return True

    def release(self) -> None:
        """Release the lock."""
        self.lock.release()


def cut(path: Path) -> None:
    """Truncate a file to its last newline."""
    with path.open("rb+") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 1))
        if file.read() not in (b"", b"\n"):
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)


def _journal(path: Path) -> Any:
    from optuna.storages import JournalStorage

    return JournalStorage(Journal(path))


def _sqlite(path: Path) -> Any:
    from optuna.storages import RDBStorage
    from sqlalchemy import event, exc
    from sqlalchemy.engine import URL

    def damaged(error: Exception) -> RunError:
        what = untrusted.printable(getattr(error, "orig", None) or error)
        hint = DISK if isinstance(error, exc.OperationalError) else DAMAGED
        return RunError(f"cannot use {path}: {what}", hint=hint)

    def explain(context: Any) -> None:
        error = context.sqlalchemy_exception
        # Optuna answers to the two others itself: a row that is there already, and a file that another process writes.
        is_own = isinstance(error, exc.IntegrityError) or "locked" in str(error)
        if isinstance(error, exc.DatabaseError) and not is_own:
            raise damaged(error) from error

    try:
        storage = RDBStorage(URL.create("sqlite", database=str(path)).render_as_string(hide_password=False))
    except exc.SQLAlchemyError as error:
        raise damaged(error) from error
    event.listen(storage.engine, "handle_error", explain)
    return storage
