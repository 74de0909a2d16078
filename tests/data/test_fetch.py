"""Finding and downloading, against real folders and a real server that misbehaves."""

import dataclasses
import gzip
import hashlib
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from lenet.data import fetch, idx
from lenet.data.catalogue import CATALOGUE, File
from lenet.data.dataset import load
from lenet.errors import DataError, DataUnavailable

SHAPES = ((60, 28, 28), (60,), (20, 28, 28), (20,))


@pytest.fixture
def contents():
    """The four raw files of a small data set."""
    random = np.random.RandomState(3)
    return [idx.dump(random.randint(0, 10, shape).astype(np.uint8)) for shape in SHAPES]


@pytest.fixture
def toy(monkeypatch, contents, tmp_path):
    """A data set in the catalogue with those files, and an empty cache."""
    files = tuple(
        File(file.name, len(gzip.compress(content)), len(content), hashlib.sha256(content).hexdigest())
        for file, content in zip(CATALOGUE["mnist"].files, contents, strict=True)
    )
    entry = dataclasses.replace(
        CATALOGUE["mnist"], name="toy", title="Toy", folder="Toy", sources=("http://name.invalid/",), files=files
    )
    monkeypatch.setitem(CATALOGUE, "toy", entry)
    monkeypatch.setenv("LENET_CACHE", str(tmp_path / "cache"))
    return entry


def put(folder, toy, contents, suffix="", pack=lambda content: content):
    folder.mkdir(parents=True)
    for file, content in zip(toy.files, contents, strict=True):
        (folder / f"{file.name}{suffix}").write_bytes(pack(content))
    return folder


