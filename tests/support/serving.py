"""A server in a thread of this process, and requests to it."""

import contextlib
import http.client
import io
import json
import queue
import socket
import threading
import urllib.parse
from collections.abc import Iterator, Sequence
from typing import Any

from PIL import Image

from lenet.deploy.server.limits import Limits
from lenet.deploy.server.run import serve
from lenet.deploy.server.served import ServedNetwork
from lenet.images.pixels import Pixels


@contextlib.contextmanager
def served(networks: Sequence[ServedNetwork], limits: Limits | None = None) -> Iterator[str]:
    """The URL of a server of these networks, which ends after the block."""
    started: queue.Queue[Any] = queue.Queue()
    thread = threading.Thread(
        target=serve, args=(networks, "127.0.0.1", 0, limits, lambda url, end: started.put((url, end)))
    )
    thread.start()
    url, end = started.get(timeout=30)
    try:
        yield url
    finally:
        end()
        thread.join(timeout=30)
        assert not thread.is_alive()


def ask(url: str, path: str, body: Any = None, media_type: str | None = None, method: str | None = None) -> Any:
    """A request: status, headers, and the body, as JSON if it is that."""
    address = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    with contextlib.closing(connection):
        body = json.dumps(body).encode() if isinstance(body, dict | list) else body
        media_type = media_type or ("application/json" if isinstance(body, bytes) and body[:1] == b"{" else None)
        headers = {"Content-Type": media_type} if media_type else {}
        connection.request(method or ("GET" if body is None else "POST"), path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        is_json = answer.headers.get("content-type", "") == "application/json"
        return answer.status, answer.headers, json.loads(content) if is_json and content else content


def png(image: Pixels) -> bytes:
    """An image as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def raw(url: str, *parts: bytes, pause: float = 0.0, half_closed: bool = False) -> bytes:
    """What comes back for bytes that are sent as they are, part after part, until the server closes the connection."""
    address = urllib.parse.urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        for part in parts:
            connection.sendall(part)
            threading.Event().wait(pause)
        if half_closed:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        with contextlib.suppress(ConnectionError):
            while part := connection.recv(1 << 16):
                received += part
        return received
