"""What has changed in people's own images since they were packed: which files were changed, added or removed."""

from pathlib import Path

from lenet.data.own import store
from lenet.data.own.pack import name_of
from lenet.data.own.packed_files import list_files
from lenet.files.untrusted import printable

NAMED = 3  # files that a message names


def since(before: Path, fingerprint: str, now: Path) -> str:
    """Say which files have changed since data was packed; "" if that is not known, or none has.

    Args:
        before: Where the data was.
        fingerprint: Of the data, as `Splits.fingerprint`.
        now: Where it is.
    """
    old = store.files_of(before, name_of(before), fingerprint)
    if old is None:
        return ""
    files = {name: facts for name, *facts in old}
    others = {name: facts for name, *facts in list_files(now, [name for name, *_ in old])}
    differing = {
        "changed": [name for name in others if name in files and others[name] != files[name]],
        "added": [name for name in others if name not in files],
        "removed": [name for name in files if name not in others],
    }
    return "; ".join(f"{_listed(names)} {_was(names)} {what}" for what, names in differing.items() if names)


def _was(names: list[str]) -> str:
    return "was" if len(names) == 1 else "were"


def _listed(names: list[str]) -> str:
    shown = ", ".join(map(printable, names[:NAMED]))
    return shown if len(names) <= NAMED else f"{shown} and {len(names) - NAMED:,} more files"
