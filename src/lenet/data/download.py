"""Downloads one file, from one source after another, until one has sent the right content.

Everything is bounded: waiting, slowness, retries, redirects, bytes. A temporary fault (a busy server, a connection that
breaks off) is retried, and the download continues where it stopped, in a later process too. After any other fault (a
refusal, wrong content) the next source is tried.
"""

import hashlib
import random
import re
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any, Protocol
from urllib.parse import urlsplit

from lenet.data import idx
from lenet.data.cache import PartialFile, partial_file, write_errors
from lenet.data.catalogue import Entry, File
from lenet.data.data_file import SLACK, DataFile
from lenet.data.http import NUMBER, Answer, Fault, Request, check_reachable, refusal
from lenet.errors import DataError, DataUnavailable

NETWORK_SECONDS = 4.0  # to find out whether any source answers
SLOW_SECONDS, SLOWEST = 60.0, 1024  # bytes a second at least, over that time: slower is no download, but a drip
RETRIES = 3  # in a row without progress
PROGRESS = 1 << 20  # bytes after which a try counts as progress
BACKOFF_SECONDS = 1.0  # before the first retry; doubles with each


class Bar(Protocol):
    """A progress bar for one file."""

    def update(self, num_bytes: int) -> Any:
        """Add bytes that have come."""

    def reset(self) -> Any:
        """Begin again at zero."""

    def close(self) -> Any:
        """End the bar."""


MakeBar = Callable[[str, int], Bar | None]  # for a file's name and its size in bytes


def download(file: DataFile, sources: Sequence[str], make_bar: MakeBar | None = None) -> tuple[str, bytearray]:
    """Download a file, with what is under way in the file's folder.

    Args:
        file: What to download.
        sources: Base addresses, tried in this order.
        make_bar: Makes a progress bar.

    Returns:
        The source that had the right content, and the content, decompressed.

    Raises:
        DataUnavailable: No source had it; the message names each with its fault.
        DataError: The folder cannot be written.
    """
    bar = make_bar(f"{file.name}.gz", file.file.download_size) if make_bar else None
    faults = []
    num_kept = 0
    try:
        for source in sources:
            url = f"{source}{file.name}.gz"
            name, limit = partial_name(file.file, url), _max_bytes(file.file)
            try:
                with write_errors(file.folder), partial_file(file.folder, name, limit) as partial:
                    return source, _obtain(file, url, partial, bar)
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
        f"{file.name}.gz of {file.entry.title} cannot be downloaded: {'; '.join(faults)}",
        hint=later + no_download_hint(file.entry),
    )


def reachable_sources(entry: Entry) -> list[str]:
    """Find the sources of a data set that answer.

    All are asked at once, each in a thread that is left behind when time is up: looking up a name can take longer than any
    timeout of a connection.

    Returns:
        Their base addresses, in the catalogue's order.

    Raises:
        DataUnavailable: None answers within four seconds.
    """
    faults: dict[str, str | None] = {}

    def ask(source: str) -> None:
        faults[source] = check_reachable(f"{source}{entry.files[3].name}.gz", NETWORK_SECONDS)

    for source in entry.sources:
        threading.Thread(target=ask, args=(source,), daemon=True).start()
    deadline = time.monotonic() + NETWORK_SECONDS
    first_answer = None
    while time.monotonic() < deadline and len(faults) < len(entry.sources):
        time.sleep(0.01)
        if None in list(faults.values()):  # one is enough; half a second more for better ones before it
            first_answer = first_answer or time.monotonic()
            if time.monotonic() - first_answer > 0.5:
                break
    sources = [source for source in entry.sources if faults.get(source, "") is None]
    if not sources:
        tried = "; ".join(f"{urlsplit(each).netloc}: {faults.get(each) or 'no answer'}" for each in entry.sources)
        raise DataUnavailable(
            f"{entry.title} is not on this machine, and there is no network to download it ({tried})",
            hint=no_download_hint(entry),
        )
    return sources


def no_download_hint(entry: Entry) -> str:
    """What to do without a download."""
    return (
        f"if you have its four files: lenet data import DIR, or --data-dir DIR, or LENET_DATA=DIR (they are at "
        f"{entry.homepage}); --data digits needs no network"
    )


def partial_name(file: File, url: str) -> str:
    """What a download is called in the cache: another source may have compressed the file differently."""
    return f"{file.name}.gz.{hashlib.sha256(url.encode()).hexdigest()[:8]}"


def _max_bytes(file: File) -> int:
    """The most bytes a source may send: those of the content, should gzip save none, and gzip's own."""
    return file.num_bytes + file.num_bytes // 1000 + 1024


def _obtain(file: DataFile, url: str, partial: PartialFile, bar: Bar | None) -> bytearray:
    """Get the content of a file from one address, decompressed and checked. Raises Fault."""
    failures = best = 0
    may_begin_again = True
    if bar:
        bar.update(partial.size)
    while True:
        best = max(best, partial.size)
        try:
            _request(url, partial, _max_bytes(file.file), bar)
        except Fault as fault:
            failures = 1 if partial.size - best >= PROGRESS else failures + 1
            if not fault.is_temporary or failures > RETRIES:
                raise
            # random.Random(): the global generator belongs to the user.
            pause = BACKOFF_SECONDS * 2 ** (failures - 1) * random.Random().uniform(0.5, 1)
            time.sleep(pause if fault.wait is None else fault.wait)
            continue
        try:
            content = idx.unpack(partial.file, "what it sent", file.file.num_bytes + SLACK)
            file.check(content, "what it sent")
            return content
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
