"""One connection of a client: HTTP/1.1 with limits on sizes and times, and a short way for images.

uvicorn calls this class for each connection instead of its own protocol. Requests that compute go straight to the service;
everything else is answered by the ASGI application. Requests of a connection are answered one after another.
"""

import asyncio
import time
from email.utils import formatdate
from typing import Any

from lenet.deploy.server.asgi import Request, answered
from lenet.deploy.server.limits import LINGER, QUIET
from lenet.deploy.server.reader import Reader
from lenet.deploy.server.responses import JSON, REASONS, HttpError, Response
from lenet.deploy.server.service import Service
from lenet.deploy.server.tasks import Task

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
OK_JSON = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ndate: %b\r\ncontent-length: %d\r\n\r\n%b"
CLOSE = "connection: close\r\n"


class Connection(asyncio.Protocol):
    """A connection; its arguments are those that uvicorn gives its protocols."""

    def __init__(self, config: Any, server_state: Any, app_state: Any, _loop: Any = None) -> None:
        self.app, self.state = config.app, server_state
        self.service: Service = config.app.state.service
        self.limits = self.service.limits
        self.loop = _loop or asyncio.get_running_loop()
        self.reader = Reader(self.service, self)
        self.transport: Any = None
        self.waiting: list[Request] = []  # complete, behind the one that is being answered
        self.current: Request | None = None  # the one that is being answered
        self.task: Task | None = None  # what computes it
        self.is_closed = False  # for what the client sends: it is dropped
        self.is_ending = self.is_paused = self.has_ended = self.has_asked = False
        self.since = self.loop.time()  # when the present phase began

    # What the event loop calls

    def connection_made(self, transport: Any) -> None:
        """Begin."""
        self.transport = transport
        connections = self.state.connections
        connections.add(self)
        if len(connections) > self.limits.connections:
            self.refuse(HttpError("too_many_requests", "too many connections are open", "connect again later"))

    def connection_lost(self, error: Exception | None) -> None:
        """Forget what was under way."""
        self.state.connections.discard(self)
        if self.task is not None:
            self.task.is_abandoned = True
        for request in (self.reader.request, self.current, *self.waiting):
            self._forget(request)
        self.waiting.clear()

    def data_received(self, data: bytes) -> None:
        """Read a part of one request or of several."""
        if self.is_closed:
            return
        if not self.reader.is_receiving and self.current is None:
            self.since = self.loop.time()
        self.reader.feed(data)

    def eof_received(self) -> bool:
        """Keep the connection for the answer under way, if there is one."""
        self.has_ended = True
        return self.current is not None and not self.is_closed

    def pause_writing(self) -> None:
        """Note that the client does not take its answers."""
        self.is_paused, self.since = True, self.loop.time()

    def resume_writing(self) -> None:
        """Continue with the next request."""
        self.is_paused = False
        self._next()

    # What the reader calls

    def continues(self, request: Request) -> None:
        """Ask for the body of a request whose head is complete, if the client waits for that."""
        if self.current is None:
            self.since = self.loop.time()
            if request.expects:
                self.transport.write(CONTINUE)

    def complete(self, request: Request) -> None:
        """Answer a request, or let it wait for the one before."""
        self.has_asked = True
        if self.is_closed:
            return
        if self.current is None and not self.is_paused and not self.waiting:
            self._answer(request)
        else:
            self.waiting.append(request)
            self.transport.pause_reading()

    def refuse(self, error: HttpError) -> None:
        """Answer what is not received to its end; the rest is dropped, so that the client sees the answer."""
        self.since, self.is_closed = self.loop.time(), True
        self.service.metrics.requests["other", error.response.status] += 1
        if self.current is not None or self.waiting:  # earlier requests still wait for their answers
            self.is_ending = True
            return
        if not self.transport.is_closing():
            self.transport.write(_bytes(error.response, self._date(), False, False))
            if self.transport.can_write_eof():
                self.transport.write_eof()

    # Answering

    def _answer(self, request: Request) -> None:
        self.current = request
        path, _, query = request.url.partition(b"?")
        name = path.decode("latin-1")
        if name in self.service.labels:
            request.label = name
        if request.method == "POST" and name in self.service.paths:
            try:
                self.task = self.service.take(
                    name, query.decode("latin-1"), request.media_type, request.body, self.reply
                )
            except HttpError as error:
                self.reply(error.response)
            return
        task = self.loop.create_task(answered(self.app, request, self.transport))
        self.state.tasks.add(task)
        task.add_done_callback(self._asgi_done)

    def _asgi_done(self, task: "asyncio.Task[Response]") -> None:
        self.state.tasks.discard(task)
        if not task.cancelled():
            self.reply(task.result())

    def reply(self, response: Response) -> None:
        """Send the answer to the present request, and continue."""
        request, self.current, self.task = self.current, None, None
        if request is None:
            return
        self._forget(request)
        metrics = self.service.metrics
        metrics.requests[request.label, response.status] += 1
        metrics.seconds.add(time.perf_counter() - request.began)
        if self.transport.is_closing():
            return
        keeps = request.keeps and not self.has_ended and (not self.is_ending or bool(self.waiting))
        if keeps and response.status == 200 and response.media_type is JSON and request.method != "HEAD":
            self.transport.write(OK_JSON % (self._date(), len(response.body), response.body))
        else:
            self.transport.write(_bytes(response, self._date(), keeps, request.method == "HEAD"))
        self.since = self.loop.time()
        if not keeps:
            self.is_closed = True
            self.transport.close()
        elif self.waiting:
            self._next()

    def _next(self) -> None:
        if self.waiting and self.current is None and not self.is_paused and not self.transport.is_closing():
            request = self.waiting.pop(0)
            if not self.waiting and not self.is_closed:
                self.transport.resume_reading()
            self._answer(request)

    def _forget(self, request: Request | None) -> None:
        """Count the body of a request no longer."""
        if request is not None:
            self.service.num_bytes -= request.num_bytes
            request.num_bytes = 0

    def _date(self) -> bytes:
        """The time as uvicorn writes it into headers once a second."""
        headers = self.state.default_headers
        return headers[0][1] if headers else formatdate(usegmt=True).encode()

    # Ending

    def shutdown(self) -> None:
        """End after the requests under way; uvicorn calls it."""
        self.is_ending, self.since = True, self.loop.time()

    def check(self, now: float) -> None:
        """Close the connection if its client is too slow; called some times a second."""
        elapsed, limits, reader = now - self.since, self.limits, self.reader
        if self.is_paused or self.transport.is_closing():
            if elapsed > limits.write_seconds:
                self.transport.abort()
        elif self.current is not None:
            return
        elif self.is_closed:
            if elapsed > LINGER:
                self.transport.abort()
        elif reader.is_receiving:
            if elapsed > (limits.body_seconds if reader.has_head else limits.head_seconds):
                self.refuse(HttpError("timeout", "the request did not arrive in time", "send it faster"))
        elif elapsed > (QUIET if self.is_ending else limits.idle_seconds if self.has_asked else limits.head_seconds):
            self.transport.close()


def _bytes(response: Response, date: bytes, keeps: bool, is_head: bool) -> bytes:
    """An answer as it is sent."""
    head = (
        f"HTTP/1.1 {response.status} {REASONS.get(response.status, 'Error')}\r\n"
        f"content-type: {response.media_type}\r\ndate: {date.decode()}\r\ncontent-length: {len(response.body)}\r\n"
        f"{response.headers}{'' if keeps else CLOSE}\r\n"
    )
    return head.encode("latin-1") + (b"" if is_head else response.body)
