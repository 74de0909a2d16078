"""Where data sets lie: a folder of the user's, the cache, or a download into it; and whether they are what they say.

A file counts only if its raw content has the catalogue's SHA-256. Downloads go to a temporary folder in the cache and are
checked there; they appear under their name whole or not at all.
"""

import hashlib
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lenet.data import digits, idx
from lenet.data.catalogue import CATALOGUE, IMAGES_HEADER, LABELS_HEADER, Entry, File, entry
from lenet.errors import DataError, DataUnavailable

NETWORK_SECONDS = 4.0  # to find out whether any source answers
STALL_SECONDS = 15.0  # without a byte, after which a source is given up

Progress = Callable[[str, int], Any]  # (file, bytes) → a bar as pooch wants it, or None


@dataclass(frozen=True)
class Located:
    """A data set on disk: its folder, and in words where that is."""

    entry: Entry
    folder: Path
    source: str

    def path(self, file: File) -> Path:
        """The file, compressed or not; raises DataError if it is missing."""
        for name in (file.name, f"{file.name}.gz"):
            if (self.folder / name).is_file():
                return self.folder / name
        raise DataError(
            f"{self.folder} has no {file.name} or {file.name}.gz; {self.entry.title} has four files",
            hint="add the missing one, or take the folder away",
        )

    def is_foreign(self) -> bool:
        """Whether the files are those of another data set, going by the smallest: all sets of this shape have its name."""
        smallest = self.entry.files[3]
        try:
            return (other := _owner(_sha256(idx.read_raw(self.path(smallest))))) is not None and other != self.entry
        except DataError:
            return False  # damaged: whose it was cannot be told


@dataclass(frozen=True)
class Check:
    """What `verify` found of one file: no `fault` means that it is what it says."""

    path: Path
    fault: str | None


def cache_folder(name: str = "") -> Path:
    """The cache, or a data set's folder in it; LENET_CACHE moves it."""
    import platformdirs

    root = os.environ.get("LENET_CACHE")
    return (Path(root) if root else Path(platformdirs.user_cache_dir("lenet", appauthor=False))) / name


def locate(name: str, data_dir: str | os.PathLike[str] | None = None) -> Located | None:
    """The data set on this machine, or None: in `data_dir` or else LENET_DATA, then in the cache.

    A folder DIR may hold the four files itself, in DIR/NAME, or in torchvision's DIR/FashionMNIST/raw. Raises DataError if
    the folder does not exist, or holds some of the files and not all.
    """
    found = entry(name)
    given, what = (data_dir, "--data-dir") if data_dir is not None else (os.environ.get("LENET_DATA"), "LENET_DATA")
    foreign = None
    if given:
        root = Path(given)
        if not root.is_dir():
            raise DataError(f"{what} is {root}, which is no folder", hint="name a folder that exists, or leave it out")
        for folder in _places(found, root):
            if _count(found, folder):
                located = Located(found, folder, f"{folder}, {what}")
                for file in found.files:
                    located.path(file)
                if not located.is_foreign():
                    return located
                foreign = located  # an error if it is read, but the cache may have the right one
    if _count(found, cache_folder(name)) == len(found.files):
        return Located(found, cache_folder(name), "cache")
    return foreign


def fetch(name: str, *, force: bool = False, progress: Progress | None = None) -> Located:
    """Puts the data set into the cache: what is missing or damaged there, or all of it with `force`.

    Raises DataUnavailable if no source can be reached (found out within 5 seconds) or none has the right content, and
    DataError if the cache cannot be written.
    """
    found = entry(name)
    folder = cache_folder(name)
    missing = [file for file in found.files if force or not _is_whole(found, folder, file)]
    if not missing:
        return Located(found, folder, "cache")
    if not found.sources:
        with _workplace(folder) as temporary:
            for file, content in zip(found.files, generate(), strict=True):
                _publish(temporary, folder, file, content)
        return Located(found, folder, "made on this machine")
    sources = _reachable(found)
    origins = []
    with _workplace(folder) as temporary:
        for file in missing:
            source, content = _download(found, file, sources, temporary, progress)
            _publish(temporary, folder, file, content)
            origins.append(urlsplit(source).netloc)
    return Located(found, folder, f"downloaded from {', '.join(dict.fromkeys(origins))}")


