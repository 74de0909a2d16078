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
        assert len(entry.classes) == len(set(entry.classes)) == 10
        assert (entry.num_train, entry.num_test) == (60_000, 10_000)
        assert len({file.sha256 for file in entry.files}) == 4
        assert all(len(file.sha256) == 64 for file in entry.files)
        assert all(source.startswith(("https://", "http://")) and source.endswith("/") for source in entry.sources)


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
        assert all(source == source.lower() for source in entry.sources)


def test_downloads_have_at_least_two_sources():
    assert all(len(CATALOGUE[name].sources) >= 2 for name in ("fashion-mnist", "mnist"))
    assert CATALOGUE["digits"].sources == ()


def test_no_two_data_sets_share_a_file():
    hashes = [file.sha256 for entry in CATALOGUE.values() for file in entry.files]
    assert len(set(hashes)) == len(hashes)


def test_auto_is_not_a_data_set():
    with pytest.raises(DataError, match="auto is a choice for training"):
        find_entry("auto")


def test_an_unknown_name_lists_the_choices():
    with pytest.raises(DataError) as caught:
        find_entry("fashion")
    assert str(caught.value) == (
        "unknown data set 'fashion'\nhint: did you mean fashion-mnist? choose from auto, fashion-mnist, mnist, digits"
    )
