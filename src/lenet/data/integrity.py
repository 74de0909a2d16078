"""Whether a file is what it says: its size and SHA-256, and the memory of files that were checked before.

A file counts only if its raw content has the catalogue's SHA-256. `read` can be told to trust its memory: checked.json in
the cache says which files were whole, by their path, and what the file system said of them then: size, times of the last
change of content and of anything, inode. One of these other than it was, and the file is checked again. So a file is only
ever taken unchecked if the file system swears that nobody has written to it since it was checked. Nothing depends on the
memory: without it, or with a damaged one, files are checked.
"""

import hashlib
import json
import os
import time
from contextlib import suppress
from pathlib import Path

from lenet.data import idx
from lenet.data.cache import cache_folder, publish
from lenet.data.catalogue import IMAGES_HEADER, LABELS_HEADER, Entry, File, owner
from lenet.errors import DataError

MEMORY = "checked.json"
MEMORY_FILES, MEMORY_BYTES = 256, 1 << 20  # at most
SETTLED_SECONDS = (
    2.0  # since the last change; the coarsest clock of a file system: within one tick a change is not seen
)
SLACK = 1 << 20  # bytes above the right size that are still unpacked, to say what is wrong


def read(found: Entry, file: File, path: Path, *, remembered: bool = False) -> bytearray:
    """The raw content of a file, checked; `remembered`: or checked before and not changed since.

    Raises DataError that names the file, what was expected and what it is.
    """
    try:
        with path.open("rb", buffering=0) as stream:
            before = os.fstat(stream.fileno())
            content = idx.unpack(stream, path, file.raw_size + SLACK)
            known = _recall().get(str(path.absolute())) if remembered else None
            if known == _state(before, file) and len(content) == file.raw_size:
                return content
            check(found, file, content, path)
            after = os.fstat(stream.fileno())
            if remembered and _state(after, file) == _state(before, file) and _is_settled(after):
                _remember(path, _state(after, file))
    except DataError as error:
        _forget(path)
        if path.is_relative_to(cache_folder()):
            error.hint = way_out(found, path)
        raise
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}", hint=way_out(found, path)) from error
    return content


def check(found: Entry, file: File, content: bytearray | bytes, path: Path | str) -> None:
    """Raises DataError unless `content` is that of the catalogue; says as plainly as it can what it is instead."""
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 == file.sha256:
        return
    other = owner(sha256)
    if other is not None and other != found:
        raise DataError(
            f"{path} holds {other.title}, not {found.title}",
            hint=f"--data {other.name} trains on it; for {found.title}, point to its own files",
        )
    is_images = file in (found.files[0], found.files[2])
    array = idx.parse(content, 3 if is_images else 1, path)
    expected = (file.raw_size - IMAGES_HEADER) // 784 if is_images else file.raw_size - LABELS_HEADER
    hint = way_out(found, path)
    if len(array) != expected:
        what = "pictures" if is_images else "labels"
        raise DataError(f"{path} holds {len(array):,} {what}; {found.title} has {expected:,} {what} there", hint=hint)
    raise DataError(
        f"{path} has the SHA-256 {sha256[:16]}…; expected {file.sha256[:16]}…, that of {found.title}", hint=hint
    )


def way_out(found: Entry, path: Path | str) -> str:
    """What to do about a damaged file."""
    if Path(path).is_relative_to(cache_folder()):
        return f"lenet data fetch {found.name} --force puts a good copy into the cache"
    return f"get the file again, or leave that folder out (--data-dir, LENET_DATA) and lenet data fetch {found.name}"


def _state(status: os.stat_result, file: File) -> list[int | str]:
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, file.sha256]


def _is_settled(status: os.stat_result) -> bool:
    return time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) > SETTLED_SECONDS * 1e9


def _recall() -> dict[str, object]:
    try:
        with (cache_folder() / MEMORY).open("rb") as file:
            memory = json.loads(file.read(MEMORY_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return memory if isinstance(memory, dict) else {}


def _remember(path: Path, state: list[int | str]) -> None:
    memory = _recall()
    memory.pop(str(path.absolute()), None)
    memory[str(path.absolute())] = state  # the newest last
    _record(dict(list(memory.items())[-MEMORY_FILES:]))


def _forget(path: Path) -> None:
    memory = _recall()
    if memory.pop(str(path.absolute()), None) is not None:
        _record(memory)


def _record(memory: dict[str, object]) -> None:
    """Whole and at once, the last writer wins; a cache that cannot be written only remembers nothing."""
    with suppress(DataError):
        publish(cache_folder(), MEMORY, json.dumps(memory).encode())
