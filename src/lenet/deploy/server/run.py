"""Running the server: networks are opened and checked, the port is taken, and requests are answered until a signal comes."""

import asyncio
import contextlib
import gc
import hashlib
import os
import re
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from lenet.deploy.server.limits import Limits
from lenet.deploy.server.served import ServedNetwork
from lenet.errors import ConfigError, MissingExtra, RunError
from lenet.extras import require
from lenet.files import untrusted
from lenet.files.safetensors import MAX_BYTES
from lenet.networks.trained import TrainedNetwork
from lenet.runs.opening import network_of, open_trained

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
CHECKS = 0.25  # seconds between two looks at slow connections
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def open_networks(runs: Sequence[str]) -> list[ServedNetwork]:
    """Open the networks to serve, and find out whether they are ready.

    Args:
        runs: runs, each as `lenet.predict` takes it, perhaps with a name of its own before it: NAME=RUN.

    Raises:
        ConfigError: a name cannot be part of an URL, or is there twice.
        RunError: a run cannot be read.
    """
    networks: dict[str, ServedNetwork] = {}
    for run in runs:
        name, is_named, source = run.partition("=") if NAME.fullmatch(run.partition("=")[0]) else ("", "", run)
        source = source if is_named else run
        trained = open_trained(source)
        network = network_of(trained)
        name = name if is_named else _name(network, source)
        if not NAME.fullmatch(name):
            hint = f"name it: lenet serve NAME={untrusted.printable(source)}"
            raise ConfigError(f"the name {untrusted.printable(name)} cannot be part of an URL", hint=hint)
        if name in networks:
            raise ConfigError(f"two networks are called {name}", hint=f"name one: lenet serve NAME={source}")
        served = ServedNetwork(name, trained, _sha256(network))
        served.check()
        networks[name] = served
    return list(networks.values())


def serve(
    networks: Sequence[ServedNetwork],
    host: str = "127.0.0.1",
    port: int = 8000,
    limits: Limits | None = None,
    started: Callable[[str, Callable[[], None]], None] = lambda url, end: None,
) -> None:
    """Answer requests until SIGINT or SIGTERM comes, then those that are under way.

    Args:
        networks: from `open_networks`.
        host: the address to listen at.
        port: its port; 0 for any that is free.
        limits: of requests.
        started: is called once it listens, with its URL and a function that ends it, from any thread, as a signal does.

    Raises:
        MissingExtra: the extra `serve` is not installed.
        ConfigError: the port is taken, or the address is none of this machine.
    """
    require("serve", "lenet serve")
    try:
        import uvicorn

        from lenet.deploy.server.app import make_app  # needs starlette
        from lenet.deploy.server.connection import Connection  # needs httptools
    except ModuleNotFoundError as error:
        message = f"lenet serve needs {error.name}, which is not installed"
        raise MissingExtra(message, hint='pip install "lenet[serve]"') from error
    from lenet.deploy.server.service import Service

    listener = _listener(host, port)
    limits = limits or Limits()
    service = Service(networks, limits)
    config = uvicorn.Config(
        make_app(service),
        http=Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        server_header=False,
        proxy_headers=False,
        backlog=2048,
        timeout_graceful_shutdown=int(limits.end_seconds),
    )

    class Server(uvicorn.Server):
        """uvicorn's server without its signals: after them it would raise them again."""

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    server = Server(config)

    async def run() -> None:
        loop = asyncio.get_running_loop()
        service.start()

        def end(*_: Any) -> None:
            """End the server; a second time without waiting for the requests under way."""
            server.force_exit = server.should_exit
            server.should_exit = True

        def end_from_any_thread() -> None:
            loop.call_soon_threadsafe(end)

        watch = loop.create_task(_watch(server))
        with _signals(loop, end):
            loop.call_soon(started, _url(host, listener), end_from_any_thread)
            gc.collect()
            gc.freeze()  # what was made so far stays: no collection has to look at it
            await server.serve(sockets=[listener])
        watch.cancel()
        await loop.run_in_executor(None, service.close)

    try:
        _run_in_loop(run)
    finally:
        listener.close()


async def _watch(server: Any) -> None:
    """Close the connections whose clients are too slow."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(CHECKS)
        for connection in list(server.server_state.connections):
            connection.check(loop.time())


def _run_in_loop(run: Callable[[], Any]) -> None:
    """Run a coroutine in uvloop's event loop where it is installed, else in asyncio's."""
    try:
        import uvloop
    except ImportError:  # there is none for Windows
        asyncio.run(run())
        return
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


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


def _listener(host: str, port: int) -> socket.socket:
    """The socket that listens. Raises ConfigError if it cannot."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        if os.name != "nt":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.setblocking(False)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        what = f"cannot listen at {untrusted.printable(host)}, port {port}: {error.strerror or error}"
        raise ConfigError(what, hint="another program may use it: --port takes another, 0 any that is free") from error
    return listener


def _url(host: str, listener: socket.socket) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}"


def _name(network: TrainedNetwork, source: str) -> str:
    """What a network is called: its run directory, its weights file, or the word that it was opened by."""
    path = network.path
    if path.name == "model.safetensors" or path.is_dir():
        path = path if path.is_dir() else path.parent
        return path.absolute().name
    return path.stem or source


def _sha256(network: TrainedNetwork) -> str:
    """Of the weights file; of a run that has not finished, of the one that it would write."""
    if network.sha256 is not None and network.loaded is None:
        return network.sha256
    is_file = network.loaded is None
    content = untrusted.read(network.path, MAX_BYTES, RunError) if is_file else network.pack(network.weights)
    return hashlib.sha256(content).hexdigest()
