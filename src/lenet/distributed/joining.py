"""Joining a Ray cluster, or starting one on this machine: its address, its answer, its token."""

import importlib
import logging
import os
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

from lenet.engines.threads import cores
from lenet.errors import EngineError

# Of a cluster that is started here. For 127.0.0.1, Ray takes the machine's address in its network, where others reach it.
LOOPBACK = "127.0.0.2" if sys.platform == "linux" else "127.0.0.1"
# Says at each start that a token is needed, which is shown anyway.
NOISE = "ray._private.authentication.authentication_token_setup"
TIMEOUT = 5.0  # seconds in which a cluster's head must answer
# The first bytes of a connection of gRPC, which is HTTP/2: the preface, and settings without a setting. A server answers with
# settings of its own.
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
SETTINGS = 4  # the type of such a frame, its fourth byte


def find(address: str) -> str | None:
    """Return the address of the cluster to join; None where one is to be started. Ray is not imported.

    Args:
        address: as for `lenet.distributed.cluster.connect`.
    """
    return _running() if address == "auto" else address


def join(found: str | None) -> None:
    """Join a cluster, or start one.

    Args:
        found: as `find` returns it.

    Raises:
        EngineError: no cluster answers, or it cannot be joined.
    """
    import ray

    options: dict[str, Any] = {"address": found}
    if found is None:
        options = {
            "address": "local",
            "num_cpus": cores(),
            "include_dashboard": False,
            "_node_ip_address": LOOPBACK,
        }
    else:
        _check_answers(found)
    logging.getLogger(NOISE).setLevel(logging.ERROR)
    options |= {"log_to_driver": False, "logging_level": logging.CRITICAL, "configure_logging": False}
    refused = (RuntimeError, ConnectionError, ValueError, TimeoutError, AssertionError)
    try:
        try:
            ray.init(**options)
        except refused as error:
            if not (found and _asks_for_token(error) and _take_token()):
                raise
            ray.init(**options)
    except refused as error:
        if _asks_for_token(error):
            raise EngineError(
                f"the Ray cluster at {found} asks for a token",
                hint="copy ~/.ray/auth_token from the machine of its head to this one, and set RAY_AUTH_MODE=token",
            ) from error
        what = " ".join(str(error).split())[:300]
        where = f"the Ray cluster at {found} cannot be joined" if found else "Ray cannot be started on this machine"
        raise EngineError(
            f"{where}: {what}", hint="start lenet on a machine of the cluster, with the cluster's Python and Ray"
        ) from error
    _silence()


def _asks_for_token(error: BaseException) -> bool:
    """Whether a cluster refused this process because it showed no token, or another one."""
    causes: list[BaseException | None] = [error]
    while causes[-1] is not None:
        causes.append(causes[-1].__cause__ or causes[-1].__context__)
    return any("AuthToken" in str(cause) for cause in causes)


def _take_token() -> bool:
    """Show Ray's token from now on, if this machine has it and nobody chose by RAY_AUTH_MODE.

    A head asks for it where there is one when it starts; Ray leaves one wherever it started a cluster by itself.
    """
    try:
        setup: Any = importlib.import_module(NOISE)
    except ImportError:  # an older Ray
        return False
    return "RAY_AUTH_MODE" not in os.environ and bool(setup.maybe_enable_token_auth_if_token_available(False))


def _silence() -> None:
    """Keep Ray from printing on stdout, amid a command's table or JSON, the log of each node that dies."""
    internals: Any = importlib.import_module("ray._private.worker")
    internals._worker_logs_enabled = False


def _running() -> str | None:
    """The address of a cluster that was started here, if it answers; that of RAY_ADDRESS in any case."""
    if given := os.environ.get("RAY_ADDRESS"):
        return given
    folder = Path(os.environ.get("RAY_TMPDIR") or tempfile.gettempdir())
    try:
        address = (folder / "ray" / "ray_current_cluster").read_text(encoding="utf-8").strip()
        _check_answers(address)
    except (OSError, UnicodeDecodeError, EngineError):
        return None
    return address


def _check_answers(address: str) -> None:
    host, _, port = address.rpartition(":")
    if "://" in address or not host or not port.isdecimal():
        raise EngineError(
            f"{address} is not the address of a Ray cluster; expected HOST:PORT of its head, or auto",
            hint="`ray start --head` prints it; its port is 6379 unless chosen otherwise",
        )
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=TIMEOUT) as connection:
            is_head = os.environ.get("RAY_USE_TLS", "0") != "0"  # Ray asks itself then
            if not is_head:
                connection.sendall(PREFACE)
                is_head = connection.recv(9)[3:4] == bytes([SETTINGS])
    except (OSError, OverflowError) as error:
        raise EngineError(
            f"no Ray cluster answers at {address} ({error})",
            hint="`ray start --head` starts one; --ray auto takes this machine alone",
        ) from error
    if not is_head:
        raise EngineError(
            f"what answers at {address} is not the head of a Ray cluster",
            hint="`ray start --head` prints the address; its port is 6379 unless chosen otherwise",
        )
