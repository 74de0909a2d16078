"""A server that the tests of this folder share."""

import pytest
from serving import served

pytest.importorskip("uvicorn")
pytest.importorskip("httptools")

from lenet.deploy.server.limits import Limits
from lenet.deploy.server.run import open_networks
from lenet.images.as_they_are import as_they_are


@pytest.fixture(scope="session")
def networks(trained, tiny_run):
    return open_networks([f"digits={trained.path}", f"patterns={tiny_run.path}"])


@pytest.fixture(scope="session")
def url(networks):
    """A server of two networks that has small limits."""
    limits = Limits(
        body=200_000, images=20, head_seconds=0.6, body_seconds=0.8, idle_seconds=1.5, write_seconds=1, connections=200
    )
    with served(networks, limits) as url:
        yield url


@pytest.fixture(scope="session")
def images(trained):
    """Test images of the built-in digits that go in as they are."""
    from lenet import data

    test = data.load("digits").test.images[:5000]
    ready = as_they_are(test, trained.preprocessing)
    return test[ready.is_ready & ~ready.is_inverted][:100]