def verify(name: str, data_dir: str | os.PathLike[str] | None = None) -> list[Check]:
    """Checks each file of the data set where `locate` finds it. Raises DataUnavailable if it is nowhere."""
    located = locate(name, data_dir)
    if located is None:
        raise DataUnavailable(f"{entry(name).title} is not on this machine", hint=f"lenet data fetch {name}")
    checks = []
    for file in located.entry.files:
        path = located.path(file)
        try:
            read(located.entry, file, path)
            checks.append(Check(path, None))
        except DataError as error:
            checks.append(Check(path, error.message))
    return checks


def import_folder(folder: str | os.PathLike[str], name: str | None = None) -> tuple[list[Located], list[DataError]]:
    """Copies the data sets found in a folder, or only the one called `name`, into the cache; the folder stays as it is.

    They are recognised by their content and may lie as `locate` describes. Returns what was imported, and the faults of
    what was recognised but is not whole. Raises DataError if nothing is whole.
    """
    root = Path(folder)
    if not root.is_dir():
        raise DataError(f"{root} is no folder", hint="name the folder that holds the four files")
    imported, faults = [], []
    for found in [entry(name)] if name else [each for each in CATALOGUE.values() if each.sources]:
        for place in _places(found, root):
            good, fault = _examine(Located(found, place, str(place)))
            if len(good) == len(found.files):
                imported.append(_copy(found, good))
                break
            if fault and (good or name):
                faults.append(fault)
    if imported:
        return imported, faults
    if faults:
        raise faults[0]
    wanted = entry(name).title if name else " or ".join(each.title for each in CATALOGUE.values() if each.sources)
    raise DataError(
        f"{root} does not hold {wanted}",
        hint="looked for train-images-idx3-ubyte and its three relatives, .gz or not, in it, in NAME/ and in NAME/raw/",
    )


def read(found: Entry, file: File, path: Path) -> bytearray:
    """The raw content of a file, checked. Raises DataError that names the file, what was expected and what it is."""
    content = idx.read_raw(path)
    check(found, file, content, path)
    return content


def check(found: Entry, file: File, content: bytearray | bytes, path: Path) -> None:
    """Raises DataError unless `content` is that of the catalogue; says as plainly as it can what it is instead."""
    sha256 = _sha256(content)
    if sha256 == file.sha256:
        return
    other = _owner(sha256)
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


def way_out(found: Entry, path: Path) -> str:
    """What to do about a damaged file."""
    if path.is_relative_to(cache_folder()):
        return f"lenet data fetch {found.name} --force puts a good copy into the cache"
    return f"get the file again, or leave that folder out (--data-dir, LENET_DATA) and lenet data fetch {found.name}"


def generate() -> Iterator[bytes]:
    """The four files of the built-in digits, in the order of the catalogue."""
    for split in digits.generate():
        for array in split:
            yield idx.dump(array)


def _places(found: Entry, root: Path) -> tuple[Path, ...]:
    """Where a folder of the user's may hold the files; what is made on this machine is looked for in none."""
    return (root / found.name, root / found.folder / "raw", root) if found.sources else ()


def _examine(located: Located) -> tuple[list[Path], DataError | None]:
    """The files that are what the catalogue says, and the first fault of the others."""
    good: list[Path] = []
    fault = None
    for file in located.entry.files if _count(located.entry, located.folder) else ():
        try:
            path = located.path(file)
            read(located.entry, file, path)
            good.append(path)
        except DataError as error:
            fault = fault or error
    return good, fault


