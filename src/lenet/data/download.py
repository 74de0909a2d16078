"""The network: one file from one source after another, until one has sent the right content.

Everything is bounded: the time until an answer, the silence, the slowness, the tries, the redirects, the bytes. What may pass
(a server that is busy, a connection that breaks off) is tried again and goes on where it stopped, in a later process too;
what will not pass (a refusal, the wrong content) gives way to the next source.
"""

import email.utils
import hashlib
import http.client
import os
import queue
import random
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import urljoin, urlsplit

from lenet.data import idx
from lenet.data.cache import Part, part, writing
from lenet.data.catalogue import Entry, File
from lenet.data.integrity import SLACK, check
from lenet.errors import DataError, DataUnavailable

if TYPE_CHECKING:
    import requests

NETWORK_SECONDS = 4.0  # to find out whether any source answers
ANSWER_SECONDS = 20.0  # from the question to the end of the header, redirects and all
STALL_SECONDS = 15.0  # without a byte
SLOW_SECONDS, SLOWEST = 60.0, 1024  # bytes a second at least, over that time: an old modem is in time, a drip is not
RETRIES = 3  # in a row without progress
PROGRESS = 1 << 20  # bytes that make a try count as progress
BACKOFF_SECONDS = 1.0  # before the first retry, then twice as long each time
PATIENCE_SECONDS = 30.0  # the longest wait a source may ask for
REDIRECTS = 5
AT_ONCE = 1 << 16  # bytes
NUMBER = "[0-9]{1,18}"  # in a header


class Bar(Protocol):
    """What shows the progress of a download: bytes come in, and sometimes all begins again."""

    def update(self, num_bytes: int) -> Any: ...

    def reset(self) -> Any: ...

    def close(self) -> Any: ...


Item = TypeVar("Item")
Progress = Callable[[str, int], Bar | None]  # (file, bytes) → a bar, or None


class Fault(Exception):
    """Why a source did not send the file. `passes`: whether another try may help; `wait`: the seconds it asks for."""

    def __init__(self, reason: str, *, passes: bool = False, wait: float | None = None) -> None:
        super().__init__(reason)
        self.passes, self.wait = passes, wait


def download(
    found: Entry, file: File, sources: list[str], folder: Path, progress: Progress | None
) -> tuple[str, bytearray]:
    """The first source that has the right content, and that content, raw; what is under way lies in `folder`.

    Raises DataUnavailable that names each source with its fault, and DataError if the folder cannot be written.
    """
    bar = progress(f"{file.name}.gz", file.size) if progress else None
    faults = []
    kept = 0
    try:
        for source in sources:
            url = f"{source}{file.name}.gz"
            try:
                with writing(folder), part(folder, _name(file, url), _most(file)) as growing:
                    return source, _obtain(found, file, url, growing, bar)
            except Fault as fault:
                faults.append(f"{source}: {fault}")
                kept += growing.size
                if bar:
                    bar.reset()
    finally:
        if bar:
            bar.close()
    raise DataUnavailable(
        f"{file.name}.gz of {found.title} cannot be downloaded: {'; '.join(faults)}",
        hint=f"{'try again later, it goes on where it stopped; or ' if kept else ''}{ways_out(found)}",
    )


def reachable(found: Entry) -> list[str]:
    """The sources that answer, in the catalogue's order, or DataUnavailable.

    Asked all at once, each in a thread that is left behind when time is up: looking up a name can hang for longer than any
    timeout of a connection.
    """
    answers: dict[str, str | None] = {}

    def ask(source: str) -> None:
        import requests

        try:
            url = f"{source}{found.files[3].name}.gz"
            requests.head(url, timeout=NETWORK_SECONDS, allow_redirects=False).close()
            answers[source] = None
        except Exception as error:  # whatever it is, this source is of no use now
            answers[source] = _reason(error, url)

    for source in found.sources:
        threading.Thread(target=ask, args=(source,), daemon=True).start()
    deadline = time.monotonic() + NETWORK_SECONDS
    first_answer = None
    while time.monotonic() < deadline and len(answers) < len(found.sources):
        time.sleep(0.01)
        if None in list(answers.values()):  # one will do; a moment for the better ones before it
            first_answer = first_answer or time.monotonic()
            if time.monotonic() - first_answer > 0.5:
                break
    sources = [source for source in found.sources if answers.get(source, "") is None]
    if not sources:
        tried = "; ".join(f"{urlsplit(each).netloc}: {answers.get(each) or 'no answer'}" for each in found.sources)
        raise DataUnavailable(
            f"{found.title} is not on this machine, and there is no network to download it ({tried})",
            hint=ways_out(found),
        )
    return sources