class Server(ThreadingHTTPServer):
    """Serves the files under /NAME/ in the way that is called NAME."""

    daemon_threads = True

    def __init__(self, files):
        self.files, self.asked, self.stalled = files, [], threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def sources(self, *ways):
        return tuple(f"http://127.0.0.1:{self.server_port}/{way}/" for way in ways)


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.send_response(200)
        self.end_headers()

    def do_GET(self):
        _, way, name = self.path.split("/")
        self.server.asked.append((way, name))
        content = self.server.files[name]
        if way == "gone":
            self.send_error(404)
            return
        if way == "page":
            content = b"<html>Please log in to the hotel's network.</html>"
        if way == "wrong":
            content = gzip.compress(idx.dump(np.ones((5, 28, 28), np.uint8)))
        length = len(content)
        if way == "short":
            content = content[: length // 2]
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        if way == "stall":
            self.server.stalled.wait(5)
            return
        self.wfile.write(content)


@pytest.fixture
def server(toy, contents):
    server = Server(
        {f"{file.name}.gz": gzip.compress(content) for file, content in zip(toy.files, contents, strict=True)}
    )
    yield server
    server.stalled.set()
    server.shutdown()
    server.server_close()


def from_sources(monkeypatch, toy, *sources):
    monkeypatch.setitem(CATALOGUE, "toy", dataclasses.replace(toy, sources=sources))


@pytest.mark.parametrize("place", ["", "toy", "Toy/raw"])
@pytest.mark.parametrize("packed", [True, False])
def test_the_four_files_are_found_in_every_layout(toy, contents, tmp_path, place, packed):
    root = tmp_path / "mine"
    put(root / place, toy, contents, *((".gz", gzip.compress) if packed else ()))
    splits = load("toy", root)
    assert splits.train.images.shape == (60, 28, 28)
    assert splits.test.labels.tolist() == list(contents[3][8:])
    assert splits.source == f"{root / place}, --data-dir"


def test_the_order_is_data_dir_then_environment_then_cache(toy, contents, tmp_path, monkeypatch):
    for name in ("one", "two", "cache"):
        put(tmp_path / name / "toy", toy, contents)
    assert fetch.locate("toy").source == "cache"
    monkeypatch.setenv("LENET_DATA", str(tmp_path / "two"))
    assert fetch.locate("toy").source == f"{tmp_path / 'two' / 'toy'}, LENET_DATA"
    assert fetch.locate("toy", tmp_path / "one").source == f"{tmp_path / 'one' / 'toy'}, --data-dir"
    (tmp_path / "bare").mkdir()
    assert fetch.locate("toy", tmp_path / "bare").source == "cache"


def test_a_folder_that_is_not_there_is_named_with_what_named_it(toy, tmp_path, monkeypatch):
    with pytest.raises(DataError, match=f"--data-dir is {tmp_path / 'no'}, which is no folder"):
        fetch.locate("toy", tmp_path / "no")
    monkeypatch.setenv("LENET_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match=r"LENET_DATA is .*nowhere, which is no folder"):
        fetch.locate("toy")


def test_a_missing_file_is_named(toy, contents, tmp_path):
    folder = put(tmp_path / "mine", toy, contents)
    (folder / toy.files[1].name).unlink()
    with pytest.raises(DataError, match=f"{folder} has no {toy.files[1].name} or {toy.files[1].name}.gz"):
        load("toy", folder)


@pytest.mark.parametrize(
    ("number", "damage", "message"),
    [
        (0, lambda c: c[:-1], "its header announces 60×28×28"),
        (0, lambda c: b"\0\0\x08\x01" + c[4:], "begins with the magic number 0x00000801; expected 0x00000803"),
        (1, lambda c: idx.dump(np.zeros(59, np.uint8)), "holds 59 labels; Toy has 60 labels there"),
        (2, lambda c: idx.dump(np.zeros((21, 28, 28), np.uint8)), "holds 21 pictures; Toy has 20 pictures there"),
        (3, lambda c: c[:-1] + b"\xff", "has the SHA-256 .*; expected .*, that of Toy"),
        (2, lambda c: gzip.compress(c)[:-20], "is truncated or damaged"),
        (2, lambda c: b"", "has 0 bytes"),
    ],
)
def test_a_damaged_file_is_refused_by_name(toy, contents, tmp_path, number, damage, message):
    folder = put(tmp_path / "mine", toy, contents)
    path = folder / toy.files[number].name
    path.write_bytes(damage(contents[number]))
    with pytest.raises(DataError, match=f"{path.name} .*{message}") as caught:
        load("toy", folder)
    assert caught.value.hint
    faults = [check.path for check in fetch.verify("toy", folder) if check.fault]
    assert faults == [path]


def test_the_files_of_another_data_set_are_recognised(real_data, tmp_path):
    for name, other in (("fashion-mnist", "MNIST"), ("mnist", "Fashion-MNIST")):
        folder = "mnist" if name == "fashion-mnist" else "fashion-mnist"
        with pytest.raises(DataError, match=f"holds {other}, not {CATALOGUE[name].title}") as caught:
            load(name, real_data / folder)
        assert f"--data {folder}" in caught.value.hint


def test_a_download_fills_the_cache_once(toy, contents, server, monkeypatch, tmp_path):
    from_sources(monkeypatch, toy, *server.sources("good"))
    splits = load("toy")
    assert splits.source == f"downloaded from 127.0.0.1:{server.server_port}"
    assert len(server.asked) == 4
    assert load("toy").source == "cache"
    assert len(server.asked) == 4
    assert load("toy").fingerprint == splits.fingerprint
    names = sorted(path.name for path in (tmp_path / "cache/toy").iterdir())
    assert names == sorted(f"{file.name}.gz" for file in toy.files)


def test_a_damaged_cache_is_refused_and_fetched_again(toy, server, monkeypatch, tmp_path):
    from_sources(monkeypatch, toy, *server.sources("good"))
    fetch.fetch("toy")
    path = tmp_path / "cache/toy" / f"{toy.files[2].name}.gz"
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(DataError, match="truncated or damaged"):
        load("toy")
    server.asked.clear()
    fetch.fetch("toy")
    assert [name for _, name in server.asked] == [path.name]
    assert load("toy").source == "cache"
    server.asked.clear()
    fetch.fetch("toy", force=True)
    assert len(server.asked) == 4


@pytest.mark.parametrize("way", ["gone", "page", "wrong", "short", "stall"])
def test_a_source_that_misbehaves_gives_way_to_the_next(toy, server, monkeypatch, way, tmp_path):
    monkeypatch.setattr(fetch, "STALL_SECONDS", 0.2)
    from_sources(monkeypatch, toy, *server.sources(way, "good"))
    assert len(load("toy").train) == 60
    assert {asked for asked, _ in server.asked} == {way, "good"}
    assert not list((tmp_path / "cache/toy").glob(".*"))


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ("gone", "404"),
        ("page", "what it sent begins with the magic number"),
        ("wrong", "what it sent holds 5 pictures"),
        ("short", "truncated|IncompleteRead|ChunkedEncodingError|ConnectionError"),
        ("stall", "ConnectionError|Timeout"),
    ],
)
def test_if_no_source_is_any_good_each_is_named_and_nothing_is_left(toy, server, monkeypatch, way, reason, tmp_path):
    monkeypatch.setattr(fetch, "STALL_SECONDS", 0.2)
    from_sources(monkeypatch, toy, *server.sources(way))
    with pytest.raises(DataUnavailable, match=reason) as caught:
        load("toy")
    assert server.sources(way)[0] in caught.value.message
    for way_out in ("lenet data import DIR", "--data-dir DIR", "LENET_DATA=DIR", "--data digits"):
        assert way_out in caught.value.hint
    assert list((tmp_path / "cache/toy").iterdir()) == []


