"""The server without HTTP: networks by name, the paths that compute, the limits that all requests share."""

import asyncio
from collections.abc import Callable, Sequence
from urllib.parse import parse_qsl

from lenet.deploy.server.batching import Batcher
from lenet.deploy.server.limits import Limits
from lenet.deploy.server.metrics import Metrics
from lenet.deploy.server.responses import HttpError, Response
from lenet.deploy.server.served import ServedNetwork
from lenet.deploy.server.tasks import EXPLAIN, INFER, PREDICT, Body, Task
from lenet.errors import choices_hint
from lenet.files.untrusted import printable

FIXED_PATHS = (
    "/",
    "/v1/model",
    "/livez",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/v2",
    "/v2/health/live",
    "/v2/health/ready",
)
V2_PATHS = ("/v2", "/v2/health/live", "/v2/health/ready")
MEDIA = "expected image/png, image/jpeg or another image, application/octet-stream, or application/json"
CURL = "curl --data-binary @boot.png -H 'Content-Type: image/png' …; or JSON with -H 'Content-Type: application/json'"


class Service:
    """Takes the requests that compute, and answers them in the thread of the event loop.

    Args:
        networks: the first is the one that answers where a request names none.
        limits: of the server.
    """

    def __init__(self, networks: Sequence[ServedNetwork], limits: Limits) -> None:
        self.networks = {network.name: network for network in networks}
        self.first, self.limits = networks[0], limits
        self.metrics = Metrics({network.name: tuple(network.classes) for network in networks})
        self.num_waiting = self.num_bytes = 0
        self.loop: asyncio.AbstractEventLoop | None = None
        self.batcher: Batcher | None = None
        self.paths: dict[str, tuple[str, ServedNetwork | None]] = {
            "/v1/predict": (PREDICT, None),
            "/v1/explain": (EXPLAIN, None),
        }
        self.labels = {*FIXED_PATHS, *V2_PATHS, *self.paths}
        for name, network in self.networks.items():
            self.paths[f"/v2/models/{name}/infer"] = (INFER, network)
            self.paths[f"/v2/models/{name}/versions/1/infer"] = (INFER, network)
            self.labels |= {f"/v2/models/{name}{end}" for end in ("", "/ready", "/infer", "/versions/1/infer")}

    def start(self) -> None:
        """Start the threads; in the event loop."""
        self.loop = asyncio.get_running_loop()
        self.batcher = Batcher(self.networks, self.limits, self.metrics, self._deliver)

    def close(self) -> None:
        """End the threads, after the answers to all requests."""
        if self.batcher is not None:
            self.batcher.close()

    def take(self, path: str, query: str, media_type: str, body: bytes, reply: Callable[[Response], None]) -> Task:
        """Take a request that computes.

        Args:
            path: in `paths`.
            query: what follows ? in the URL.
            media_type: the content type, in small letters.
            body: its content.
            reply: what takes the response.

        Raises:
            HttpError: it is refused.
        """
        kind, network = self.paths[path]
        if network is None:
            network = self.named(query)
        elif query:
            raise HttpError("bad_request", f"unknown parameters {printable(query)}", "this path takes none")
        task = Task(kind, network, _media(kind, media_type), body, reply)
        if self.num_waiting >= self.limits.queue:
            message = f"{self.num_waiting} requests wait for their answer; more are not taken"
            raise HttpError("too_many_requests", message, "send it again later")
        if self.batcher is None:
            raise HttpError("not_ready", "the server is starting", "send it again later")
        self.num_waiting += 1
        self.batcher.put(task)
        return task

    def named(self, query: str) -> ServedNetwork:
        """Return the network that a query names with model=NAME, else the first. Raises HttpError for another query."""
        if not query:
            return self.first
        values = parse_qsl(query, keep_blank_values=True)
        if [name for name, _ in values] != ["model"]:
            raise HttpError("bad_request", f"the query is {printable(query)}; expected model=NAME", self._choices(""))
        return self.network(values[0][1])

    def network(self, name: str) -> ServedNetwork:
        """Return a network by its name. Raises HttpError if there is none."""
        if name not in self.networks:
            raise HttpError("unknown_network", f"no network is called {printable(name)}", self._choices(name))
        return self.networks[name]

    @property
    def is_ready(self) -> bool:
        """Whether all networks are."""
        return self.batcher is not None and all(network.is_ready for network in self.networks.values())

    def _choices(self, name: str) -> str:
        return choices_hint(name, self.networks)

    def _deliver(self, tasks: Sequence[Task]) -> None:
        if self.loop is not None:
            self.loop.call_soon_threadsafe(self._reply, tasks)

    def _reply(self, tasks: Sequence[Task]) -> None:
        self.num_waiting -= len(tasks)
        for task in tasks:
            if task.is_abandoned:
                self.metrics.abandoned += 1
            elif task.response is not None:
                task.reply(task.response)


def _media(kind: str, media_type: str) -> Body:
    """What a body is by its media type. Raises HttpError for one that is not taken."""
    plain = media_type.partition(";")[0].strip()
    if plain == "application/json":
        return Body.JSON
    if kind != INFER and (plain.startswith("image/") or plain in ("application/octet-stream", "")):
        return Body.IMAGE
    expected = "expected application/json" if kind == INFER else MEDIA
    raise HttpError("unsupported_media_type", f"the content type is {printable(plain) or 'missing'}; {expected}", CURL)
