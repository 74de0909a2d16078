"""A server of the Hub's interface with a good network in it, in the client's own words."""

import pytest
from hub_server import connected

from lenet.deploy.card.about import About
from lenet.deploy.hub.files import hub_files


@pytest.fixture(scope="session")
def good(tiny, tiny_run):
    """The files that `lenet push` writes of a small run."""
    return dict(hub_files(tiny_run, About(pictures=False), tiny).contents)


@pytest.fixture
def hub(tmp_path, good):
    pytest.importorskip("huggingface_hub")
    with connected(tmp_path) as server:
        server.add("ann/tiny", good)
        yield server
