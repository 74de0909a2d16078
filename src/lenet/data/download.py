"""Downloads one file, from one source after another, until one has sent the right content.

Everything is bounded: waiting, slowness, retries, redirects, bytes. A temporary fault (a busy server, a connection that
breaks off) is retried, and the download continues where it stopped, in a later process too. After any other fault (a
refusal, wrong content) the next source is tried.
"""

import hashlib
import random
import re
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from lenet.data import idx
from lenet.data.cache import PartialFile, partial_file, write_errors
from lenet.data.data_file import SLACK, DataFile
from lenet.data.entry import Entry
from lenet.data.http import NUMBER, Answer, Fault, Request, refusal
from lenet.data.sources import no_download_hint
from lenet.errors import DataError, DataUnavailable

SLOW_SECONDS, SLOWEST = 60.0, 1024  # bytes a second at least, over that time: slower is no download, but a drip
RETRIES = 3  # in a row without progress
PROGRESS = 1 << 20  # bytes after which a try counts as progress
BACKOFF_SECONDS = 1.0  # before the first retry; doubles with each

Result = TypeVar("Result")


class Bar(Protocol):
    """A progress bar for one file."""

    def update(self, num_bytes: int) -> Any:
        """Add bytes that have come."""

    def reset(self) -> Any:
        """Begin again at zero."""

    def close(self) -> Any:
        """End the bar."""


MakeBar = Callable[[str, int], Bar | None]  # for a file's name and its size in bytes


@dataclass(frozen=True)
class Wanted(Generic[Result]):
    """What is to be downloaded.

    Args:
        entry: The data set that it belongs to.
        name: What the sources call it.
        folder: The folder of the cache in which it is under way.
        size: Its size in bytes, for the progress bar.
        limit: The most bytes that a source may send.
        accept: Takes the complete file, while it is open, and returns what is wanted; raises DataError if it is not whole.
    """

    entry: Entry
    name: str
    folder: Path
    size: int
    limit: int
    accept: Callable[[PartialFile], Result]


def download_file(file: DataFile, sources: Sequence[str], make_bar: MakeBar | None = None) -> tuple[str, bytearray]:
    """Download one of the four files of a data set: `download` with its content, decompressed, as the result."""

    def accept(partial: PartialFile) -> bytearray:
        content = idx.unpack(partial.file, "what it sent", file.file.num_bytes + SLACK)
        if file.file.packed:
            file.file.packed.check(partial.file, "what it sent")
            file.check_shape(content, "what it sent")
        else:
            file.check(content, "what it sent")
        return content

    # The most bytes are those of the content, should gzip save none, and gzip's own.
    limit = file.file.num_bytes + file.file.num_bytes // 1000 + 1024
    name = f"{file.name}.gz"
    return download(Wanted(file.entry, name, file.folder, file.file.download_size, limit, accept), sources, make_bar)


def download(wanted: Wanted[Result], sources: Sequence[str], make_bar: MakeBar | None = None) -> tuple[str, Result]:
    """Download a file, with what is under way in its folder.

    Args:
        wanted: What to download.
        sources: Base addresses, tried in this order.
        make_bar: Makes a progress bar.

    Returns:
        The source that had the right content, and what `wanted.accept` returns.

    Raises:
        DataUnavailable: No source had it; the message names each with its fault.
        DataError: The folder cannot be written.
    """
    bar = make_bar(wanted.name, wanted.size) if make_bar else None
    faults = []
    num_kept = 0
    try:
        for source in sources:
            url = f"{source}{wanted.name}"
            name = partial_name(url)
            try:
                with write_errors(wanted.folder), partial_file(wanted.folder, name, wanted.limit) as partial:
                    return source, _obtain(wanted, url, partial, bar)
            except Fault as fault:
                faults.append(f"{source}: {fault}")
                num_kept += partial.size
                if bar:
                    bar.reset()
    finally:
        if bar:
            bar.close()
    later = "retry later, the download continues where it stopped; or " if num_kept else ""
    raise DataUnavailable(
        f"{wanted.name} of {wanted.entry.title} cannot be downloaded: {'; '.join(faults)}",
        hint=later + no_download_hint(wanted.entry),
    )