def ways_out(found: Entry) -> str:
    """What to do without a download."""
    return (
        f"if you have its four files: lenet data import DIR, or --data-dir DIR, or LENET_DATA=DIR (they are at "
        f"{found.homepage}); --data digits needs no network"
    )


def _name(file: File, url: str) -> str:
    """What a part is called: only a download from the same address goes on with it, as another may have packed otherwise."""
    return f"{file.name}.gz.{hashlib.sha256(url.encode()).hexdigest()[:8]}"


def _most(file: File) -> int:
    """The bytes a source may send: those of the content if it did not shrink at all, and gzip's own."""
    return file.raw_size + file.raw_size // 1000 + 1024


def _obtain(found: Entry, file: File, url: str, growing: Part, bar: Bar | None) -> bytearray:
    """The raw content of a file from one address, checked. Raises Fault."""
    failures = best = 0
    may_begin_again = True
    if bar:
        bar.update(growing.size)
    while True:
        best = max(best, growing.size)
        try:
            _request(url, growing, _most(file), bar)
        except Fault as fault:
            failures = 1 if growing.size - best >= PROGRESS else failures + 1
            if not fault.passes or failures > RETRIES:
                raise
            pause = BACKOFF_SECONDS * 2 ** (failures - 1) * random.Random().uniform(0.5, 1)  # nobody's global generator
            time.sleep(pause if fault.wait is None else fault.wait)
            continue
        try:
            content = idx.unpack(growing.file, "what it sent", file.raw_size + SLACK)
            check(found, file, content, "what it sent")
            return content
        except DataError as error:
            is_final = not (growing.is_mixed and may_begin_again)
            growing.clear()
            if is_final:
                raise Fault(error.message) from error
            may_begin_again = False
            if bar:
                bar.reset()


def _request(url: str, growing: Part, most: int, bar: Bar | None) -> None:
    """Asks once for what is missing; the part grows by what is sent. Raises Fault."""
    with closing(Request(url, growing.size)) as request:
        answer = request.answer()
        if answer.status == 416 and growing.size:  # nothing comes after what is here
            return
        end = _begin(answer, growing, bar)
        allowed = most if end is None else end
        if allowed > most:
            raise Fault(f"it announces {allowed:,} bytes; there should be {most:,} at most")
        since, size_then = time.monotonic(), growing.size
        while piece := _piece(request, growing):
            if growing.size + len(piece) > allowed:
                growing.clear()
                raise Fault(f"it sends more than {allowed:,} bytes")
            growing.write(piece)
            if bar:
                bar.update(len(piece))
            seconds = time.monotonic() - since
            if seconds >= SLOW_SECONDS:
                if growing.size - size_then < SLOWEST * seconds:
                    raise Fault(f"it sends less than {SLOWEST:,} bytes a second", passes=True)
                since, size_then = time.monotonic(), growing.size
    if end is not None and growing.size < end:
        raise Fault(f"the connection broke off after {growing.size:,} bytes", passes=True)


def _piece(request: "Request", growing: Part) -> bytes:
    try:
        return request.piece()
    except Fault as fault:
        raise Fault(f"{fault} after {growing.size:,} bytes", passes=fault.passes) from fault


def _begin(answer: "Answer", growing: Part, bar: Bar | None) -> int | None:
    """Makes the part ready for what follows the header; the size it is to have then, if that is known. Raises Fault."""
    length = answer.headers.get("Content-Length", "")
    announced = int(length) if re.fullmatch(NUMBER, length) else None
    if answer.status == 206 and growing.size:
        sent = re.fullmatch(rf"bytes ({NUMBER})-({NUMBER})/({NUMBER}|\*)", answer.headers.get("Content-Range", ""))
        start, last, total = sent.groups() if sent else ("0", "0", "*")
        if int(start) == growing.size and total in ("*", str(int(last) + 1)):
            growing.is_mixed = True
            return int(last) + 1
        growing.clear()
        if bar:
            bar.reset()
        raise Fault("it sends another part of the file than was asked for", passes=True)
    if answer.status == 200:
        growing.clear()
        if bar:
            bar.reset()
        return announced
    wait = _wait(answer.headers.get("Retry-After", ""))
    said = f"it answers {answer.status} {http.client.responses.get(answer.status, '')}".rstrip()
    if answer.status not in (408, 429) and answer.status < 500:
        raise Fault(said)
    if wait is not None and wait > PATIENCE_SECONDS:
        raise Fault(f"{said} and asks to wait {wait:,.0f} seconds")
    raise Fault(said, passes=True, wait=wait)


def _wait(retry_after: str) -> float | None:
    """Seconds or a date, as a server may put it; None if it says nothing that can be understood."""
    if re.fullmatch(NUMBER, retry_after):
        return float(retry_after)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None


