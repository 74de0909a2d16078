"""Zip and tar archives as `Files`: their members are read in memory, and nothing is unpacked onto the disk under its name.

Refused are paths that lead out of the archive, links and devices, members that are encrypted or unpack to far more than they
should, and archives of more files than a list of them has room for.
"""

import io
import re
import stat
import struct
import tarfile
import tempfile
import threading
import weakref
import zipfile
from collections.abc import Sequence
from contextlib import AbstractContextManager, closing
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from lenet.data.own.items import BadItems
from lenet.data.own.names import is_hidden
from lenet.data.own.streams import CHUNK, MAX_FILE, MAX_TOTAL, check_ratio, unpacked
from lenet.errors import DataError
from lenet.files.untrusted import printable
from lenet.images import limits

MAX_DIRECTORY = 64 << 20  # bytes of a zip's list of members, about 600,000
MAX_MEMBERS = 1_000_000  # of a tar
MAX_HEADER = 1 << 20  # bytes of a tar's header with extensions
UNPACK = "unpack the archive and name the folder"
ZIP = (b"PK\3\4", b"PK\5\6")  # the second if it is empty
END_OF_ZIP, END_OF_ZIP64 = b"PK\5\6", b"PK\6\6"


class Archive:
    """A zip or tar archive; the attributes are those of `Files`.

    Args:
        path: The archive.
        bad: Takes members that are refused.

    Raises:
        DataError: It is damaged, or refused altogether.
    """

    empty: tuple[str, ...] = ()
    most = MAX_FILE

    def __init__(self, path: Path, bad: BadItems) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                is_zip = file.read(4) in ZIP
            self._members = _Zip(path) if is_zip else _Tar(path)
        except DataError:
            raise
        except Exception as error:  # damaged archives make zipfile and tarfile raise nearly anything
            hint = "get the archive again, or unpack it and name the folder"
            raise DataError(f"{path} is truncated or damaged: {printable(error)}", hint=hint) from error
        self.kind = f"a {self._members.kind} archive of "
        self._known: dict[str, str] = {}  # the names as they are in the archive
        for member, refusal in self._members.listed:
            name = member.replace("\\", "/").removeprefix("./")
            name = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)  # a terminal shows it
            if any(map(is_hidden, name.split("/"))) and ".." not in name.split("/"):
                continue
            if name.startswith("/") or re.match("[A-Za-z]:", name) or ".." in name.split("/"):
                refusal = "has a path that leads out of the archive"
            elif name in self._known:
                refusal = "is twice in the archive"
            if refusal:
                bad.add(f"{printable(name)} in {path}", refusal, UNPACK)
            else:
                self._known[name] = member
        self.names = sorted(self._known)

    def read(self, name: str, limit: int = limits.MAX_BYTES) -> bytes:
        """Read a file of at most `limit` bytes; raises DataError."""
        if (size := self._members.size(self._known[name])) > limit:
            raise DataError(
                f"{name} in {self.path} has {size:,} bytes; expected at most {limit:,}", hint="make it smaller"
            )
        return self._start(name, size)

    def head(self, name: str, size: int) -> bytes:
        """Read the first bytes of a file of any size; raises DataError."""
        return self._start(name, min(size, self._members.size(self._known[name])))

    def _start(self, name: str, size: int) -> bytes:
        """The first `size` bytes of a file that has so many."""
        what = f"{name} in {self.path}"
        try:
            with self._members.open(self._known[name], size) as file:
                content = file.read(size)
        except Exception as error:
            raise DataError(f"{what} is truncated or damaged: {printable(error)}", hint="get it again") from error
        if len(content) != size:
            raise DataError(f"{what} is truncated: it has {len(content):,} bytes of {size:,}", hint="get it again")
        return content

    def open(self, name: str, limit: int = MAX_FILE) -> AbstractContextManager[BinaryIO]:
        """Open a file of at most `limit` bytes for reading; raises DataError."""
        return closing(io.BytesIO(self.read(name, limit)))

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return name in self._known

    def everything(self) -> list[str]:
        """The names of all files."""
        return self.names

    def beside(self, name: str) -> list[str]:
        """The names of the files in the folder of a file, with its own."""
        return [other for other in self.names if PurePosixPath(other).parent == PurePosixPath(name).parent]

    def sources(self, _names: Sequence[str]) -> tuple[Path, ...]:
        """The archive itself."""
        return (self.path,)


