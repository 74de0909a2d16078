"""Making a run directory: a folder of its own, with its first files complete or with none of them."""

import contextlib
import datetime
import itertools
import time
from collections.abc import Mapping
from pathlib import Path

from lenet.errors import RunError, quoted
from lenet.files import durable, locks
from lenet.files.names import file_name


def new_default(data: str, model: str) -> Path:
    """Make a new folder runs/DATE-TIME-DATA-MODEL, with a number at the end if that name is taken, and return its path."""
    stem = f"{datetime.datetime.now():%Y-%m-%d-%H%M%S}-{file_name(data)}-{model}"
    with contextlib.suppress(OSError):  # the first write into the folder reports why
        durable.make_folders(Path("runs"))
    for number in itertools.count(1):
        path = Path("runs") / (stem if number == 1 else f"{stem}-{number}")
        try:
            path.mkdir()
            break
        except FileExistsError:
            continue
        except OSError:
            break
    return path


def create(path: Path, files: Mapping[str, bytes]) -> None:
    """Make the folder of a run, or use an empty one, and write its first files, in at most two attempts.

    Args:
        path: the folder.
        files: their content by name.

    Raises:
        OSError: if they cannot be written; what was written is removed, if that is possible.
        RunError: if the folder is not empty.
    """
    try:
        _attempt(path, files)
    except OSError:
        time.sleep(durable.RETRY_SECONDS)
        _attempt(path, files, is_second=True)


def _attempt(path: Path, files: Mapping[str, bytes], *, is_second: bool = False) -> None:
    """One attempt; of two processes that want the same folder, one gets it."""
    other = "choose another with --out DIR"
    if path.exists() and not path.is_dir():
        raise RunError(f"{path} is a file; expected a folder for the run", hint=other)
    durable.make_folders(path)
    durable.sync_folder(path.parent)
    with locks.lock(path):
        if is_second and all(durable.holds(path / name, content) for name, content in files.items()):
            durable.sync_folder(path)  # the only step that the first attempt left
            return
        if (path / "config.json").exists():
            is_finished = (path / "summary.json").is_file()
            resume = "" if is_finished else f", or resume it: lenet train --resume {quoted(path)}"
            raise RunError(f"{path} already holds a run", hint=other + resume)
        if not all(map(_is_leftover, path.iterdir())):
            raise RunError(f"{path} is not empty; expected a new or empty folder for the run", hint=other)
        for leftover in path.iterdir():
            durable.remove(leftover)
        try:
            for name, content in files.items():
                durable.write(path / name, content)
        except OSError:
            for name in reversed(list(files)):
                with contextlib.suppress(OSError):
                    durable.remove(path / name)
            raise


def _is_leftover(path: Path) -> bool:
    """Whether a file was left by a process that was killed before config.json made the folder a run."""
    return path.name in ("environment.json", "metrics.jsonl") or durable.TEMPORARY.fullmatch(path.name) is not None
