"""What the server takes at most: of a request, of all requests together, and of a client's time."""

from dataclasses import dataclass

BATCH = 16  # images that are computed together: the kernels compute as many at once
SMALL = 1 << 15  # bytes of a body that is read where networks compute; threads read larger ones
PATH = 2048  # bytes of a URL
HEADS = 1 << 14  # bytes of URL and header lines
LINGER = 2.0  # seconds in which the rest of a refused body is read and dropped, so that the client sees the answer
QUIET = 0.5  # seconds without a request after which an idle connection is closed when the server ends


@dataclass(frozen=True)
class Limits:
    """The limits of a server.

    Attributes:
        body: bytes of a request's body.
        images: of one request.
        queue: requests that wait for their answer.
        memory: bytes of the bodies of all requests.
        connections: that are open.
        head_seconds: for the header lines of a request, from its first byte.
        body_seconds: for its body.
        idle_seconds: between two requests of a connection.
        write_seconds: for a client to take its answer.
        end_seconds: for the requests under way when the server ends.
    """

    body: int = 16 << 20
    images: int = 64
    queue: int = 256
    memory: int = 128 << 20
    connections: int = 1000
    head_seconds: float = 10
    body_seconds: float = 30
    idle_seconds: float = 75
    write_seconds: float = 30
    end_seconds: float = 30
