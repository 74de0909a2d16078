"""HTTP: slow clients, pipelines, disconnects, and the end of the server."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

import pytest
from serving import ask, png, raw, served

from lenet.deploy.server.limits import Limits


def request(body, *headers, path="/v1/predict", version="1.1"):
    lines = [
        f"POST {path} HTTP/{version}",
        "Host: localhost",
        "Content-Type: image/png",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


def statuses(received):
    return [int(part[:3]) for part in received.split(b"HTTP/1.1 ")[1:]]


def test_pipelined_requests_are_answered_in_their_order(url, images):
    bodies = [png(image) for image in images[:6]]
    sent = b"".join(request(body) for body in bodies[:3]) + b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"
    received = raw(url, sent, b"".join(request(body) for body in bodies[3:]))
    assert statuses(received) == [200] * 7
    names = [json.loads(part.partition(b"\r\n\r\n")[2]).get("label") for part in received.split(b"HTTP/1.1 ")[1:]]
    expected = [ask(url, "/v1/predict", body, "image/png")[2]["label"] for body in bodies]
    assert names == [*expected[:3], None, *expected[3:]]


def test_a_request_in_many_parts_and_in_chunks(url, images):
    body = png(images[0])
    sent = request(body, "Connection: close")
    assert statuses(raw(url, *[sent[start : start + 40] for start in range(0, len(sent), 40)])) == [200]
    head = b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: image/png\r\n"
    head += b"Transfer-Encoding: chunked\r\n\r\n"
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:50], body[50:])) + b"0\r\n\r\n"
    assert statuses(raw(url, head, chunks)) == [200]
    large = b"".join(b"%x\r\n%b\r\n" % (50_000, bytes(50_000)) for _ in range(5))
    assert statuses(raw(url, head, large)) == [413]


def test_clients_that_close_their_half_and_old_ones(url, images):
    assert statuses(raw(url, request(png(images[0])), half_closed=True)) == [200]
    assert statuses(raw(url, request(png(images[0]), version="1.0"))) == [200]


def test_a_client_that_asks_first(url, images):
    body = png(images[0])
    sent = request(body, "Expect: 100-continue", "Connection: close")
    assert statuses(raw(url, sent[: -len(body)], body, pause=0.1)) == [100, 200]
    refused = b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 999999999\r\n\r\n"
    assert statuses(raw(url, refused)) == [413]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01 no HTTP\r\n\r\n", 400),
        (b"POST /v1/predict HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /v1/predict HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"GET /" + b"a" * 3000 + b" HTTP/1.1\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 5000 + b"\r\n", 431),
    ],
)
def test_bad_heads(url, sent, status):
    assert statuses(raw(url, sent)) == [status]


def test_a_header_line_without_end(url):
    assert statuses(raw(url, b"GET / HTTP/1.1\r\nA: ", b"b" * 40_000, b"b" * 40_000, pause=0.1)) == [431]


def test_slow_clients_time_out(url):
    began = time.monotonic()
    assert statuses(raw(url, b"POST /v1/pre")) == [408]
    assert statuses(raw(url, request(bytes(100))[:-50])) == [408]
    assert raw(url) == b""
    assert time.monotonic() - began < 8


def test_a_client_that_takes_no_answers_is_closed(url, images):
    address = urllib.parse.urlsplit(url)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect((address.hostname, address.port))
        client.settimeout(10)
        body = b"".join(request(png(images[0]), path="/v1/explain") for _ in range(100))
        with pytest.raises(OSError, match=r"reset|Broken|timed out"):
            client.sendall(body * 1000)
    assert ask(url, "/livez")[0] == 200


def test_clients_that_leave_harm_nobody(url, images):
    address = urllib.parse.urlsplit(url)
    for cut in (10, 120, None):
        for _ in range(20):
            with socket.create_connection((address.hostname, address.port)) as client:
                client.sendall(request(png(images[0]))[:cut])
    assert ask(url, "/v1/predict", png(images[0]), "image/png")[0] == 200


def test_a_full_queue_is_refused(networks, images):
    with served(networks, Limits(queue=1)) as url:
        body, found = png(images[0].repeat(30, 0).repeat(30, 1)), []
        threads = [
            threading.Thread(target=lambda: found.append(ask(url, "/v1/explain", body, "image/png"))) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {status for status, _, _ in found} == {200, 429}
        refused = next(each for each in found if each[0] == 429)
        assert refused[1]["retry-after"] == "1"
        assert refused[2]["error"]["code"] == "too_many_requests"


@pytest.mark.process
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to be handled")
@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.proof)])
def test_a_signal_ends_it_without_a_lost_answer(trained, images, number):
    command = [sys.executable, "-m", "lenet", "serve", str(trained.path), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        line = next(line for line in process.stderr if line.startswith("serving "))
        url = line.split()[1].rstrip(";")
        bodies, counts, enough = [png(image) for image in images[:50]], [], threading.Event()

        def client(own):
            address = urllib.parse.urlsplit(url)
            with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
                for body in bodies * 100:
                    connection.sendall(request(body))
                    received = connection.recv(1 << 16)
                    assert received.startswith(b"HTTP/1.1 200")
                    own.append(1)
                    if len(own) > 20:
                        enough.set()
                    if b"connection: close" in received:
                        return "ended by the server"
            return None

        results = []
        threads = []
        for _ in range(8):
            own = []
            counts.append(own)
            threads.append(threading.Thread(target=lambda own=own: results.append(client(own))))
            threads[-1].start()
        assert enough.wait(20)
        process.send_signal(number)
        for thread in threads:
            thread.join(20)
        assert results == ["ended by the server"] * 8
        assert process.wait(20) == 0
        assert process.stderr.read() == ""
