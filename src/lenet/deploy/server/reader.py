"""Reads the requests of a connection with httptools, and checks their sizes as they come in."""

from typing import Protocol

import httptools

from lenet.deploy.server.asgi import Request
from lenet.deploy.server.limits import HEADS, PATH
from lenet.deploy.server.responses import HttpError
from lenet.deploy.server.service import Service

SMALLER = "make the image smaller: a few hundred pixels along each edge are plenty; or start the server with --max-body"


class Taker(Protocol):
    """What a reader tells: the connection."""

    def complete(self, request: Request) -> None:
        """Take a request that is complete."""

    def continues(self, request: Request) -> None:
        """Note that the head of a request is complete, and its body is to come."""

    def refuse(self, error: HttpError) -> None:
        """End the connection, with what is wrong."""


class Reader:
    """Reads requests.

    Args:
        service: its limits, and the bytes of all bodies.
        taker: the connection.
    """

    def __init__(self, service: Service, taker: Taker) -> None:
        self.service, self.limits, self.taker = service, service.limits, taker
        self.parser = httptools.HttpRequestParser(self)
        self.request = Request()  # the one that is being received
        self.is_receiving = self.has_head = self.has_failed = False
        self.num_head = 0  # bytes of the reads in which the head neither began nor ended

    def feed(self, data: bytes) -> None:
        """Read a part of one request or of several."""
        if self.is_receiving and not self.has_head:
            self.num_head += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            return  # answered as if it had not been asked for, and closed
        except httptools.HttpParserError as error:
            self._fail(HttpError("bad_request", f"this is not an HTTP request: {error}", "expected HTTP/1.1"))
            return
        if self.is_receiving and not self.has_head and self.num_head > HEADS:
            self._fail_head()

    # What the parser calls

    def on_message_begin(self) -> None:
        """Begin a request."""
        self.request = Request()
        self.is_receiving, self.has_head, self.num_head = True, False, 0

    def on_url(self, url: bytes) -> None:
        """Take the URL, or a part of it."""
        self.request.url += url
        if len(self.request.url) > PATH:
            self._fail_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header line."""
        request = self.request
        name = name.lower()
        request.headers.append((name, value))
        request.num_head += len(name) + len(value) + 4
        if request.num_head > HEADS:
            self._fail_head()
        if name == b"content-type":
            request.media_type = value.decode("latin-1").lower()
        elif name == b"content-length":
            request.length = int(value)  # the parser has checked that it is a number
        elif name == b"expect":
            request.expects = value.lower() == b"100-continue"

    def on_headers_complete(self) -> None:
        """Check what the header lines say."""
        if self.has_failed:
            return
        self.has_head = True
        request, parser = self.request, self.parser
        request.method = parser.get_method().decode("ascii")
        is_plain = parser.get_http_version() == "1.1" and not parser.should_upgrade()
        request.keeps = is_plain and parser.should_keep_alive()
        if request.length is not None and request.length > self.limits.body:
            self._fail_body(f"the body has {request.length:,} bytes")
        elif request.length or request.expects:
            self.taker.continues(request)

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        if self.has_failed:
            return
        request = self.request
        request.add(body)
        self.service.num_bytes += len(body)
        if request.num_bytes > self.limits.body:
            self._fail_body("the body has more bytes")
        elif self.service.num_bytes > self.limits.memory:
            self._fail(
                HttpError("too_many_requests", "the server has too many bodies in memory", "send it again later")
            )

    def on_message_complete(self) -> None:
        """Hand the request on."""
        self.is_receiving = self.has_head = False
        if not self.has_failed:
            self.taker.complete(self.request)

    def _fail_head(self) -> None:
        self._fail(HttpError("headers_too_large", f"URL and headers have more than {HEADS:,} bytes", "send fewer"))

    def _fail_body(self, what: str) -> None:
        self._fail(HttpError("too_large", f"{what}; expected at most {self.limits.body:,}", SMALLER))

    def _fail(self, error: HttpError) -> None:
        if not self.has_failed:
            self.has_failed = True
            self.taker.refuse(error)
