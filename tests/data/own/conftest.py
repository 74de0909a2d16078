"""Small data sets in every format."""

import numpy as np
import pytest


@pytest.fixture
def digits():
    """20 training and 10 test images of 5 classes, 6×6, with their labels."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (30, 6, 6), np.uint8)
    images[:, 0, 0] = 0
    labels = np.arange(30, dtype=np.int64) % 5
    return images[:20], labels[:20], images[20:], labels[20:]
