"""The files of which a pack is made, with what changes when one of them does: their sizes and times."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from lenet.data.own.names import is_hidden

Files: TypeAlias = list[tuple[str, int, int]]  # name, bytes, time of the last change in nanoseconds


def list_files(path: Path, around: Sequence[str] = ()) -> Files:
    """List what is at a path, hidden files left out: all in a folder, or a file and those around it that it lists.

    Args:
        path: The folder or file.
        around: Names of files in the folder of a file, or below.

    Returns:
        The files, sorted; those that are not there are left out.
    """
    found: Files = []
    with suppress(OSError):
        if path.is_dir():
            _scan(str(path), "", found)
        else:
            for name in dict.fromkeys((path.name, *around)):
                with suppress(OSError):
                    info = (path.parent / name).stat()
                    found.append((name, info.st_size, info.st_mtime_ns))
    return sorted(found)


def _scan(folder: str, prefix: str, found: Files, depth: int = 0) -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            if is_hidden(entry.name):
                continue
            if entry.is_dir():
                if depth < 32:
                    _scan(entry.path, f"{prefix}{entry.name}/", found, depth + 1)
                continue
            info = entry.stat()
            found.append((prefix + entry.name, info.st_size, info.st_mtime_ns))
