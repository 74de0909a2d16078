"""A small data set in the catalogue, an empty cache, and a server that misbehaves on demand."""

import dataclasses

import pytest
from faultlab import toy as toys
from faultlab.server import Server

from lenet.data import download, http
from lenet.data.catalogue import CATALOGUE


@pytest.fixture(scope="session")
def contents():
    """The four raw files of a small data set: 60 and 20 images."""
    return toys.make(60, 20)


@pytest.fixture
def toy(monkeypatch, contents, tmp_path):
    """A data set in the catalogue with those files, and an empty cache."""
    entry = toys.describe(contents, "http://name.invalid/")
    monkeypatch.setitem(CATALOGUE, "toy", entry)
    monkeypatch.setenv("LENET_CACHE", str(tmp_path / "cache"))
    return entry


@pytest.fixture
def server(contents):
    with Server(toys.pack(contents), toys.pack(toys.make(60, 20, seed=4))) as server:
        yield server


@pytest.fixture
def offer(monkeypatch, toy, server):
    """Make the server's faults, or other addresses, the sources of the data set."""

    def offer(*ways):
        sources = tuple(way if ":" in way else server.source(way) for way in ways)
        monkeypatch.setitem(CATALOGUE, "toy", dataclasses.replace(toy, sources=sources))
        return sources

    return offer


@pytest.fixture
def hasty(monkeypatch):
    """Short waits in downloads."""
    for module, name, value in (
        (http, "ANSWER_SECONDS", 1.0),
        (http, "STALL_SECONDS", 0.5),
        (download, "SLOW_SECONDS", 0.3),
        (download, "RETRIES", 1),
        (download, "BACKOFF_SECONDS", 0.01),
        (http, "MAX_WAIT_SECONDS", 0.5),
    ):
        monkeypatch.setattr(module, name, value)


@pytest.fixture
def put(toy, contents):
    """Write the four files of the data set into a folder, compressed or not."""

    def put(folder, suffix="", pack=lambda content: content):
        folder.mkdir(parents=True)
        for file, content in zip(toy.files, contents, strict=True):
            (folder / f"{file.name}{suffix}").write_bytes(pack(content))
        return folder

    return put
