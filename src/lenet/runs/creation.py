"""The beginning of a run: a folder of its own, with its first files whole or with none of them."""

import contextlib
import datetime
import itertools
import time
from collections.abc import Mapping
from pathlib import Path

from lenet.errors import RunError, quoted
from lenet.files import durable


def new_default(data: str, model: str) -> Path:
    """A new folder runs/DATE-TIME-DATA-MODEL, with a number behind it if that is taken."""
    stem = f"{datetime.datetime.now():%Y-%m-%d-%H%M%S}-{data}-{model}"
    with contextlib.suppress(OSError):  # who writes into it will say why
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


def begin(path: Path, files: Mapping[str, bytes]) -> OSError | None:
    """Makes the folder of a run, or takes an empty one, and writes its first files; returns why not, after two attempts."""
    for attempt in (1, 2):
        try:
            _begin_now(path, files, again=attempt > 1)
        except OSError as error:
            if attempt == 2:
                return error
            time.sleep(durable.RETRY_SECONDS)
        else:
            break
    return None


def _begin_now(path: Path, files: Mapping[str, bytes], again: bool) -> None:
    """One attempt; of two processes that want one folder, one gets it.

    Raises RunError if it is not to be had, OSError if it cannot be written: then nothing is left that can be removed.
    """
    elsewhere = "choose another with --out DIR"
    if path.exists() and not path.is_dir():
        raise RunError(f"{path} is a file; expected a folder for the run", hint=elsewhere)
    durable.make_folders(path)
    durable.sync_folder(path.parent)
    with durable.lock(path):
        if again and all(durable.holds(path / name, content) for name, content in files.items()):
            durable.sync_folder(path)  # all that the first attempt had left to do
            return
        if (path / "config.json").exists():
            way = f", or go on with it: lenet train --resume {quoted(path)}"
            raise RunError(
                f"{path} already holds a run", hint=elsewhere + ("" if (path / "summary.json").is_file() else way)
            )
        if not all(map(_is_leftover, path.iterdir())):
            raise RunError(f"{path} is not empty; a run wants a folder of its own", hint=elsewhere)
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
    """Whether a file is of a run that died before it was one."""
    return path.name in ("environment.json", "metrics.jsonl") or durable.TEMPORARY.fullmatch(path.name) is not None
