"""uvicorn's server in its event loop: it listens, watches over slow clients, and ends after the requests under way."""

import asyncio
import contextlib
import gc
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

from lenet.deploy.server.app import make_app
from lenet.deploy.server.connection import Connection
from lenet.deploy.server.service import Service

CHECKS = 0.25  # seconds between two looks at slow connections
TURN = 0.001  # seconds that a thread may compute in Python while another waits, instead of 5 ms
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Server(uvicorn.Server):
    """uvicorn's server with connections of this folder.

    Args:
        service: what computes.
        listening: is called once the server listens.
    """

    def __init__(self, service: Service, listening: Callable[[], None]) -> None:
        config = uvicorn.Config(
            make_app(service),
            http=Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            server_header=False,
            proxy_headers=False,
            backlog=2048,
            timeout_graceful_shutdown=int(service.limits.end_seconds),
        )
        super().__init__(config)
        self.listening = listening

    async def startup(self, sockets: Any = None) -> None:
        """Listen."""
        await super().startup(sockets=sockets)
        self.listening()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to `_signals`: uvicorn raises them again at its end."""
        yield

    def end(self, *_: Any) -> None:
        """End the server; a second time without waiting for the requests under way."""
        self.force_exit = self.should_exit
        self.should_exit = True


def run(service: Service, listener: socket.socket, started: Callable[[Callable[[], None]], None]) -> None:
    """Answer requests until a signal comes, or the server is ended otherwise.

    Args:
        service: what computes.
        listener: a bound socket.
        started: is called once the server listens, with a function that ends it, from any thread.
    """

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = Server(service, lambda: started(lambda: _ended(loop, server)))
        service.start()
        watch = loop.create_task(_watch(server))
        gc.collect()
        gc.freeze()  # what was made so far stays: no collection has to look at it
        with _signals(loop, server.end):
            await server.serve(sockets=[listener])
        watch.cancel()
        await loop.run_in_executor(None, service.close)

    turn = sys.getswitchinterval()
    sys.setswitchinterval(TURN)
    try:
        _run(serve)
    finally:
        sys.setswitchinterval(turn)
        gc.unfreeze()


def _ended(loop: asyncio.AbstractEventLoop, server: Server) -> None:
    loop.call_soon_threadsafe(server.end)


async def _watch(server: Server) -> None:
    """Close the connections whose clients are too slow."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(CHECKS)
        connections: Any = list(server.server_state.connections)
        for connection in connections:
            connection.check(loop.time())


def _run(main: Callable[[], Any]) -> None:
    """Run a coroutine in uvloop's event loop where it is installed, else in asyncio's."""
    try:
        import uvloop
    except ImportError:  # there is none for Windows
        asyncio.run(main())
        return
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


@contextlib.contextmanager
def _signals(loop: asyncio.AbstractEventLoop, end: Callable[..., None]) -> Iterator[None]:
    """Let signals end the server, where this is the main thread."""
    before = {}
    for number in SIGNALS:
        before[number] = signal.getsignal(number)
        try:
            loop.add_signal_handler(number, end)
        except (NotImplementedError, ValueError, RuntimeError):  # Windows; or a thread other than the first
            with contextlib.suppress(ValueError):
                signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):
                loop.remove_signal_handler(number)
            with contextlib.suppress(ValueError, TypeError):
                signal.signal(number, handler)