def test_no_network_is_found_out_within_5_seconds(toy, monkeypatch, no_network):
    """A source whose name is unknown, one that refuses, and one that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.create_server(("127.0.0.1", 0)) as closed:
        refused = closed.getsockname()[1]
        closed.close()
        sources = (f"http://127.0.0.1:{port}/" for port in (silent.getsockname()[1], refused))
        from_sources(monkeypatch, toy, "http://name.invalid/", *sources)
        began = time.perf_counter()
        with pytest.raises(DataUnavailable, match="there is no network to download it"):
            load("toy")
        assert time.perf_counter() - began < 5


def test_sources_that_cannot_be_reached_are_not_waited_for(toy, server, monkeypatch):
    from_sources(monkeypatch, toy, "http://name.invalid/", *server.sources("good"))
    began = time.perf_counter()
    fetch.fetch("toy")
    assert time.perf_counter() - began < 5


def test_a_bar_is_told_of_every_file_and_closed(toy, server, monkeypatch):
    from_sources(monkeypatch, toy, *server.sources("good"))
    bars = []

    class Bar:
        total, moved, closed = 0, 0, False

        def update(self, count):
            self.moved += count

        def reset(self):
            self.moved = 0

        def close(self):
            self.closed = True

    def progress(file, num_bytes):
        bars.append((file, num_bytes, Bar()))
        return bars[-1][2]

    fetch.fetch("toy", progress=progress)
    assert [(file, size) for file, size, _ in bars] == [(f"{file.name}.gz", file.size) for file in toy.files]
    assert all(bar.closed and bar.moved == size for _, size, bar in bars)


def test_a_cache_that_cannot_be_written_is_an_error_with_the_way_out(toy, server, monkeypatch, tmp_path):
    from_sources(monkeypatch, toy, *server.sources("good"))
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LENET_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match=r"the cache .* cannot be written") as caught:
        fetch.fetch("toy")
    assert "LENET_CACHE" in caught.value.hint


def test_import_recognises_by_content_and_leaves_the_source_alone(toy, contents, tmp_path, monkeypatch):
    from_sources(monkeypatch, toy, "http://name.invalid/")
    folder = put(tmp_path / "mine/Toy/raw", toy, contents)
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    imported, faults = fetch.import_folder(tmp_path / "mine")
    assert faults == []
    assert [located.entry.name for located in imported] == ["toy"]
    assert load("toy").source == "cache"
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert fetch.import_folder(tmp_path / "mine", "toy")[0][0].folder == tmp_path / "cache/toy"


def test_import_of_nothing_or_of_something_damaged_is_refused(toy, contents, tmp_path, monkeypatch):
    from_sources(monkeypatch, toy, "http://name.invalid/")
    (tmp_path / "bare").mkdir()
    with pytest.raises(DataError, match="bare does not hold Fashion-MNIST or MNIST or Toy"):
        fetch.import_folder(tmp_path / "bare")
    with pytest.raises(DataError, match="nowhere is no folder"):
        fetch.import_folder(tmp_path / "nowhere")
    folder = put(tmp_path / "mine", toy, contents)
    (folder / toy.files[0].name).write_bytes(b"damaged")
    with pytest.raises(DataError, match=toy.files[0].name):
        fetch.import_folder(folder, "toy")
    assert not (tmp_path / "cache").exists()


def test_import_tells_what_is_damaged_beside_what_is_good(real_data, toy, contents, tmp_path, monkeypatch):
    """An MNIST folder with one truncated file is damaged MNIST, not "MNIST instead of Fashion-MNIST"."""
    from_sources(monkeypatch, toy, "http://name.invalid/")
    folder = tmp_path / "mine/mnist"
    folder.mkdir(parents=True)
    for path in (real_data / "mnist").glob("*ubyte*"):
        content = path.read_bytes()
        (folder / path.name).write_bytes(content[:-9] if path.name.startswith("t10k-images") else content)
    for name in (None, "mnist"):
        with pytest.raises(DataError, match=r"t10k-images-idx3-ubyte.*is truncated or damaged"):
            fetch.import_folder(tmp_path / "mine", name)
    put(tmp_path / "mine/toy", toy, contents)
    imported, faults = fetch.import_folder(tmp_path / "mine")
    assert [located.entry.name for located in imported] == ["toy"]
    assert [fault.message for fault in faults if "truncated or damaged" in fault.message]


def test_import_repairs_the_cache(toy, contents, tmp_path, monkeypatch):
    """A damaged plain file does not stay in the way of a good compressed one."""
    cache = put(tmp_path / "cache/toy", toy, contents)
    (cache / toy.files[0].name).write_bytes(b"damaged")
    put(tmp_path / "mine", toy, contents, ".gz", gzip.compress)
    from_sources(monkeypatch, toy, "http://name.invalid/")
    fetch.import_folder(tmp_path / "mine", "toy")
    assert [check.fault for check in fetch.verify("toy")] == [None] * 4
    assert all(path.suffix == ".gz" for path in cache.iterdir())


def test_a_folder_with_one_data_set_does_not_hide_the_others(real_data, monkeypatch, tmp_path):
    """LENET_DATA holds the four files of Fashion-MNIST itself: digits are made, and MNIST is found in the cache."""
    monkeypatch.setenv("LENET_CACHE", str(tmp_path))
    fetch.import_folder(real_data, "mnist")
    monkeypatch.setenv("LENET_DATA", str(real_data / "fashion-mnist"))
    assert fetch.locate("fashion-mnist").source.endswith("LENET_DATA")
    assert fetch.locate("mnist").source == "cache"
    assert fetch.locate("digits") is None
    assert load("digits").name == "digits"


def test_verify_needs_something_to_verify(toy):
    with pytest.raises(DataUnavailable, match="Toy is not on this machine"):
        fetch.verify("toy")


def test_the_digits_are_fetched_by_making_them(monkeypatch, tmp_path):
    monkeypatch.setenv("LENET_CACHE", str(tmp_path))
    assert fetch.locate("digits") is None
    located = fetch.fetch("digits")
    assert located.folder == tmp_path / "digits"
    assert [check.fault for check in fetch.verify("digits")] == [None] * 4
    assert fetch.fetch("digits").source == "cache"


def test_the_cache_is_the_users_unless_it_is_moved(monkeypatch):
    monkeypatch.delenv("LENET_CACHE")
    assert fetch.cache_folder("mnist").parts[-2:] == ("lenet", "mnist")
