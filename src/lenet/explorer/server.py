"""A small server for pages of the explorer: Python's own, behind an address that nobody can guess.

    server = PageServer("127.0.0.1", 0, {("GET", ""): lambda query: Answer.html(content)})
    print(server.url)
    server.serve_forever()

Requests without the token in their path are refused, and so are those whose Host header is a name: an untrusted page whose
name was made to resolve to this machine sends one.
"""

import contextlib
import errno
import hmac
import http.server
import ipaddress
import json
import os
import secrets
import socket
import socketserver
import time
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lenet.errors import ConfigError

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # without what is easily taken for something else
TOKEN_LENGTH = 10  # 49 bits
TIMEOUT = 20.0  # seconds that a browser may take to send its request
OUTSIDE = ("192.0.2.1", 9)  # an address that is nobody's: asking for the way there sends nothing
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",  # the address holds the token
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True)
class Answer:
    """What a request is answered with.

    Attributes:
        content: the body.
        kind: its content type.
        status: of HTTP.
    """

    content: bytes
    kind: str = "text/plain; charset=utf-8"
    status: int = 200

    @classmethod
    def html(cls, content: bytes) -> "Answer":
        """An HTML page, UTF-8."""
        return cls(content, "text/html; charset=utf-8")

    @classmethod
    def json(cls, value: Any, status: int = 200) -> "Answer":
        """A value as JSON."""
        return cls(json.dumps(value, allow_nan=False).encode(), "application/json", status)


Route = Callable[[Mapping[str, str]], Answer]  # of the query's values by name


class PageServer(http.server.ThreadingHTTPServer):
    """A server of a few addresses below /TOKEN/.

    Args:
        host: the address to listen at.
        port: the port; 0 for any that is free.
        routes: what answers, by method and path below the token; GET answers HEAD too.

    Attributes:
        token: what a request's path must begin with.
        asked_at: when a request with the token came last, by time.monotonic().

    Raises:
        ConfigError: if the port is in use, or the address is not one of this machine.
    """

    daemon_threads = True
    allow_reuse_address = os.name != "nt"  # there, two servers would share a port

    def __init__(self, host: str, port: int, routes: Mapping[tuple[str, str], Route]) -> None:
        self.host, self.routes = host, routes
        self.token = "".join(secrets.choice(ALPHABET) for _ in range(TOKEN_LENGTH))
        self.asked_at = time.monotonic()
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), Handler)
        except OverflowError as error:
            raise ConfigError(f"--port is {port}; expected 0 to 65,535") from error
        except OSError as error:
            raise _explained(error, host, port) from error

    def server_bind(self) -> None:
        """Bind without asking for this machine's name, which may take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.host, self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: browsers close connections whenever they like."""

    @property
    def is_public(self) -> bool:
        """Whether other machines can reach it."""
        with contextlib.suppress(ValueError):
            return not ipaddress.ip_address(str(self.server_address[0])).is_loopback
        return True

    @property
    def url(self) -> str:
        """The address of the page for a browser on this machine, or for one in the network if that can be reached."""
        host = {"0.0.0.0": _own_address(), "::": _own_address()}.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.server_port}/{self.token}/"


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    timeout = TIMEOUT
    server: PageServer

    def answer(self) -> None:
        """Answer a request: only one with the token, for this machine by its number, and from a page of its own."""
        token, slash, path = self.path.partition("?")[0].lstrip("/").partition("/")
        origin = self.headers.get("Origin")
        if not hmac.compare_digest(token.encode(), self.server.token.encode()):
            self._send(Answer(b"this address has no page: its first part is missing or wrong\n", status=403))
        elif not self._is_host() or origin not in (None, f"http://{self.headers['Host']}"):
            self._send(Answer(b"this page is asked for by its number, and by itself alone\n", status=403))
        else:
            self.server.asked_at = time.monotonic()
            self._send(self._routed(path) if slash else Answer(b"", status=308))

    do_GET = do_HEAD = do_POST = answer  # noqa: N815 (the names that http.server looks for)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Print nothing of a request."""

    def version_string(self) -> str:
        """Name no versions."""
        return "lenet"

    def _routed(self, path: str) -> Answer:
        method = "GET" if self.command == "HEAD" else self.command
        route = self.server.routes.get((method, path))
        if route is None:
            there = any(path == known for _, known in self.server.routes)
            return Answer(b"not like this\n", status=405) if there else Answer(b"not here\n", status=404)
        return route(dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query)))

    def _is_host(self) -> bool:
        """Whether the Host header is an address in numbers, or localhost, with the port."""
        name = self.headers.get("Host", "")
        host = name.removesuffix(f":{self.server.server_port}")
        with contextlib.suppress(ValueError):
            return host != name and bool(ipaddress.ip_address(host.strip("[]")))
        return host != name and host == "localhost"

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        length = str(len(answer.content))
        for name, value in {**HEADERS, "Content-Type": answer.kind, "Content-Length": length}.items():
            self.send_header(name, value)
        if answer.status == 308:
            self.send_header("Location", f"/{self.server.token}/")
        if self.command == "POST" or answer.status >= 400:  # a body that was sent is not read
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.content)


def _own_address() -> str:
    """The address of this machine in its network; that of the machine for itself if it is in none."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(OUTSIDE)
            return str(probe.getsockname()[0])
    except OSError:
        return "127.0.0.1"


def _explained(error: OSError, host: str, port: int) -> ConfigError:
    if error.errno == errno.EADDRINUSE:
        return ConfigError(f"port {port} is in use", hint="--port 0 takes any that is free")
    if error.errno in (errno.EACCES, errno.EPERM):
        return ConfigError(f"port {port} needs more permissions than this user has", hint="choose one above 1023")
    return ConfigError(
        f"cannot listen at {host}: {error.strerror or error}",
        hint="expected an address of this machine: 127.0.0.1 for itself alone, 0.0.0.0 for its network",
    )
