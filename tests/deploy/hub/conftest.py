"""A server of the Hub's interface, empty, and files that are made once: measuring a network takes longer than pushing it."""

import functools

import pytest
from hub_server import connected

from lenet.deploy.card.about import About
from lenet.deploy.hub import push
from lenet.deploy.hub.files import HubFiles, hub_files


@pytest.fixture
def hub(tmp_path):
    pytest.importorskip("huggingface_hub")
    with connected(tmp_path) as server:
        yield server


@pytest.fixture(scope="session")
def made(tiny, tiny_run):
    """Makes the files of the small run, once for each of what its author decides."""

    @functools.cache
    def make(about: About) -> HubFiles:
        return hub_files(tiny_run, about, tiny)

    return make


@pytest.fixture
def quick(made, monkeypatch):
    monkeypatch.setattr(push, "hub_files", lambda run, about, data, data_dir: made(about))
