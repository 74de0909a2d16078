"""Where Fashion-MNIST is found."""

import shutil

import pytest
import torch

from lenet import d2l
from lenet.d2l.bridge import fashion_mnist as iterators
from lenet.errors import DataError, DataUnavailable


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
    images, labels = next(iter(train_iter))
    assert (images.shape, images.dtype) == ((256, 1, 28, 28), torch.float32)
    assert (labels.shape, labels.dtype) == ((256,), torch.int64)
    assert (float(images.min()), float(images.max())) == (0, 1)
    assert train_iter.shuffle
    assert not test_iter.shuffle
    assert d2l.load_data_fashion_mnist(64, resize=96, root=str(real_root))[0].source is train_iter.source  # held once
    monkeypatch.setenv("LENET_DATA", str(real_data))
    assert len(d2l.get_data_fashion_mnist(10_000)[1]) == 1
    monkeypatch.setenv("HOME", str(real_root.parent))
    monkeypatch.delenv("LENET_DATA")
    assert len(d2l.load_data_fashion_mnist(10_000, root="~/mine")[0]) == 6
    with pytest.raises(DataError, match="not on this machine"):
        d2l.load_data_fashion_mnist(10_000)


def test_a_download_is_reported(capsys):
    iterators._progress_bar("train-images-idx3-ubyte.gz", 26_421_880)
    assert capsys.readouterr().err == "downloading train-images-idx3-ubyte.gz (26.4 MB)\n"


def test_data_that_are_nowhere_are_asked_for_with_the_books_argument(no_network, monkeypatch, tmp_path):
    monkeypatch.setenv("LENET_CACHE", str(tmp_path / "empty"))
    with pytest.raises(DataUnavailable, match="is not on this machine") as caught:
        d2l.load_data_fashion_mnist(256, root=tmp_path)
    assert "root=FOLDER or LENET_DATA=FOLDER" in caught.value.hint
