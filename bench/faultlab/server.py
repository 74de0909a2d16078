"""A server that misbehaves on demand: under /WAY/NAME it sends the file NAME in the way that is called WAY.

    with Server({"a.gz": content}) as server:
        server.source("drip")  # "http://127.0.0.1:PORT/drip/", a source as the catalogue has them

It counts what it was asked, understands `Range`, and speaks TLS by a certificate that nobody trusts (server.pem, made for
127.0.0.1 and for nothing else) unless REQUESTS_CA_BUNDLE names it.
"""

import gzip
import io
import socket
import ssl
import struct
import threading
from contextlib import suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType

CERTIFICATE = Path(__file__).with_name("server.pem")
PAGE = b"<!DOCTYPE html><html><body>Please log in to the hotel's network.</body></html>"
EXCESS = bytes(range(256))
ANSWERS = {
    "forbidden": (403, None),
    "gone": (404, None),
    "crowded": (429, None),
    "crowded-for-an-hour": (429, "3600"),
    "crowded-until-2100": (429, "Fri, 01 Jan 2100 00:00:00 GMT"),
    "error": (500, None),
    "unavailable": (503, None),
}


class Server(ThreadingHTTPServer):
    """files: what is served, by name; elsewhere: other content by name, for the way "another".

    ways: what a way has become in the meantime, such as {"stall": "good"}; asked: way, name and start of every GET so far;
    strangers: addresses elsewhere that it was asked for, as a proxy is; num_sent: bytes of bodies handed to the network;
    is_closing: set when waits are over.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self, files: dict[str, bytes], elsewhere: dict[str, bytes] | None = None, *, tls: bool = False
    ) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.elsewhere = files, elsewhere or {}
        self.ways: dict[str, str] = {}
        self.asked: list[tuple[str, str, int]] = []
        self.strangers: list[str] = []
        self.num_sent = 0
        self.is_closing = threading.Event()
        self.scheme = "https" if tls else "http"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def source(self, way: str) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_port}/{way}/"

    def __enter__(self) -> "Server":
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.is_closing.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignores clients that disconnect or do not trust the certificate: this is expected."""


class Handler(BaseHTTPRequestHandler):
    server: Server
    timeout = 30

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        if not self.path.startswith("/"):
            self.server.strangers.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        if not self.path.startswith("/"):  # a request to a proxy, which it is not
            self.server.strangers.append(self.path)
            self.refuse(403)
            return
        _, way, name = self.path.split("/")
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        times = sum(asked[:2] == (way, name) for asked in self.server.asked)
        self.server.asked.append((way, name, start))
        content = self.server.files[name]
        with suppress(OSError):  # the client has gone
            self.answer(self.server.ways.get(way, way), name, content, start, times)

    def answer(self, way: str, name: str, content: bytes, start: int, times: int) -> None:
        """Sends the file. way: how; start: first byte asked for; times: how often it was asked for before."""
        half, rest = len(content) // 2, content[start:]
        if times and way in ("reset-once", "stall-once", "crowded-once", "unavailable-once"):
            way = "good"
        match way:
            case (
                "forbidden"
                | "gone"
                | "crowded"
                | "crowded-for-an-hour"
                | "crowded-until-2100"
                | "error"
                | "unavailable"
            ):
                self.refuse(*ANSWERS[way])
            case "crowded-once":
                self.refuse(429, "0")
            case "unavailable-once":
                self.refuse(503)
            case "loop":
                self.redirect(self.path)
            case "moved":
                self.redirect(f"/good/{name}")
            case "downgrade":
                self.redirect(f"http://127.0.0.1:9/good/{name}")
            case "to-a-file":
                self.redirect("file:///etc/hostname")
            case "silent":
                self.wait()
            case "header-drip":
                self.send(b"HTTP/1.0 200 OK\r\nX-Drip: ")
                self.drip(bytes(60_000))
            case "stall":
                self.head(content, start)
                self.send(rest[: len(rest) // 4])
                self.wait()
            case "stall-once":
                self.head(content, start)
                self.send(content[:half])
                self.wait()
            case "drip":
                self.head(content, start)
                self.drip(rest)
            case "slow":  # an honest line, for all its hundred pauses
                self.head(content, start)
                for place in range(0, len(rest), piece := len(content) // 100 + 1):
                    self.send(rest[place : place + piece])
                    self.wait(0.005)
            case "reset":
                self.head(content, start)
                self.send(rest[: len(content) // 8])
                self.reset()
            case "reset-once" | "reset-then-all" | "reset-then-another-range" | "reset-then-other-bytes" if not times:
                self.head(content, start)
                self.send(content[:half])
                self.reset()
            case "reset-then-all":  # a server without support for ranges
                self.head(content, 0)
                self.send(content)
            case "reset-then-another-range" if start:
                self.head(content, start - 5)
                self.send(content[start - 5 :])
            case "reset-then-other-bytes" if start:  # the file has been compressed again
                self.head(content, start)
                self.send(bytes(len(rest)))
            case "short":
                self.head(content, start)
                self.send(content[start:half])
            case "long":
                self.head(content + EXCESS, start)
                self.send(rest + EXCESS)
            case "huge":
                self.head(content, start, announced=10**12)
                self.send(rest)
                self.wait()
            case "endless":
                self.head(content, start, announced=None)
                while not self.server.is_closing.is_set():
                    self.send(content)
            case "good" if start >= len(content) > 0:
                self.refuse(416)
            case _:
                content = altered(way, content, self.server.elsewhere.get(name, b""))
                self.head(content, start)
                self.send(content[start:])

    def refuse(self, status: int, retry_after: str | None = None) -> None:
        self.send_response(status)
        if retry_after:
            self.send_header("Retry-After", retry_after)
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.send(PAGE)

    def redirect(self, target: str) -> None:
        self.send_response(302)
        self.send_header("Location", target)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def head(self, content: bytes, start: int, announced: int | None = -1) -> None:
        """As a good server begins, unless another length is to be announced, or none."""
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if announced is not None:
            self.send_header("Content-Length", str(len(content) - start if announced < 0 else announced))
        self.end_headers()

    def send(self, content: bytes) -> None:
        self.wfile.write(content)
        self.server.num_sent += len(content)

    def drip(self, content: bytes) -> None:
        for place in range(len(content)):
            self.send(content[place : place + 1])
            self.wait(0.02)

    def wait(self, seconds: float = 60) -> None:
        if self.server.is_closing.wait(seconds):
            raise ConnectionAbortedError

    def reset(self) -> None:
        """Resets the connection, as a crash does, once what was sent has arrived."""
        self.wfile.flush()
        self.wait(0.05)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


def altered(way: str, content: bytes, other: bytes) -> bytes:
    """What is sent in place of the content where nothing is wrong but that, and the content itself for "good"."""
    match way:
        case "page":
            return PAGE
        case "empty":
            return b""
        case "wrong":
            raw = bytearray(gzip.decompress(content))
            raw[-1] ^= 1
            return gzip.compress(raw, 1)
        case "another":
            return other
        case "bad-gzip":
            half = len(content) // 2
            return content[:half] + bytes([content[half] ^ 0xFF]) + content[half + 1 :]
        case "bomb":
            return bomb(gzip.decompress(content)[:100])
        case "good" | "reset-then-another-range" | "reset-then-other-bytes":
            return content
    raise ValueError(f"no way is called {way}")


@cache
def bomb(begin: bytes) -> bytes:
    """The beginning of a file, then 256 MB of zeros, a thousandth of that when compressed."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as stream:
        stream.write(begin)
        for _ in range(64):
            stream.write(bytes(1 << 22))
    return packed.getvalue()
