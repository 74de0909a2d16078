"""Starting the server: networks are opened and checked, and the port is taken; `loop.py` answers the requests."""

import hashlib
import os
import re
import socket
from collections.abc import Callable, Sequence

from lenet.deploy.server.limits import Limits
from lenet.deploy.server.served import ServedNetwork
from lenet.deploy.targets import name_of
from lenet.errors import ConfigError, MissingExtra, RunError
from lenet.extras import require
from lenet.files import untrusted
from lenet.files.safetensors import MAX_BYTES
from lenet.networks.trained import TrainedNetwork
from lenet.runs.opening import Trained, network_of, open_trained

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


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
        name = name if is_named else _name(trained)
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
        from lenet.deploy.server import loop  # needs uvicorn, starlette and httptools
    except ModuleNotFoundError as error:
        message = f"lenet serve needs {error.name}, which is not installed"
        raise MissingExtra(message, hint='pip install "lenet[serve]"') from error
    from lenet.deploy.server.service import Service

    listener = _listener(host, port)
    with listener:
        loop.run(Service(networks, limits or Limits()), listener, lambda end: started(_url(host, listener), end))


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


def _name(trained: Trained) -> str:
    """What a network is called: by its run directory, its weights file, or its repository on the Hub."""
    name, path = name_of(trained.path), trained.path.absolute()
    return path.parent.name if name == "model" and path.is_file() else name


def _sha256(network: TrainedNetwork) -> str:
    """Of the weights file; of a run that has not finished, of the one that it would write."""
    if network.sha256 is not None and network.loaded is None:
        return network.sha256
    is_file = network.loaded is None
    content = untrusted.read(network.path, MAX_BYTES, RunError) if is_file else network.pack(network.weights)
    return hashlib.sha256(content).hexdigest()
