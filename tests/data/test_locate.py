import gzip

import pytest

from lenet.data.cache import cache_folder
from lenet.data.importing import import_folder
from lenet.data.loading import load
from lenet.data.locate import cached_folder, locate
from lenet.errors import DataError


@pytest.mark.parametrize("place", ["", "toy", "Toy/raw"])
@pytest.mark.parametrize("packed", [True, False])
def test_the_files_are_found_in_every_layout(put, contents, tmp_path, place, packed):
    root = tmp_path / "mine"
    put(root / place, *((".gz", gzip.compress) if packed else ()))
    splits = load("toy", root)
    assert splits.train.images.shape == (60, 28, 28)
    assert splits.test.labels.tolist() == list(contents[3][8:])
    assert splits.source == f"{root / place}, --data-dir"


def test_the_order_is_data_dir_then_environment_then_cache(put, tmp_path, monkeypatch):
    for name in ("one", "two", "cache"):
        put(tmp_path / name / "toy")
    assert locate("toy").source == "cache"
    monkeypatch.setenv("LENET_DATA", str(tmp_path / "two"))
    assert locate("toy").source == f"{tmp_path / 'two' / 'toy'}, LENET_DATA"
    assert locate("toy", tmp_path / "one").source == f"{tmp_path / 'one' / 'toy'}, --data-dir"
    (tmp_path / "bare").mkdir()
    assert locate("toy", tmp_path / "bare").source == "cache"


def test_a_missing_folder_is_named_with_its_setting(toy, tmp_path, monkeypatch):
    with pytest.raises(DataError, match=f"--data-dir is {tmp_path / 'no'}, which is no folder"):
        locate("toy", tmp_path / "no")
    monkeypatch.setenv("LENET_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match=r"LENET_DATA is .*nowhere, which is no folder"):
        locate("toy")


def test_a_missing_file_is_named(toy, put, tmp_path):
    folder = put(tmp_path / "mine")
    (folder / toy.files[1].name).unlink()
    with pytest.raises(DataError, match=f"{folder} has no {toy.files[1].name} or {toy.files[1].name}.gz"):
        load("toy", folder)


def test_a_folder_with_one_data_set_does_not_hide_the_others(real_data, monkeypatch, tmp_path):
    """LENET_DATA holds the four files of Fashion-MNIST itself: digits are made, and MNIST is found in the cache."""
    monkeypatch.setenv("LENET_CACHE", str(tmp_path))
    import_folder(real_data, "mnist")
    monkeypatch.setenv("LENET_DATA", str(real_data / "fashion-mnist"))
    assert locate("fashion-mnist").source.endswith("LENET_DATA")
    assert locate("mnist").source == "cache"
    assert locate("digits") is None
    assert load("digits").name == "digits"


def test_only_files_in_the_cache_belong_to_lenet(toy, put, tmp_path):
    put(tmp_path / "mine")
    put(cache_folder("toy"))
    assert not locate("toy", tmp_path / "mine").is_cached
    assert locate("toy").is_cached
    assert cached_folder(toy).count() == 4
