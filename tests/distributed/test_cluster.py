"""Joining a cluster: what is refused, quickly and in one line."""

import contextlib
import importlib.util
import os
import socket
import sys
import threading
import time

import pytest

from lenet.distributed import joining
from lenet.distributed.cluster import connect
from lenet.errors import EngineError, MissingExtra


@pytest.mark.parametrize("address", ["127.0.0.1:1", "localhost:1"])
def test_a_cluster_that_is_not_there(address):
    began = time.perf_counter()
    with pytest.raises(EngineError, match=f"no Ray cluster answers at {address}") as caught:
        joining._check_answers(address)
    assert "ray start --head" in caught.value.hint
    assert time.perf_counter() - began < joining.TIMEOUT


def listening(answer):
    """The address of a server that says this, and nothing else."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        with contextlib.suppress(ConnectionError), server, server.accept()[0] as connection:
            connection.recv(100)
            connection.sendall(answer)
            connection.recv(100)

    threading.Thread(target=serve, daemon=True).start()
    return f"127.0.0.1:{server.getsockname()[1]}"


def test_a_server_that_is_another(monkeypatch):
    address = listening(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    with pytest.raises(EngineError, match=f"what answers at {address} is not the head of a Ray cluster") as caught:
        joining._check_answers(address)
    assert "6379" in caught.value.hint
    joining._check_answers(listening(bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])))  # a server of gRPC
    monkeypatch.setattr(joining, "TIMEOUT", 0.1)
    with pytest.raises(EngineError, match="no Ray cluster answers"):
        joining._check_answers(listening(b""))


@pytest.mark.parametrize("address", ["ray://127.0.0.1:10001", "six", ":6379", "host:", "host:port", ""])
def test_what_is_no_address(address):
    with pytest.raises(EngineError, match="is not the address of a Ray cluster; expected HOST:PORT"):
        joining._check_answers(address)


def test_the_running_cluster_is_that_of_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:9")
    assert joining._running() == "127.0.0.1:9"
    monkeypatch.delenv("RAY_ADDRESS")
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    assert joining._running() is None
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray" / "ray_current_cluster").write_text("127.0.0.1:1\n")  # of one that has ended
    assert joining._running() is None


def test_without_ray_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="--ray needs Ray, which is not installed") as caught, connect("auto"):
        pass
    assert "lenet[ray]" in caught.value.hint


@pytest.fixture
def asking(monkeypatch):
    """A cluster that asks for a token; what Ray was asked to join is returned."""
    ray, calls = pytest.importorskip("ray"), []

    def init(**options):
        calls.append(options["address"])
        if not os.environ.get("RAY_AUTH_MODE"):
            raise ConnectionError("no connection") from RuntimeError("RPC error: InvalidAuthToken: it is missing")

    monkeypatch.setattr(ray, "init", init)
    monkeypatch.setattr(joining, "_check_answers", lambda address: None)
    monkeypatch.setattr(joining, "_silence", lambda: None)
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    return calls


def test_a_cluster_that_asks_for_a_token_gets_that_of_this_machine(asking, monkeypatch):
    monkeypatch.setattr(joining, "_take_token", lambda: bool(monkeypatch.setenv("RAY_AUTH_MODE", "token")) or True)
    joining.join("127.0.0.2:6379")
    assert asking == ["127.0.0.2:6379"] * 2


def test_without_a_token_the_error_says_where_it_is(asking, monkeypatch):
    monkeypatch.setattr(joining, "_take_token", lambda: False)
    with pytest.raises(EngineError, match=r"the Ray cluster at 127\.0\.0\.2:6379 asks for a token") as caught:
        joining.join("127.0.0.2:6379")
    assert "~/.ray/auth_token" in caught.value.hint
    assert asking == ["127.0.0.2:6379"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have one loopback address")
def test_a_cluster_of_this_machine_alone_is_not_reached_from_its_network(monkeypatch):
    ray, started = pytest.importorskip("ray"), []
    monkeypatch.setattr(ray, "init", lambda **options: started.append(options))
    monkeypatch.setattr(joining, "_silence", lambda: None)
    joining.join(None)
    assert started[0]["_node_ip_address"] == "127.0.0.2"  # 127.0.0.1 becomes the machine's address there


@pytest.mark.parametrize(
    ("address", "running", "retries"),
    [("auto", None, None), ("auto", "127.0.0.2:6379", "2"), ("127.0.0.2:6379", None, "2")],
)
def test_a_cluster_that_is_there_is_asked_twice(monkeypatch, address, running, retries):
    """Not twenty times: each of Ray's tries prints a line where the head asks for a token."""
    ray, joined = pytest.importorskip("ray"), []
    monkeypatch.setenv("RAY_NUM_REDIS_GET_RETRIES", "")
    monkeypatch.delenv("RAY_NUM_REDIS_GET_RETRIES")
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "shutdown", lambda: None)
    monkeypatch.setattr(joining, "_running", lambda: running)
    monkeypatch.setattr(joining, "join", joined.append)
    with connect(address):
        assert os.environ.get("RAY_NUM_REDIS_GET_RETRIES") == retries
    assert joined == [running or (None if address == "auto" else address)]
