"""Downloads from a real server that misbehaves, over real connections; only the waits are shortened."""

import datetime
import email.utils
import os
import resource
import socket
import time

import pytest
from faultlab.server import CERTIFICATE, Server
from faultlab.toy import pack
from hypothesis import given
from hypothesis import strategies as st

from lenet.data import download, http
from lenet.data.cache import cache_folder, partial_file
from lenet.data.fetch import fetch
from lenet.data.loading import load
from lenet.errors import DataError, DataUnavailable

REFUSED = {
    "forbidden": "it answers 403 Forbidden",
    "gone": "it answers 404 Not Found",
    "crowded": "it answers 429 Too Many Requests",
    "crowded-for-an-hour": "it answers 429 Too Many Requests and asks to wait 3,600 seconds",
    "crowded-until-2100": "and asks to wait [0-9,]{12,} seconds",
    "error": "it answers 500 Internal Server Error",
    "unavailable": "it answers 503 Service Unavailable",
    "loop": "it redirects more than 5 times",
    "to-a-file": "it redirects to 'file:///etc/hostname', which is not http or https",
    "header-drip": "it sends nothing for 1 seconds",
    "stall": "it sends nothing for 0.5 seconds after [0-9,]+ bytes",
    "drip": "it sends less than 1,024 bytes a second",
    "reset": "the connection broke off",
    "short": "the connection broke off after [0-9,]+ bytes",
    "long": "what it sent is truncated or damaged: Not a gzipped file",
    "huge": "it announces 1,000,000,000,000 bytes; expected at most 48,[0-9]{3}",
    "endless": "it sends more than 48,[0-9]{3} bytes",
    "page": "what it sent is a web page",
    "empty": "what it sent has 0 bytes",
    "wrong": "what it sent has the SHA-256",
    "another": "what it sent has the SHA-256",
    "bad-gzip": "what it sent is truncated or damaged",
}
TEMPORARY = ("crowded-once", "unavailable-once", "moved", "stall-once", "slow", "reset-once", "reset-then-all")
TEMPORARY += ("reset-then-another-range", "reset-then-other-bytes")


def names_in_cache():
    return sorted(path.name for path in cache_folder("toy").iterdir())


@pytest.mark.parametrize("way", REFUSED)
def test_a_bad_source_is_named_or_replaced_by_the_next(toy, server, offer, hasty, way):
    sources = offer(way)
    with pytest.raises(DataUnavailable, match=REFUSED[way]) as caught:
        load("toy")
    assert sources[0] in caught.value.message
    for option in ("lenet data import DIR", "--data-dir DIR", "LENET_DATA=DIR", "--data digits"):
        assert option in caught.value.hint
    left = names_in_cache()
    assert all(name.endswith(".part") for name in left)
    assert (
        ("the download continues where it stopped" in caught.value.hint)
        == bool(left)
        == (way in ("stall", "drip", "reset", "short"))
    )
    server.asked.clear()
    offer(way, "good")
    assert len(load("toy").train) == 60
    assert {asked for asked, *_ in server.asked} == {way, "good"}
    assert names_in_cache() == sorted(file.name for file in toy.files)


@pytest.mark.parametrize("way", TEMPORARY)
def test_temporary_faults_are_retried(toy, server, offer, hasty, monkeypatch, way):
    monkeypatch.setattr(download, "RETRIES", 2)
    offer(way)
    assert len(load("toy").train) == 60
    assert names_in_cache() == sorted(file.name for file in toy.files)
    starts = [start for _, name, start in server.asked if name.startswith("train-images")]
    if "reset" in way or "stall" in way:  # goes on in the middle, and from zero if that was of no use
        half = len(server.files["train-images-idx3-ubyte.gz"]) // 2
        assert starts[:2] == [0, half]
        assert starts[2:] == ([0] if way in ("reset-then-another-range", "reset-then-other-bytes") else [])


def test_the_number_of_tries_is_bounded(toy, server, offer, hasty):
    for way, times in (("unavailable", 2), ("gone", 1), ("wrong", 1), ("crowded-for-an-hour", 1), ("reset", 2)):
        server.asked.clear()
        offer(way)
        with pytest.raises(DataUnavailable):
            fetch("toy")
        assert len(server.asked) == times, way