class _Zip:
    """A zip archive; each thread reads through a lock of zipfile's, and decompresses without it."""

    kind = "zip"

    def __init__(self, path: Path) -> None:
        size = path.stat().st_size
        _check_directory(path, size)
        self.file = zipfile.ZipFile(path)
        infos = [info for info in self.file.infolist() if not info.is_dir()]
        self.infos = {info.filename: info for info in infos}
        if sum(info.compress_size for info in infos) > size:
            raise DataError(f"{path} is a bomb: its members overlap", hint="it is no archive of images")
        check_ratio(sum(info.file_size for info in infos), size, path)
        self.listed = [(info.filename, _refusal(info)) for info in infos]

    def size(self, name: str) -> int:
        info = self.infos[name]
        check_ratio(info.file_size, info.compress_size, printable(name))
        return info.file_size

    def open(self, name: str, _size: int) -> AbstractContextManager[BinaryIO]:
        return cast("AbstractContextManager[BinaryIO]", self.file.open(self.infos[name]))


def _check_directory(path: Path, size: int) -> None:
    """Check how long the list of members is before zipfile reads it. Raises DataError."""
    with path.open("rb") as file:
        file.seek(max(0, size - (1 << 16) - 200))
        tail = file.read()
    lengths = [struct.unpack_from("<I", tail, at.start() + 12)[0] for at in re.finditer(END_OF_ZIP, tail[:-15])]
    lengths = [length for length in lengths if length != 0xFFFFFFFF]
    lengths += [struct.unpack_from("<Q", tail, at.start() + 40)[0] for at in re.finditer(END_OF_ZIP64, tail[:-47])]
    if max(lengths, default=0) > MAX_DIRECTORY:
        raise DataError(f"{path} lists far too many files", hint=UNPACK)


def _refusal(info: zipfile.ZipInfo) -> str | None:
    """Why a member of a zip is not read, if it is not."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        return "is a link or device; expected files"
    if info.flag_bits & 1:
        return "is encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return f"is compressed in way {info.compress_type}; expected stored or deflated"
    return None


class _Tar:
    """A tar archive, compressed or not; a compressed one is unpacked into a file without a name."""

    kind = "tar"

    def __init__(self, path: Path) -> None:
        self.lock = threading.Lock()
        self.file: BinaryIO = path.open("rb")
        weakref.finalize(self, self.file.close)
        with unpacked(self.file, path, MAX_TOTAL) as stream:
            if stream is not self.file:
                plain = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 (it lives as long as the archive)
                weakref.finalize(self, plain.close)
                while part := stream.read(CHUNK):
                    plain.write(part)
                self.file = plain
        self.file.seek(0)
        self.places: dict[str, tuple[int, int]] = {}
        self.listed: list[tuple[str, str | None]] = []
        with tarfile.open(fileobj=cast(BinaryIO, _Headers(self.file)), mode="r:") as archive:
            for member in archive:
                if len(self.listed) > MAX_MEMBERS:
                    raise DataError(f"{path} lists far too many files", hint=UNPACK)
                if member.isdir():
                    continue
                is_plain = member.isreg() and not member.issparse()
                self.listed.append((member.name, None if is_plain else "is a link or device; expected files"))
                self.places[member.name] = (member.offset_data, member.size)
                archive.members = []  # type: ignore[attr-defined] # tarfile would keep each
            end_mark = archive.offset
        end = self.file.seek(0, io.SEEK_END)
        if end_mark >= end:
            raise EOFError("its end is missing")
        if any(offset + size > end for offset, size in self.places.values()):
            raise EOFError("its last member ends after it")

    def size(self, name: str) -> int:
        return self.places[name][1]

    def open(self, name: str, size: int) -> AbstractContextManager[BinaryIO]:
        offset, _ = self.places[name]
        with self.lock:
            self.file.seek(offset)
            return closing(io.BytesIO(self.file.read(size)))


class _Headers:
    """A tar file of which tarfile reads only headers: a header cannot make it read gigabytes."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.seek, self.tell = file, file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MAX_HEADER:
            raise tarfile.ReadError("a header is too long")
        return self.file.read(size)
