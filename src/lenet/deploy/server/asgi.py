"""A request of a connection, and its answer by an ASGI application."""

import asyncio
import time
import traceback
from typing import Any
from urllib.parse import unquote

from lenet.deploy.server.responses import HttpError, Response


class Request:
    """A request, while it is received and answered.

    Attributes:
        method: such as "POST".
        url: path and query, as they were sent.
        headers: names in small letters, and values.
        body: as far as it has arrived.
        media_type: the content type, in small letters; empty if there is none.
        length: of the body, if the client says so before.
        expects: whether the client waits for a word before it sends the body.
        keeps: whether the connection stays after the answer.
        num_head: bytes of the header lines.
        num_bytes: of the body, as they are counted against the limit of all.
        label: the path, for the metrics.
        began: when its first byte was read, by time.perf_counter.
    """

    __slots__ = (
        "began",
        "body",
        "expects",
        "headers",
        "keeps",
        "label",
        "length",
        "media_type",
        "method",
        "num_bytes",
        "num_head",
        "url",
    )

    def __init__(self) -> None:
        self.method, self.url, self.media_type, self.label = "", b"", "", "other"
        self.headers: list[tuple[bytes, bytes]] = []
        self.body: Any = b""
        self.length: int | None = None
        self.expects, self.keeps = False, True
        self.num_bytes = self.num_head = 0
        self.began = time.perf_counter()

    def add(self, part: bytes) -> None:
        """Add a part of the body."""
        self.num_bytes += len(part)
        if not self.body:
            self.body = part
        elif isinstance(self.body, bytearray):
            self.body += part
        else:
            self.body = bytearray(self.body) + part


async def answered(app: Any, request: Request, transport: Any) -> Response:
    """Return an application's answer to a request."""
    path, _, query = request.url.partition(b"?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote(path.decode("latin-1")),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": request.headers,
        "client": transport.get_extra_info("peername"),
        "server": transport.get_extra_info("sockname"),
        "state": {},
    }
    messages: list[Any] = [{"type": "http.request", "body": bytes(request.body), "more_body": False}]
    status = 500
    headers: list[tuple[bytes, bytes]] = []
    parts: list[bytes] = []

    async def receive() -> Any:
        if not messages:
            await asyncio.Event().wait()  # until the task is cancelled
        return messages.pop()

    async def send(message: Any) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], list(message.get("headers", []))
        else:
            parts.append(message.get("body", b""))

    try:
        await app(scope, receive, send)
    except Exception as error:
        traceback.print_exception(error)
        return HttpError(
            "internal", "an error in lenet; the server's log has it", "report it to lenet's authors"
        ).response
    media_type, others = "application/json", ""
    for name, value in headers:
        if name == b"content-type":
            media_type = value.decode("latin-1")
        elif name != b"content-length":
            others += f"{name.decode('latin-1')}: {value.decode('latin-1')}\r\n"
    return Response(status, b"".join(parts), others, media_type)
