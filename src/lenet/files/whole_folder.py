"""A folder whose files travel as bytes: read at once, and written so that it is there with all of them or not at all."""

import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from lenet.files import durable


def read(folder: Path) -> dict[str, bytes]:
    """Return the content of each file below a folder, by its path in it; empty if there is no folder."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder durably; what it held before is replaced.

    The files are written and synced in a folder beside it, which is renamed. A process that is killed between the two
    renames of a folder that was there before leaves none: its content is then made again.

    Args:
        folder: the folder; it may exist.
        files: their content by their paths in it.

    Raises:
        OSError: a step failed. `folder` is then as it was.
    """
    durable.make_folders(folder.parent)
    for leftover in folder.parent.glob(f".{folder.name}.*.tmp"):
        shutil.rmtree(leftover, ignore_errors=True)
    new, old = (folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.tmp") for _ in range(2))
    try:
        new.mkdir()
        for name, content in files.items():
            path = new / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            durable.sync_file(path)
        for inner in {(new / name).parent for name in files}:
            durable.sync_folder(inner)
        if folder.is_dir():
            folder.rename(old)
        try:
            new.rename(folder)
        except OSError:
            if old.is_dir():
                old.rename(folder)
            raise
    finally:
        shutil.rmtree(new, ignore_errors=True)
    durable.sync_folder(folder.parent)
    shutil.rmtree(old, ignore_errors=True)
