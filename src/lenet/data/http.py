"""HTTP for downloads: one request in a thread of its own, bounded in time, and what went wrong in a few words.

requests and what it needs are imported when the first request is made.
"""

import email.utils
import http.client
import os
import queue
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urljoin, urlsplit

if TYPE_CHECKING:
    import requests

ANSWER_SECONDS = 20.0  # from the request to the end of the header, with all redirects
STALL_SECONDS = 15.0  # without a byte
REDIRECTS = 5
MAX_WAIT_SECONDS = 30.0  # that a server may ask for
NUMBER = "[0-9]{1,18}"  # in a header
CHUNK = 1 << 16  # bytes

Item = TypeVar("Item")


class Fault(Exception):
    """Why a source did not send a file.

    Args:
        reason: In a few words.
        is_temporary: Whether a retry may help.
        wait: The seconds to wait before it, if the source asked for that.
    """

    def __init__(self, reason: str, *, is_temporary: bool = False, wait: float | None = None) -> None:
        super().__init__(reason)
        self.is_temporary, self.wait = is_temporary, wait


@dataclass(frozen=True)
class Answer:
    """The beginning of a response: its status, and its headers by names in any case."""

    status: int
    headers: Mapping[str, str]


class Request:
    """A GET request, made in a thread of its own.

    Whatever makes it hang (a name server, a header that drips in), the thread is left behind when time is up. It holds a few
    chunks at most, and ends when nobody takes them.
    """

    def __init__(self, url: str, start: int) -> None:
        """Ask for what is at `url`, from the byte `start` on."""
        self._answers: queue.Queue[Answer | Fault] = queue.Queue(1)
        self._chunks: queue.Queue[bytes | Fault] = queue.Queue(16)
        self._is_closed = threading.Event()
        threading.Thread(target=self._run, args=(url, start), daemon=True).start()

    def answer(self) -> Answer:
        """Wait for the status and the headers. Raises Fault."""
        return _next(self._answers, ANSWER_SECONDS)

    def chunk(self) -> bytes:
        """Wait for the next bytes of the body; none at its end. Raises Fault."""
        return _next(self._chunks, STALL_SECONDS)

    def close(self) -> None:
        """Let the thread end."""
        self._is_closed.set()

    def _run(self, url: str, start: int) -> None:
        import requests

        try:
            with requests.Session() as session, _get(session, url, start) as response:
                self._answers.put(Answer(response.status_code, response.headers))
                chunk: bytes | None = None
                while chunk != b"" and not self._is_closed.is_set():
                    chunk = response.raw.read1(CHUNK, decode_content=False) or b""
                    self._put(chunk)
        except Fault as fault:
            self._fail(fault)
        except Exception as error:  # requests and the libraries under it raise too many kinds to name
            is_final = isinstance(error, (requests.exceptions.ProxyError, requests.exceptions.SSLError, ValueError))
            self._fail(Fault(explain(error, url), is_temporary=not is_final))

    def _put(self, chunk: bytes | Fault) -> None:
        is_put = False
        while not (is_put or self._is_closed.is_set()):
            with suppress(queue.Full):
                self._chunks.put(chunk, timeout=1)
                is_put = True

    def _fail(self, fault: Fault) -> None:
        with suppress(queue.Full):  # the answer has been given
            self._answers.put_nowait(fault)
        self._put(fault)


def check_reachable(url: str, seconds: float) -> str | None:
    """Make a HEAD request; return why it failed, in a few words, or None if the server answered, whatever it answered."""
    import requests

    try:
        requests.head(url, timeout=seconds, allow_redirects=False).close()
    except Exception as error:  # whatever it is, this server cannot be used now
        return explain(error, url)
    return None


def refusal(answer: Answer) -> Fault:
    """Make the fault of an answer that is no success: temporary if the server is busy, and does not ask for a long wait."""
    wait = _wait(answer.headers.get("Retry-After", ""))
    reason = f"it answers {answer.status} {http.client.responses.get(answer.status, '')}".rstrip()
    if answer.status not in (408, 429) and answer.status < 500:
        return Fault(reason)
    if wait is not None and wait > MAX_WAIT_SECONDS:
        return Fault(f"{reason} and asks to wait {wait:,.0f} seconds")
    return Fault(reason, is_temporary=True, wait=wait)


def explain(error: Exception, url: str) -> str:
    """Say in a few words what went wrong with a connection to `url`."""
    import requests

    causes = list(_causes(error))

    def has(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    if isinstance(error, requests.exceptions.ProxyError):
        what = "refuses the connection" if has(ConnectionRefusedError) else "does not let it through"
        return f"{_proxy(url)} {what}"
    if isinstance(error, requests.exceptions.InvalidProxyURL):
        return f"{_proxy(url)} has no valid address; begin it with http://"
    if isinstance(error, requests.exceptions.InvalidSchema) and "SOCKS" in str(error):
        return f"{_proxy(url)} speaks SOCKS, which needs a package: pip install PySocks"
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {cause.verify_message}"
    if has(ssl.SSLError):
        return "its TLS connection failed"
    if has(socket.gaierror):
        return "its name is unknown"
    if has(ConnectionRefusedError):
        return "it refuses the connection"
    if has(TimeoutError, requests.exceptions.Timeout):
        return "no answer"
    if has(ConnectionError, http.client.HTTPException):
        return "the connection broke off"
    return f"{type(error).__name__}: {str(error)[:100]!r}"


def _next(items: "queue.Queue[Item | Fault]", seconds: float) -> Item:
    try:
        item = items.get(timeout=seconds)
    except queue.Empty:
        raise Fault(f"it sends nothing for {seconds:g} seconds", is_temporary=True) from None
    if isinstance(item, Fault):
        raise item
    return item


def _get(session: "requests.Session", url: str, start: int) -> "requests.Response":
    """The response after a few redirects, none of which leads from https to http."""
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    for _ in range(REDIRECTS + 1):
        response = session.get(
            url, headers=headers, stream=True, timeout=ANSWER_SECONDS + STALL_SECONDS, allow_redirects=False
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
    """The proxy for an address, without its password, and the environment variable that names it."""
    import requests

    scheme = urlsplit(url).scheme
    proxy = requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url)) or ""
    host = proxy.rpartition("//")[2].rpartition("@")[2].partition("/")[0]  # people also write it without http://
    for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper(), "all_proxy", "ALL_PROXY"):
        if os.environ.get(name) == proxy:
            return f"the proxy {host} (correct or unset {name})"
    return f"the proxy {host}"


def _wait(retry_after: str) -> float | None:
    """The seconds in a Retry-After header, which may hold a number or a date; None if it holds neither."""
    if re.fullmatch(NUMBER, retry_after):
        return float(retry_after)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None
