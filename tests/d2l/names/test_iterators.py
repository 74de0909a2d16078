"""Iterators against a real DataLoader: the same batches, bit for bit, in the same order, from the same seed."""

import shutil

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import noise
from PIL import Image

from lenet import d2l
from lenet.d2l.names import iterators
from lenet.d2l.names.iterators import BatchIterator, Pictures, resized, size_after
from lenet.errors import ConfigError, DataError, DataUnavailable


class OneByOne(torch.utils.data.Dataset):
    """As torchvision's data sets do it: a Pillow picture, resized, divided by 255."""

    def __init__(self, dataset, size=None):
        self.dataset, self.size = dataset, size

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, index):
        picture = Image.fromarray(self.dataset.images[index])
        if self.size:
            picture = picture.resize(self.size[::-1], Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.array(picture)).to(torch.float32).div(255)
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
@settings(max_examples=30, deadline=None)
def test_batches_are_those_of_a_dataloader(count, batch_size, shuffle, in_channels):
    dataset = noise(count, (7, 5), in_channels=in_channels)
    ours = BatchIterator(dataset, batch_size, shuffle)
    theirs = torch.utils.data.DataLoader(OneByOne(dataset), batch_size, shuffle=shuffle)
    same(ours, theirs)
    assert len(ours) == len(theirs)
    assert (ours.batch_size, len(ours.dataset)) == (batch_size, count)


@pytest.mark.parametrize("size", [(96, 96), (14, 20), (28, 40), (28, 28), (3, 64)])
def test_resized_batches_are_those_of_a_dataloader(size):
    dataset = noise(9)
    same(BatchIterator(dataset, 4, True, size), torch.utils.data.DataLoader(OneByOne(dataset, size), 4, shuffle=True))


@given(st.tuples(*[st.integers(1, 40)] * 4), st.integers(1, 4), st.sampled_from([1, 3]))
@settings(max_examples=50, deadline=None)
def test_resizing_many_at_once_is_resizing_each(edges, count, in_channels):
    height, width, *size = edges
    images = noise(count, (height, width), in_channels=in_channels).images
    each = [np.asarray(Image.fromarray(image).resize(size[::-1], Image.Resampling.BILINEAR)) for image in images]
    assert np.array_equal(resized(images, tuple(size)), np.stack(each))


def test_an_edge_alone_is_the_shorter_one():
    assert size_after((28, 28), None) == (28, 28)
    assert size_after((28, 28), 224) == (224, 224)
    assert size_after((20, 30), 40) == (40, 60)
    assert size_after((30, 20), [40]) == (60, 40)
    assert size_after((30, 20), [5, 6]) == (5, 6)
    for wrong in (0, (1, 2, 3), (0, 5), "28", 2.5):
        with pytest.raises(ConfigError, match="resize is"):
            size_after((28, 28), wrong)


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
    whole = iterator.in_size()
    (pictures, labels) = next(iter(iterator))
    assert np.array_equal(whole.images, (pictures[:, 0] * 255).round().to(torch.uint8).numpy())
    assert np.array_equal(whole.labels, labels)
    assert iterator.in_size() is whole
    assert torch.equal(iterator.first(2), pictures[:2])


def test_pictures_come_one_by_one_too():
    dataset = noise(5)
    pictures = Pictures(dataset, 32)
    assert len(pictures) == 5
    assert pictures[3][0].shape == (1, 32, 32)
    assert torch.equal(pictures[3][0], OneByOne(dataset, (32, 32))[3][0])
    assert pictures[3][1] == dataset.labels[3]
    assert (pictures.data.shape, pictures.targets.shape) == ((5, 28, 28), (5,))
    same(BatchIterator(dataset, 2, True, 32), torch.utils.data.DataLoader(pictures, 2, shuffle=True))


@pytest.mark.parametrize("batch_size", [0, -1, 2.5, "256", True])
def test_a_batch_size_that_is_none(batch_size):
    with pytest.raises(ConfigError, match="batch_size"):
        BatchIterator(noise(3), batch_size)


def test_labels_in_words_and_no_workers():
    assert d2l.get_fashion_mnist_labels(torch.tensor([0, 9, 6])) == ["t-shirt", "ankle boot", "shirt"]
    assert d2l.get_dataloader_workers() == 0


@pytest.fixture
def real_root(real_data, tmp_path, monkeypatch):
    """An empty folder to work in, ../data beside it, and the real files in FashionMNIST/raw of a third."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    folder = tmp_path / "mine" / "FashionMNIST" / "raw"
    folder.mkdir(parents=True)
    for file in (real_data / "fashion-mnist").iterdir():
        shutil.copy(file, folder)
    iterators._loaded.cache_clear()
    yield tmp_path / "mine"
    iterators._loaded.cache_clear()


def test_the_data_are_found_in_root_or_where_lenet_finds_them(real_root, real_data, monkeypatch, no_network):
    (real_root.parent / "data").mkdir()  # which is empty: no source
    train_iter, test_iter = d2l.load_data_fashion_mnist(256, root=real_root)
    assert (len(train_iter), len(test_iter)) == (235, 40)
    pictures, labels = next(iter(train_iter))
    assert (pictures.shape, pictures.dtype) == ((256, 1, 28, 28), torch.float32)
    assert (labels.shape, labels.dtype) == ((256,), torch.int64)
    assert (float(pictures.min()), float(pictures.max())) == (0, 1)
    assert train_iter.shuffle
    assert not test_iter.shuffle
    assert d2l.load_data_fashion_mnist(64, resize=96, root=str(real_root))[0].dataset is train_iter.dataset  # held once
    monkeypatch.setenv("LENET_DATA", str(real_data))
    assert len(d2l.get_data_fashion_mnist(10_000)[1]) == 1
    monkeypatch.setenv("HOME", str(real_root.parent))
    monkeypatch.delenv("LENET_DATA")
    assert len(d2l.load_data_fashion_mnist(10_000, root="~/mine")[0]) == 6
    with pytest.raises(DataError, match="not on this machine"):
        d2l.load_data_fashion_mnist(10_000)


def test_a_download_is_told_of(capsys):
    iterators._bar("train-images-idx3-ubyte.gz", 26_421_880)
    assert capsys.readouterr().err == "downloading train-images-idx3-ubyte.gz (26.4 MB)\n"


def test_data_that_are_nowhere_are_asked_for_in_the_books_words(no_network, monkeypatch, tmp_path):
    monkeypatch.setenv("LENET_CACHE", str(tmp_path / "empty"))
    with pytest.raises(DataUnavailable, match="is not on this machine") as caught:
        d2l.load_data_fashion_mnist(256, root=tmp_path)
    assert "root=FOLDER or LENET_DATA=FOLDER" in caught.value.hint
