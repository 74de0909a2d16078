"""The record of files that were checked before, so that a file is hashed once and not at every load.

checked.json in the cache has, for each file that was whole, its path and what the file system said of it: size, times of
the last change of the content and of anything, inode; and the SHA-256 that its content had. If one of these differs the
file is checked again. So a file is used unchecked only if the file system says that nobody has written to it since it was
checked. Nothing depends on the record: without it, or with a damaged one, files are checked.
"""

import json
import os
import time
from contextlib import suppress
from pathlib import Path

from lenet.data import cache
from lenet.errors import DataError

RECORD = "checked.json"
MAX_FILES, MAX_BYTES = 256, 1 << 20  # of the record
# A file that has just changed is not recorded: a change within one tick of the clock could not be seen, and the coarsest
# clock of a file system ticks every two seconds.
SETTLED_SECONDS = 2.0

State = list[int | str]


def state(status: os.stat_result, sha256: str) -> State:
    """What is recorded of a file."""
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, sha256]


def is_settled(status: os.stat_result) -> bool:
    """Whether the last change of a file is so long ago that the next one would be seen."""
    return time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) > SETTLED_SECONDS * 1e9


def is_recorded(path: Path, state: State) -> bool:
    """Whether the file was whole when it was in that state."""
    return _read().get(str(path.absolute())) == state


def record(path: Path, state: State) -> None:
    """Record that the file is whole in that state."""
    states = _read()
    states.pop(str(path.absolute()), None)
    states[str(path.absolute())] = state  # the newest last
    _write(dict(list(states.items())[-MAX_FILES:]))


def forget(path: Path) -> None:
    """Remove the file from the record."""
    states = _read()
    if states.pop(str(path.absolute()), None) is not None:
        _write(states)


def _read() -> dict[str, object]:
    try:
        with (cache.cache_folder() / RECORD).open("rb") as file:
            states = json.loads(file.read(MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return states if isinstance(states, dict) else {}


def _write(states: dict[str, object]) -> None:
    """Of two processes the last one wins. In a cache that cannot be written nothing is recorded."""
    with suppress(DataError):
        cache.write(cache.cache_folder() / RECORD, json.dumps(states).encode())
