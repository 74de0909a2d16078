"""The server of pages, asked over real sockets: who gets an answer, and who does not."""

import contextlib
import http.client
import socket
import threading

import pytest

from lenet.errors import ConfigError
from lenet.explorer.server import Answer, PageServer


@contextlib.contextmanager
def serving(server):
    """Let a server answer meanwhile."""
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def server():
    routes = {
        ("GET", ""): lambda query: Answer.html(b"<p>page"),
        ("GET", "state"): Answer.json,
        ("POST", "stop"): lambda query: Answer.json({"isStopping": True}),
    }
    with serving(PageServer("127.0.0.1", 0, routes)) as server:
        yield server


def ask(server, path="", method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
    with contextlib.closing(connection):
        connection.request(method, path if path.startswith("/") else f"/{server.token}/{path}", headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers


def test_what_has_the_token_is_answered(server):
    status, content, headers = ask(server)
    assert (status, content, headers["Content-Type"]) == (200, b"<p>page", "text/html; charset=utf-8")
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Server"] == "lenet"
    assert ask(server, "state?from=3&x=%C3%A9")[1] == b'{"from": "3", "x": "\\u00e9"}'
    assert ask(server, "stop", "POST")[:2] == (200, b'{"isStopping": true}')
    assert ask(server, method="HEAD")[:2] == (200, b"")
    assert server.url == f"http://127.0.0.1:{server.server_port}/{server.token}/"
    assert ask(server, Host=f"localhost:{server.server_port}")[0] == 200
    status, _, headers = ask(server, f"/{server.token}")
    assert (status, headers["Location"]) == (308, f"/{server.token}/")


@pytest.mark.parametrize("path", ["/", "/x/state", "/%00/", "/?token", "/t%C3%B6ken/", "//"])
def test_what_has_not_is_refused(server, path):
    for method in ("GET", "POST", "HEAD"):
        status, content, _ = ask(server, path, method)
        assert status == 403
        assert b"page" in content or method == "HEAD"


def test_a_name_that_was_made_to_point_here_is_refused(server):
    port = server.server_port
    for host in (f"evil.example:{port}", "127.0.0.1", f"127.0.0.1:{port}.evil.example", f"127.0.0.1.nip.io:{port}", ""):
        assert ask(server, Host=host)[0] == 403, host
    assert ask(server, "stop", "POST", Origin="http://evil.example")[0] == 403
    assert ask(server, "stop", "POST", Origin="null")[0] == 403
    assert ask(server, "stop", "POST", Origin=f"http://127.0.0.1:{port}")[0] == 200


def test_what_is_not_there(server):
    assert ask(server, "other")[0] == 404
    assert ask(server, "stop")[0] == 405
    assert ask(server, "state", "POST")[0] == 405
    assert ask(server, method="DELETE")[0] == 501


def test_a_client_that_says_nothing_stops_nobody(server):
    with socket.create_connection(("127.0.0.1", server.server_port)) as silent:
        silent.sendall(b"GET /")
        assert ask(server)[0] == 200


def test_every_server_has_a_token_of_its_own(server):
    with PageServer("127.0.0.1", 0, {}) as other:
        assert len(other.token) == len(server.token) == 10
        assert other.token != server.token
        assert not other.is_public


def test_a_server_for_the_network_says_so():
    with PageServer("0.0.0.0", 0, {}) as server:
        assert server.is_public
        assert "0.0.0.0" not in server.url


@pytest.mark.parametrize(
    ("host", "port", "message"),
    [
        ("127.0.0.1", None, "port {port} is in use"),
        ("127.0.0.1", 70_000, "--port is 70000; expected 0 to 65,535"),
        ("192.0.2.7", 0, "cannot listen at 192.0.2.7: "),
        ("no such host", 0, "cannot listen at no such host: "),
    ],
)
def test_an_address_that_cannot_be_had(server, host, port, message):
    with pytest.raises(ConfigError) as caught:
        PageServer(host, server.server_port if port is None else port, {})
    assert caught.value.message.startswith(message.format(port=server.server_port))