def _sha256(content: bytearray | bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _owner(sha256: str) -> Entry | None:
    """The data set that a file with this content belongs to."""
    return next((each for each in CATALOGUE.values() if sha256 in (file.sha256 for file in each.files)), None)


def _count(found: Entry, folder: Path) -> int:
    """How many of the four files are in a folder."""
    return sum(any((folder / f"{file.name}{suffix}").is_file() for suffix in ("", ".gz")) for file in found.files)


def _is_whole(found: Entry, folder: Path, file: File) -> bool:
    try:
        read(found, file, Located(found, folder, "cache").path(file))
    except DataError:
        return False
    return True


def _reachable(found: Entry) -> list[str]:
    """The sources that answer, in the catalogue's order, or DataUnavailable.

    Asked all at once, each in a thread that is left behind when time is up: looking up a name can hang for longer than any
    timeout of a connection.
    """
    answers: dict[str, bool] = {}

    def ask(source: str) -> None:
        import requests

        try:
            url = source + found.files[3].name + ".gz"
            requests.head(url, timeout=NETWORK_SECONDS, allow_redirects=True).close()
            answers[source] = True
        except Exception:  # whatever it is, this source is of no use now
            answers[source] = False

    for source in found.sources:
        threading.Thread(target=ask, args=(source,), daemon=True).start()
    deadline = time.monotonic() + NETWORK_SECONDS
    first_answer = None
    while time.monotonic() < deadline and len(answers) < len(found.sources):
        time.sleep(0.01)
        if any(answers.values()):  # one will do; a moment for the better ones before it
            first_answer = first_answer or time.monotonic()
            if time.monotonic() - first_answer > 0.5:
                break
    sources = [source for source in found.sources if answers.get(source)]
    if not sources:
        tried = ", ".join(urlsplit(source).netloc for source in found.sources)
        raise DataUnavailable(
            f"{found.title} is not on this machine, and there is no network to download it (no answer from {tried})",
            hint=_ways_out(found),
        )
    return sources


def _ways_out(found: Entry) -> str:
    return (
        f"if you have its four files: lenet data import DIR, or --data-dir DIR, or LENET_DATA=DIR (they are at "
        f"{found.homepage}); --data digits needs no network"
    )


def _download(
    found: Entry, file: File, sources: list[str], temporary: Path, progress: Progress | None
) -> tuple[str, bytes]:
    """The first source that has the right content, and that content as it was sent."""
    import pooch

    target = temporary / f"{file.name}.download"
    faults = []
    for source in sources:
        bar = progress(f"{file.name}.gz", file.size) if progress else None
        try:
            pooch.HTTPDownloader(progressbar=bar or False, timeout=STALL_SECONDS)(
                f"{source}{file.name}.gz", target, None
            )
            read(found, file, target)
            return source, target.read_bytes()
        except DataError as error:
            faults.append(f"{source}: {error.message.replace(str(target), 'what it sent')}")
        except Exception as error:  # requests, urllib3 and sockets have a hundred names for it
            faults.append(f"{source}: {type(error).__name__}: {str(error)[:100]}")
        finally:
            target.unlink(missing_ok=True)
            if bar is not None:
                bar.close()
    raise DataUnavailable(
        f"{file.name}.gz of {found.title} cannot be downloaded: {'; '.join(faults)}", hint=_ways_out(found)
    )


def _copy(found: Entry, paths: list[Path]) -> Located:
    folder = cache_folder(found.name)
    with _workplace(folder) as temporary:
        for file, path in zip(found.files, paths, strict=True):
            _publish(temporary, folder, file, path.read_bytes())
    return Located(found, folder, "cache")


@contextmanager
def _workplace(folder: Path) -> Iterator[Path]:
    """A temporary folder in the cache, gone afterwards; a cache that cannot be written becomes a DataError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as temporary:
            yield Path(temporary)
    except OSError as error:
        raise DataError(
            f"the cache {folder} cannot be written: {error.strerror or error}",
            hint="set LENET_CACHE to a folder with room that you may write to",
        ) from error


def _publish(temporary: Path, folder: Path, file: File, content: bytes) -> None:
    """Puts a file into the cache, whole; of a compressed and an uncompressed one only the new one stays."""
    names = [file.name, f"{file.name}.gz"]
    name, other = reversed(names) if content.startswith(idx.GZIP) else names
    path = temporary / name
    with path.open("wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    path.replace(folder / name)
    (folder / other).unlink(missing_ok=True)
