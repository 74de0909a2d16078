"""Batches against a real DataLoader: the same, bit for bit, in the same order, from the same seed."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import noise
from PIL import Image

from lenet.d2l.bridge.batches import BatchIterator, ImageDataset
from lenet.errors import ConfigError


class OneByOne(torch.utils.data.Dataset):
    """As torchvision's data sets do it: a Pillow image, resized, divided by 255."""

    def __init__(self, dataset, size=None):
        self.dataset, self.size = dataset, size

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, index):
        image = Image.fromarray(self.dataset.images[index])
        if self.size:
            image = image.resize(self.size[::-1], Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.array(image)).to(torch.float32).div(255)
        return (pixels[None] if pixels.ndim == 2 else pixels.permute(2, 0, 1)), int(self.dataset.labels[index])


def same(ours, theirs):
    """All batches of both, compared, and PyTorch's generator afterwards."""
    torch.manual_seed(5)
    expected = [list(theirs) for _ in range(2)], torch.rand(1)
    torch.manual_seed(5)
    found = [list(ours) for _ in range(2)], torch.rand(1)
    assert torch.equal(expected[1], found[1])
    for epoch, other in zip(*(each[0] for each in (expected, found)), strict=True):
        for (a, b), (c, d) in zip(epoch, other, strict=True):
            assert torch.equal(a, c)
            assert torch.equal(b, d)
            assert (a.dtype, b.dtype) == (c.dtype, d.dtype)


@given(st.integers(1, 40), st.integers(1, 50), st.booleans(), st.sampled_from([1, 3]))
@settings(max_examples=30)
def test_batches_are_those_of_a_dataloader(count, batch_size, shuffle, in_channels):
    dataset = noise(count, (7, 5), in_channels=in_channels)
    ours = BatchIterator(dataset, batch_size, shuffle)
    theirs = torch.utils.data.DataLoader(OneByOne(dataset), batch_size, shuffle=shuffle)
    same(ours, theirs)
    assert len(ours) == len(theirs)
    assert (ours.batch_size, len(ours.dataset)) == (batch_size, count)


@pytest.mark.parametrize("resize", [None, 12])
def test_the_images_are_had_one_by_one_as_from_a_dataloader(resize):
    dataset = noise(9)
    batches = BatchIterator(dataset, 4, resize=resize)
    image, label = batches.dataset[3]
    images, labels = next(iter(batches))
    assert torch.equal(image, images[3])
    assert label == int(labels[3])
    assert torch.equal(batches.dataset.targets, torch.from_numpy(dataset.labels))
    assert torch.equal(batches.dataset.data, torch.from_numpy(dataset.images))
    same(batches, torch.utils.data.DataLoader(batches.dataset, 4))


@pytest.mark.parametrize("size", [(96, 96), (14, 20), (28, 40), (28, 28), (3, 64)])
def test_resized_batches_are_those_of_a_dataloader(size):
    dataset = noise(9)
    same(BatchIterator(dataset, 4, True, size), torch.utils.data.DataLoader(OneByOne(dataset, size), 4, shuffle=True))


def test_an_order_draws_what_an_iteration_draws():
    dataset = noise(30)
    iterator = BatchIterator(dataset, 30, True)
    torch.manual_seed(1)
    (_, labels), after = next(iter(iterator)), torch.rand(1)
    torch.manual_seed(1)
    order = iterator.order()
    assert np.array_equal(dataset.labels[order], labels.numpy())
    assert torch.equal(torch.rand(1), after)


def test_the_whole_resized_set_is_what_the_batches_hold():
    iterator = BatchIterator(noise(600), 600, resize=32)
    whole = iterator.resized_dataset()
    (images, labels) = next(iter(iterator))
    assert np.array_equal(whole.images, (images[:, 0] * 255).round().to(torch.uint8).numpy())
    assert np.array_equal(whole.labels, labels)
    assert iterator.resized_dataset() is whole
    assert torch.equal(iterator.first(2), images[:2])


def test_images_come_one_by_one_too():
    dataset = noise(5)
    images = ImageDataset(dataset, 32)
    assert len(images) == 5
    assert images[3][0].shape == (1, 32, 32)
    assert torch.equal(images[3][0], OneByOne(dataset, (32, 32))[3][0])
    assert images[3][1] == dataset.labels[3]
    assert (images.data.shape, images.targets.shape) == ((5, 28, 28), (5,))
    same(BatchIterator(dataset, 2, True, 32), torch.utils.data.DataLoader(images, 2, shuffle=True))


@pytest.mark.parametrize("batch_size", [0, -1, 2.5, "256", True])
def test_a_batch_size_that_is_none(batch_size):
    with pytest.raises(ConfigError, match="batch_size"):
        BatchIterator(noise(3), batch_size)
