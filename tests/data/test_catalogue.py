import re

import pytest

from lenet.data.catalogue import CATALOGUE, find_entry, owner
from lenet.errors import DataError


def test_every_entry_is_complete():
    for name, entry in CATALOGUE.items():
        assert find_entry(name) is entry
        assert entry.name == name
        assert entry.licence
        assert entry.homepage.startswith("http")
        assert len(entry.classes) == len(set(entry.classes))
        assert all(source.startswith(("https://", "http://")) and source.endswith("/") for source in entry.sources)
        hashes = [file.sha256 or file.packed.sha256 or file.packed.md5 for file in entry.files]
        assert len(set(hashes)) == 4
        assert {len(each) for each in hashes} == ({32} if entry.archive else {64})
        assert all(re.fullmatch("[0-9a-f]+", each) for each in hashes)


@pytest.mark.parametrize(
    ("name", "num_train", "num_test", "num_classes", "megabytes"),
    [
        ("kmnist", 60_000, 10_000, 10, 21),
        ("qmnist", 60_000, 60_000, 10, 20),
        ("emnist-balanced", 112_800, 18_800, 47, 562),
        ("emnist-byclass", 697_932, 116_323, 62, 562),
        ("emnist-bymerge", 697_932, 116_323, 47, 562),
        ("emnist-digits", 240_000, 40_000, 10, 562),
        ("emnist-letters", 124_800, 20_800, 26, 562),
        ("emnist-mnist", 60_000, 10_000, 10, 562),
    ],
)
def test_the_relatives_of_mnist_are_known(name, num_train, num_test, num_classes, megabytes):
    entry = CATALOGUE[name]
    assert (entry.num_train, entry.num_test, len(entry.classes)) == (num_train, num_test, num_classes)
    assert (entry.size, round(entry.download_size / 1e6)) == ((28, 28), megabytes)


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("FashionMNIST", "fashion-mnist"),
        ("fashion_mnist", "fashion-mnist"),
        ("Fashion MNIST", "fashion-mnist"),
        ("zalando-datasets/fashion_mnist", "fashion-mnist"),
        ("MNIST", "mnist"),
        ("ylecun/mnist", "mnist"),
        ("mnist_784", "mnist"),
        ("Kuzushiji-MNIST", "kmnist"),
        ("QMNIST", "qmnist"),
        ("EMNIST/letters", "emnist-letters"),
        ("emnist_ByClass", "emnist-byclass"),
        ("tanganke/emnist_letters", "emnist-letters"),
    ],
)
def test_other_spellings_are_understood(spelling, name):
    assert find_entry(spelling) is CATALOGUE[name]


def test_emnist_alone_is_ambiguous():
    with pytest.raises(DataError, match="EMNIST has six splits") as caught:
        find_entry("EMNIST")
    assert "emnist-letters" in caught.value.hint


GARMENTS = "T-shirt/top, Trouser, Pullover, Dress, Coat, Sandal, Shirt, Sneaker, Bag, Ankle boot"
DIGITS = "0, 1, 2, 3, 4, 5, 6, 7, 8, 9"


@pytest.mark.parametrize(
    ("name", "classes", "folder", "framing", "download_size"),
    [
        ("fashion-mnist", GARMENTS, "FashionMNIST", "box", 30_878_645),
        ("mnist", DIGITS, "MNIST", "mass", 11_594_722),
        ("digits", DIGITS, "digits", "mass", 54_950_048),
    ],
)
def test_each_data_set_is_what_its_authors_say(name, classes, folder, framing, download_size):
    entry = CATALOGUE[name]
    assert ", ".join(entry.classes) == classes
    assert (entry.folder, entry.ground, entry.framing, entry.size) == (folder, "dark", framing, (28, 28))
    assert entry.download_size == download_size
    assert [file.name for file in entry.files] == [
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    ]
    assert [file.shape for file in entry.files] == [(60_000, 28, 28), (60_000,), (10_000, 28, 28), (10_000,)]
    assert [file.num_bytes for file in entry.files] == [47_040_016, 60_008, 7_840_016, 10_008]
    assert all(re.fullmatch("[0-9a-f]{64}", file.sha256) for file in entry.files)
    assert all(owner(file.sha256) is entry for file in entry.files)


def test_an_unknown_hash_has_no_owner():
    assert owner("0" * 64) is None


def test_addresses_are_written_as_servers_know_them():
    for entry in CATALOGUE.values():
        for address in (entry.homepage, *entry.sources):
            assert re.fullmatch(r"https?://[a-z0-9.-]+\.[a-z]+/[\w./-]*", address)


def test_downloads_have_at_least_two_sources():
    assert all(len(CATALOGUE[name].sources) >= 2 for name in ("fashion-mnist", "mnist"))
    assert CATALOGUE["digits"].sources == ()


def test_no_two_data_sets_share_a_file():
    hashes = [
        file.sha256 or file.packed.sha256 or file.packed.md5 for entry in CATALOGUE.values() for file in entry.files
    ]
    assert len(set(hashes)) == len(hashes)


def test_auto_is_not_a_data_set():
    with pytest.raises(DataError, match="auto is a choice for training"):
        find_entry("auto")


def test_a_path_where_a_name_is_expected_is_called_one(tmp_path):
    with pytest.raises(DataError, match="is data of your own; expected the name of a data set") as caught:
        find_entry(str(tmp_path))
    assert f"lenet data check {tmp_path}" in caught.value.hint


def test_an_unknown_name_lists_the_choices():
    with pytest.raises(DataError) as caught:
        find_entry("fashion")
    assert str(caught.value) == (
        f"unknown data set 'fashion'\nhint: did you mean fashion-mnist? choose from auto, {', '.join(CATALOGUE)}"
    )