@dataclass(frozen=True)
class Answer:
    """What a server says before it sends: the status, and the header by names in any case."""

    status: int
    headers: Mapping[str, str]


class Request:
    """A question to a server, asked and answered in a thread of its own.

    Whatever makes it hang (the look-up of a name, a header in drips), the thread is left behind when time is up. It holds
    no more than a few pieces, and ends when it can hand over no more.
    """

    def __init__(self, url: str, start: int) -> None:
        self.answers: queue.Queue[Answer | Fault] = queue.Queue(1)
        self.pieces: queue.Queue[bytes | Fault] = queue.Queue(16)
        self.is_closed = threading.Event()
        threading.Thread(target=self._run, args=(url, start), daemon=True).start()

    def answer(self) -> Answer:
        """The server's answer. Raises Fault."""
        return _next(self.answers, ANSWER_SECONDS)

    def piece(self) -> bytes:
        """The next bytes of the body, none at its end. Raises Fault."""
        return _next(self.pieces, STALL_SECONDS)

    def close(self) -> None:
        self.is_closed.set()

    def _run(self, url: str, start: int) -> None:
        import requests

        try:
            with requests.Session() as session, _ask(session, url, start) as response:
                self.answers.put(Answer(response.status_code, response.headers))
                piece: bytes | None = None
                while piece != b"" and not self.is_closed.is_set():
                    piece = response.raw.read1(AT_ONCE, decode_content=False) or b""
                    self._put(piece)
        except Fault as fault:
            self._fail(fault)
        except Exception as error:  # requests, urllib3 and sockets have a hundred names for it
            is_final = isinstance(error, (requests.exceptions.ProxyError, requests.exceptions.SSLError, ValueError))
            self._fail(Fault(_reason(error, url), passes=not is_final))

    def _put(self, piece: bytes | Fault) -> None:
        is_put = False
        while not (is_put or self.is_closed.is_set()):
            with suppress(queue.Full):
                self.pieces.put(piece, timeout=1)
                is_put = True

    def _fail(self, fault: Fault) -> None:
        with suppress(queue.Full):  # the answer has been given
            self.answers.put_nowait(fault)
        self._put(fault)


def _next(items: "queue.Queue[Item | Fault]", seconds: float) -> Item:
    try:
        item = items.get(timeout=seconds)
    except queue.Empty:
        raise Fault(f"it sends nothing for {seconds:g} seconds", passes=True) from None
    if isinstance(item, Fault):
        raise item
    return item


def _ask(session: "requests.Session", url: str, start: int) -> "requests.Response":
    """The answer at the end of a few redirects, none of which leads from https to http."""
    header = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    for _ in range(REDIRECTS + 1):
        response = session.get(
            url, headers=header, stream=True, timeout=ANSWER_SECONDS + STALL_SECONDS, allow_redirects=False
        )
        if not response.is_redirect:
            return response
        response.close()
        target = urljoin(url, response.headers["Location"])
        allowed = ("https",) if urlsplit(url).scheme == "https" else ("http", "https")
        if urlsplit(target).scheme not in allowed:
            raise Fault(f"it redirects to {target[:100]!r}, which is not {' or '.join(allowed)}")
        url = target
    raise Fault(f"it redirects more than {REDIRECTS} times")


def _reason(error: Exception, url: str) -> str:
    """What went wrong with a connection, in a few words."""
    import requests

    causes = list(_causes(error))

    def has(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    if isinstance(error, requests.exceptions.ProxyError):
        what = "refuses the connection" if has(ConnectionRefusedError) else "does not let it through"
        return f"{_proxy(url)} {what}"
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {cause.verify_message}"
    if has(ssl.SSLError):
        return "it does not speak TLS as it should"
    if has(socket.gaierror):
        return "its name is unknown"
    if has(ConnectionRefusedError):
        return "it refuses the connection"
    if has(TimeoutError, requests.exceptions.Timeout):
        return "no answer"
    if has(ConnectionError, http.client.HTTPException):
        return "the connection broke off"
    return f"{type(error).__name__}: {str(error)[:100]!r}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and those behind it; libraries keep them as cause, as context, as `reason` or among the arguments."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        each = waiting.pop()
        if isinstance(each, BaseException) and id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]


def _proxy(url: str) -> str:
    """The proxy for an address and what it was named by, without a password."""
    import requests

    scheme = urlsplit(url).scheme
    found = requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url)) or ""
    for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper(), "all_proxy", "ALL_PROXY"):
        if os.environ.get(name) == found:
            return f"the proxy {urlsplit(found).netloc.rpartition('@')[2]} (correct or unset {name})"
    return f"the proxy {urlsplit(found).netloc.rpartition('@')[2]}"
