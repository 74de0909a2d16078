"""Data sets made up by tests, patterns that a network learns in a few steps and noise; and networks with initial weights."""

from typing import Any

import numpy as np

from lenet.data.dataset import Dataset
from lenet.networks import Network, build
from lenet.networks.initialization import initialized

DIGITS = tuple("0123456789")


def patterns(count: int, seed: int) -> Dataset:
    """Ten patterns of 28 × 28 pixels, each many times under noise, on a black ground: learned within a few steps."""
    originals = np.random.RandomState(0).randint(0, 200, (10, 28, 28))
    originals[:, :4] = originals[:, -4:] = originals[:, :, :4] = originals[:, :, -4:] = 0
    random = np.random.RandomState(seed)
    labels = random.permutation(np.arange(count, dtype=np.int64) % 10)
    images = originals[labels] + random.randint(0, 56, (count, 28, 28))
    return Dataset("toy", images.astype(np.uint8), labels, DIGITS)


def noise(
    count: int, size: tuple[int, int] = (28, 28), num_classes: int = 10, in_channels: int = 1, seed: int = 0
) -> Dataset:
    """Random pixels, grey or with three colour channels, with random labels."""
    random = np.random.RandomState(seed)
    colours = [3] if in_channels == 3 else []
    images = random.randint(0, 256, (count, *size, *colours)).astype(np.uint8)
    labels = random.randint(0, num_classes, count).astype(np.int64)
    return Dataset("made up", images, labels, tuple(map(str, range(num_classes))))


def network_of(name: str, init: str = "default", seed: int = 0, **arguments: Any) -> Network:
    """A model with its initial weights."""
    return initialized(build(name, **arguments), init, seed)
