"""One request on its way: what is asked of which network, the images in it, and who waits for the answer."""

import time
from collections.abc import Callable
from enum import Enum

from lenet.deploy.server.responses import Response
from lenet.deploy.server.served import ServedNetwork
from lenet.images.pixels import Pixels

PREDICT, EXPLAIN, INFER = "predict", "explain", "infer"


class Body(Enum):
    """What a body is."""

    IMAGE = "image"
    JSON = "json"


class Task:
    """A request for a network.

    Attributes:
        kind: PREDICT, EXPLAIN or INFER.
        network: the network.
        media: what the body is.
        body: its content.
        reply: what takes the response, in the thread of the event loop.
        began: when it was complete, by time.perf_counter.
        filtered: the rows of PNGs of the network's size, from `filtered_rows`.
        pixels: uint8 (N, *shape), images of the network's size, of which it is not known whether they are framed.
        seen: uint8 (N, *shape), the images as the network sees them.
        warnings: for each image, what the user should know about it.
        is_list: whether the answer is a list, as for several images.
        outputs: the names of the outputs that are asked for, of INFER.
        identity: what the client calls the request, of INFER.
        response: the answer, once it is there.
        is_abandoned: whether the client has gone.
    """

    __slots__ = (
        "began",
        "body",
        "filtered",
        "identity",
        "is_abandoned",
        "is_list",
        "kind",
        "media",
        "network",
        "outputs",
        "pixels",
        "reply",
        "response",
        "seen",
        "warnings",
    )

    def __init__(
        self, kind: str, network: ServedNetwork, media: Body, body: bytes, reply: Callable[[Response], None]
    ) -> None:
        self.kind, self.network, self.media, self.body, self.reply = kind, network, media, body, reply
        self.began = time.perf_counter()
        self.filtered: list[bytes] = []
        self.pixels: Pixels | None = None
        self.seen: Pixels | None = None
        self.warnings: list[list[str]] = []
        self.is_list = False
        self.outputs: tuple[str, ...] = ()
        self.identity: str | None = None
        self.response: Response | None = None
        self.is_abandoned = False