def test_a_connection_that_breaks_often_but_makes_progress_is_not_given_up(toy, server, offer, hasty, monkeypatch):
    """Eight eighths, in more tries than are allowed in a row without progress."""
    monkeypatch.setattr(download, "PROGRESS", 1)
    offer("reset")
    assert len(load("toy").train) == 60
    size = len(server.files["train-images-idx3-ubyte.gz"])
    starts = [start for _, name, start in server.asked if name.startswith("train-images")]
    assert starts == [part * (size // 8) for part in range(len(starts))]
    assert len(starts) >= 8


def test_a_later_fetch_continues_an_earlier_one(toy, server, offer, hasty):
    offer("short")
    with pytest.raises(DataUnavailable):
        fetch("toy")
    half = len(server.files["train-images-idx3-ubyte.gz"]) // 2
    [left] = cache_folder("toy").iterdir()
    assert left.stat().st_size == half
    del server.asked[:]
    with pytest.raises(DataUnavailable):
        fetch("toy")
    assert server.asked[0] == ("short", "train-images-idx3-ubyte.gz", half)
    [left] = cache_folder("toy").iterdir()
    offer("good")  # another address may have packed the file otherwise: from the beginning
    assert len(load("toy").train) == 60
    assert ("good", "train-images-idx3-ubyte.gz", 0) in server.asked
    assert names_in_cache() == sorted(file.name for file in toy.files)


def test_a_complete_download_of_a_killed_process_is_not_repeated(toy, server, offer):
    [source] = offer("good")
    name = "train-images-idx3-ubyte.gz"
    folder = cache_folder("toy")
    folder.mkdir(parents=True)
    left = folder / f".{download.partial_name(source + name)}.0123.part"
    left.write_bytes(server.files[name])
    os.utime(left, (0, 0))
    fetch("toy")
    sent = len(server.files[name])
    assert server.asked[0] == ("good", name, sent)
    assert server.num_sent < sum(map(len, server.files.values()))


def test_no_redirect_from_https_to_http(toy, contents, offer, monkeypatch, hasty):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    with Server(pack(contents), tls=True) as server:
        offer(server.source("downgrade"))
        with pytest.raises(DataUnavailable, match=r"it redirects to 'http://127\.0\.0\.1:9/.*', which is not https"):
            load("toy")
        offer(server.source("moved"))
        assert len(load("toy").train) == 60


def test_a_self_signed_certificate_is_not_trusted(toy, contents, offer, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    with Server(pack(contents), tls=True) as server:
        offer(server.source("good"))
        with pytest.raises(DataUnavailable, match=r"127\.0\.0\.1:\d+: its certificate is not trusted: self.signed"):
            load("toy")
        assert server.asked == []


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_a_refusing_proxy_is_reported_without_its_password(toy, server, offer, monkeypatch, variable):
    offer("good")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    for name in ("no_proxy", "NO_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, f"http://me:secret@127.0.0.1:{port}")
    with pytest.raises(DataUnavailable, match="the proxy") as caught:
        load("toy")
    assert f"the proxy 127.0.0.1:{port} (correct or unset {variable}) refuses the connection" in caught.value.message
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("proxy", "words"),
    [
        ("127.0.0.1:{}", "the proxy 127.0.0.1:{} (correct or unset http_proxy) refuses the connection"),
        ("me:secret@127.0.0.1:{}", "the proxy 127.0.0.1:{} (correct or unset http_proxy) has no valid address"),
        ("socks5://127.0.0.1:{}", "the proxy 127.0.0.1:{} (correct or unset http_proxy) speaks SOCKS"),
        ("http://:{}", "the proxy :{} (correct or unset http_proxy) "),
    ],
)
def test_a_proxy_is_named_however_it_is_written(toy, offer, monkeypatch, proxy, words):
    offer("http://name.invalid/good/")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", proxy.format(port))
    with pytest.raises(DataUnavailable, match="is not on this machine, and it cannot be downloaded") as caught:
        load("toy")
    assert words.format(port) in caught.value.message
    assert "secret" not in str(caught.value)
    assert "they are at http://name.invalid/good/" in caught.value.hint


def test_a_proxy_from_the_environment_is_used(toy, server, offer, monkeypatch):
    """The server is asked for another server's address, so it is used as the proxy."""
    offer("http://name.invalid/good/")
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.server_port}")
    with pytest.raises(DataUnavailable):  # it is no good as one, but it was asked
        load("toy")
    assert server.strangers


def test_a_missing_network_is_noticed_within_5_seconds(toy, offer):
    """A source whose name is unknown, one that refuses, and one that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.create_server(("127.0.0.1", 0)) as closed:
        refused = closed.getsockname()[1]
        closed.close()
        offer("http://name.invalid/", *(f"http://127.0.0.1:{port}/" for port in (silent.getsockname()[1], refused)))
        began = time.perf_counter()
        with pytest.raises(DataUnavailable, match="there is no network to download it") as caught:
            load("toy")
        assert time.perf_counter() - began < 5
    assert "name.invalid: its name is unknown" in caught.value.message
    assert f"127.0.0.1:{refused}: it refuses the connection" in caught.value.message
    assert "no answer" in caught.value.message


def test_sources_that_cannot_be_reached_are_not_waited_for(toy, offer):
    offer("http://name.invalid/", "good")
    began = time.perf_counter()
    fetch("toy")
    assert time.perf_counter() - began < 5


class Bar:
    moved, closed = 0, False

    def update(self, count):
        self.moved += count

    def reset(self):
        self.moved = 0

    def close(self):
        self.closed = True


@pytest.mark.parametrize(
    "ways", [["good"], ["reset-once"], ["reset-then-all"], ["reset-then-other-bytes"], ["gone", "good"]]
)
def test_there_is_a_bar_for_every_file_and_it_is_closed(toy, offer, hasty, ways):
    offer(*ways)
    bars = []

    def progress(file, num_bytes):
        bars.append((file, num_bytes, Bar()))
        return bars[-1][2]

    fetch("toy", progress=progress)
    assert [(file, size) for file, size, _ in bars] == [(f"{file.name}.gz", file.download_size) for file in toy.files]
    assert all(bar.closed and bar.moved == size for _, size, bar in bars)


def test_the_next_fetch_continues_after_ctrl_c(toy, server, offer):
    """Raised where Ctrl-C would be: while a chunk is being written."""
    offer("slow")

    class Interrupting(Bar):
        def update(self, count):
            super().update(count)
            if self.moved > 10_000:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch("toy", progress=lambda file, size: Interrupting())
    [left] = cache_folder("toy").iterdir()
    size = left.stat().st_size
    del server.asked[:]
    fetch("toy")
    assert server.asked[0] == ("slow", "train-images-idx3-ubyte.gz", size)
    assert names_in_cache() == sorted(file.name for file in toy.files)


def test_a_full_disk_is_an_error_with_a_hint(toy, server, offer, tmp_path):
    """A limit on the size of files stands for the disk: 20,000 bytes, the largest file has 47,000."""
    offer("good")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(DataError, match=r"the cache .*toy cannot be written: File too large") as caught:
            load("toy")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "set LENET_CACHE to a writable folder with free space" in caught.value.hint
    assert names_in_cache() == []
    assert len(load("toy").train) == 60


@pytest.mark.parametrize("size", ["9" * 5000, "-1", "1e3", "٣", "", "12 34"])
def test_nonsensical_sizes_are_ignored(tmp_path, size):
    with partial_file(tmp_path, "file", 100) as growing:
        assert download._begin(http.Answer(200, {"Content-Length": size}), growing, None) is None
        growing.write(b"abc")
        with pytest.raises(http.Fault, match="another part of the file"):
            download._begin(http.Answer(206, {"Content-Range": f"bytes 3-{size}/{size}"}), growing, None)


@given(st.integers(0, 10**6))
def test_retry_after_may_be_seconds_or_a_date(seconds):
    assert http._wait(str(seconds)) == seconds
    date = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
    assert http._wait(email.utils.format_datetime(date)) == pytest.approx(seconds, abs=30)


@given(st.text())
def test_a_nonsensical_retry_after_is_ignored(text):
    wait = http._wait(text)
    assert wait is None or wait >= 0