def partial_name(url: str) -> str:
    """What a download is called in the cache: another source may have compressed the file differently."""
    return f"{url.rpartition('/')[2]}.{hashlib.sha256(url.encode()).hexdigest()[:8]}"


def _obtain(wanted: Wanted[Result], url: str, partial: PartialFile, bar: Bar | None) -> Result:
    """Get a file from one address, checked. Raises Fault."""
    failures = best = 0
    may_begin_again = True
    if bar:
        bar.update(partial.size)
    while True:
        best = max(best, partial.size)
        try:
            _request(url, partial, wanted.limit, bar)
        except Fault as fault:
            failures = 1 if partial.size - best >= PROGRESS else failures + 1
            if not fault.is_temporary or failures > RETRIES:
                raise
            # random.Random(): the global generator belongs to the user.
            pause = BACKOFF_SECONDS * 2 ** (failures - 1) * random.Random().uniform(0.5, 1)
            time.sleep(pause if fault.wait is None else fault.wait)
            continue
        try:
            return wanted.accept(partial)
        except DataError as error:
            is_final = not (partial.is_continued and may_begin_again)
            partial.clear()
            if is_final:
                raise Fault(error.message) from error
            may_begin_again = False
            if bar:
                bar.reset()


def _request(url: str, partial: PartialFile, limit: int, bar: Bar | None) -> None:
    """Ask once for the missing bytes and append what is sent. Raises Fault."""
    with closing(Request(url, partial.size)) as request:
        answer = request.answer()
        if answer.status == 416 and partial.size:  # there are no more bytes than these
            return
        end = _begin(answer, partial, bar)
        allowed = limit if end is None else end
        if allowed > limit:
            raise Fault(f"it announces {allowed:,} bytes; expected at most {limit:,}")
        since, size_then = time.monotonic(), partial.size
        while chunk := _chunk(request, partial):
            if partial.size + len(chunk) > allowed:
                partial.clear()
                raise Fault(f"it sends more than {allowed:,} bytes")
            partial.write(chunk)
            if bar:
                bar.update(len(chunk))
            seconds = time.monotonic() - since
            if seconds >= SLOW_SECONDS:
                if partial.size - size_then < SLOWEST * seconds:
                    raise Fault(f"it sends less than {SLOWEST:,} bytes a second", is_temporary=True)
                since, size_then = time.monotonic(), partial.size
    if end is not None and partial.size < end:
        raise Fault(f"the connection broke off after {partial.size:,} bytes", is_temporary=True)


def _chunk(request: Request, partial: PartialFile) -> bytes:
    try:
        return request.chunk()
    except Fault as fault:
        raise Fault(f"{fault} after {partial.size:,} bytes", is_temporary=fault.is_temporary) from fault


def _begin(answer: Answer, partial: PartialFile, bar: Bar | None) -> int | None:
    """Prepare the file for the body; return the size it is to have then, if that is known. Raises Fault."""
    length = answer.headers.get("Content-Length", "")
    announced = int(length) if re.fullmatch(NUMBER, length) else None
    if answer.status == 206 and partial.size:
        sent = re.fullmatch(rf"bytes ({NUMBER})-({NUMBER})/({NUMBER}|\*)", answer.headers.get("Content-Range", ""))
        start, last, total = sent.groups() if sent else ("0", "0", "*")
        if int(start) == partial.size and total in ("*", str(int(last) + 1)):
            partial.is_continued = True
            return int(last) + 1
        partial.clear()
        if bar:
            bar.reset()
        raise Fault("it sends another part of the file than was asked for", is_temporary=True)
    if answer.status == 200:
        partial.clear()
        if bar:
            bar.reset()
        return announced
    raise refusal(answer)
