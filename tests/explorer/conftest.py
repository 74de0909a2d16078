"""What the tests of the explorer share."""

import pytest

from lenet.explorer.page_data import page_data


@pytest.fixture(scope="session")
def held(trained):
    """The data of the page of `trained`, with 200 test images. Made once, since measuring its snapshots takes a second."""
    return page_data(trained.path, num_images=200)
