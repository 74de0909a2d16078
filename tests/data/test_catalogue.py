import pytest

from lenet.data.catalogue import CATALOGUE, find_entry
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
