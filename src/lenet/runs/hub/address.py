"""Addresses of networks on the Hub: `hf://user/name@revision`.

Address.of("hf://ann/boots@v1").repository
"""

import os
import re
from dataclasses import dataclass
from pathlib import PurePath

from lenet.errors import RunError
from lenet.files.untrusted import printable

START = re.compile(r"hf:/{1,2}")  # Path makes one slash of two
PART = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|[A-Za-z0-9_]")
REVISION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/+-]*")
CACHED = re.compile(r"/models--(?:[^/]+--)([^/]+)/snapshots/[0-9a-f]{40}/[^/]+$")
COMMIT = re.compile(r"[0-9a-f]{40}")
MAX_NAME, MAX_REVISION = 96, 200  # characters
FORM = "hf://user/name, or hf://user/name@revision with a branch, tag or commit"


@dataclass(frozen=True)
class Address:
    """Where a network is on the Hub.

    Attributes:
        repository: user/name.
        revision: a branch, tag or commit; None for the main branch.
    """

    repository: str
    revision: str | None = None

    @classmethod
    def of(cls, source: str | os.PathLike[str]) -> "Address":
        """Return the address in a text that `is_address`.

        Raises:
            RunError: for a name or revision that the Hub cannot have.
        """
        text = _text(source)
        rest = START.sub("", text, count=1)
        repository, separator, revision = rest.partition("@")
        must_be_repository(repository, f"write {FORM}")
        if separator:
            must_be_revision(revision)
        return cls(repository, revision or None)

    @property
    def is_commit(self) -> bool:
        """Whether it always means the same files."""
        return self.revision is not None and COMMIT.fullmatch(self.revision) is not None

    def __str__(self) -> str:
        return f"hf://{self.repository}" + (f"@{self.revision}" if self.revision else "")


def is_address(source: object) -> bool:
    """Return whether a text or path begins as an address on the Hub does."""
    return isinstance(source, str | PurePath) and START.match(_text(source)) is not None


def name_in_cache(path: PurePath) -> str | None:
    """Return the repository's name, without the user's, of a file in the client's cache; None for another file."""
    found = CACHED.search(path.as_posix())
    return found[1] if found else None


def must_be_repository(name: str, hint: str) -> None:
    """Raise RunError for a name that no repository on the Hub can have.

    Args:
        name: user/name.
        hint: what to do.
    """
    parts = name.split("/")
    if len(parts) != 2:
        raise RunError(f"{printable(name)!r} is no name of a repository on the Hub; expected user/name", hint=hint)
    for part in parts:
        if not PART.fullmatch(part) or "--" in part or ".." in part or len(part) > MAX_NAME or part.endswith(".git"):
            raise RunError(
                f"{printable(name)!r} is no name of a repository on the Hub: {printable(part)!r} is not made of letters, "
                f"digits, -, _ and . alone, with a letter or digit at both ends, at most {MAX_NAME}, without -- and ..",
                hint=hint,
            )


def must_be_revision(revision: str) -> None:
    """Raise RunError for a text that no branch, tag or commit can be."""
    if not REVISION.fullmatch(revision) or len(revision) > MAX_REVISION or ".." in revision or "//" in revision:
        raise RunError(
            f"{printable(revision)!r} is no revision", hint="name a branch such as main, a tag such as v1, or a commit"
        )


def _text(source: object) -> str:
    return source.as_posix() if isinstance(source, PurePath) else str(source)
