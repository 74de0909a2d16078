"""What the server answers: a status, a body, and where something is wrong the one form that all errors have.

{"error": {"code": "too_large", "message": "the body has 20,000,000 bytes; …", "hint": "…"}}
"""

import json
from typing import Any, NamedTuple

from lenet.errors import ImageError, LenetError

JSON = "application/json"
# The codes of errors, and their statuses.
STATUSES = {
    "bad_request": 400,
    "bad_json": 400,
    "no_length": 400,
    "not_found": 404,
    "unknown_network": 404,
    "method_not_allowed": 405,
    "timeout": 408,
    "too_large": 413,
    "unsupported_media_type": 415,
    "bad_image": 422,
    "bad_value": 422,
    "too_many_requests": 429,
    "headers_too_large": 431,
    "internal": 500,
    "not_ready": 503,
    "ending": 503,
}
REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


class Response(NamedTuple):
    """An answer.

    Attributes:
        status: of HTTP.
        body: its content.
        headers: further header lines, each ending with CR LF.
        media_type: of the body.
    """

    status: int
    body: bytes
    headers: str = ""
    media_type: str = JSON


class HttpError(Exception):
    """What is wrong with a request.

    Args:
        code: a name in STATUSES.
        message: what is wrong, and what was expected.
        hint: what to do.
    """

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint

    @classmethod
    def of(cls, error: LenetError) -> "HttpError":
        """The error of a request whose image cannot be read, or whose answer cannot be computed."""
        code = "bad_image" if isinstance(error, ImageError) else "internal"
        return cls(code, error.message, error.hint or "")

    @property
    def response(self) -> Response:
        """The answer that reports it."""
        status = STATUSES[self.code]
        retry = "retry-after: 1\r\n" if status in (429, 503) else ""
        return Response(status, error_body(self.code, self.message, self.hint), retry)


def error_body(code: str, message: str, hint: str = "") -> bytes:
    """The body of an error."""
    return to_json({"error": {"code": code, "message": message, "hint": hint}})


def to_json(values: Any) -> bytes:
    """Values as the body of an answer."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
