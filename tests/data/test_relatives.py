"""EMNIST, QMNIST and KMNIST in small: what is special about their files, from the server to the arrays."""

import dataclasses
import gzip
import hashlib
import io
import re
import struct
import zipfile

import numpy as np
import pytest
from faultlab.server import Server

from lenet.data import fetch, idx
from lenet.data.archive import cached_archive
from lenet.data.cache import cache_folder
from lenet.data.catalogue import CATALOGUE
from lenet.data.entry import File, Packed
from lenet.data.importing import import_folder
from lenet.data.loading import load
from lenet.data.locate import locate
from lenet.errors import DataError, DataUnavailable

COUNTS = (30, 10)


def small(name, monkeypatch, tmp_path):
    """A data set with the file names and formats of `name` and few images in the catalogue; its images, labels, raw files."""
    random = np.random.default_rng(0)
    entry = CATALOGUE[name]
    arrays, contents, files = [], [], []
    for file in entry.files:
        count = COUNTS[0 if "train" in file.name else 1]
        if len(file.shape) == 3:
            array = random.integers(0, 256, (count, 28, 28), dtype=np.uint8)
            stored = array.transpose(0, 2, 1) if entry.is_transposed else array
            content = idx.dump(stored)
        else:
            array = np.arange(count) % len(entry.classes)
            stored = (array + entry.first_label).astype(np.uint8)
            content = idx.dump(stored)
            if file.code == idx.INT:
                rows = np.c_[array, np.full((count, 7), 1000)].astype(">i4")
                content = struct.pack(">3I", idx.INT << 8 | 2, *rows.shape) + rows.tobytes()
        packed = gzip.compress(content, mtime=0)
        hashed = Packed(f"{file.name}.gz", len(packed), hashlib.sha256(packed).hexdigest())
        shape = (count, *file.shape[1:])
        arrays.append(array)
        contents.append((f"{file.name}.gz", packed))
        files.append(File(file.name, shape, len(packed), packed=hashed, code=file.code))
    archive = None
    served = dict(contents)
    if entry.archive:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as packed_files:
            for file_name, content in contents:
                packed_files.writestr(f"gzip/{file_name}", content)
        served = {"gzip.zip": stream.getvalue()}
        archive = Packed("gzip.zip", len(stream.getvalue()), hashlib.sha256(stream.getvalue()).hexdigest())
    monkeypatch.setenv("LENET_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("LENET_DATA", raising=False)
    entry = dataclasses.replace(entry, files=tuple(files), archive=archive)
    monkeypatch.setitem(CATALOGUE, name, entry)
    return entry, arrays, served


@pytest.fixture(params=["kmnist", "qmnist", "emnist-letters"])
def relative(request, monkeypatch, tmp_path):
    return small(request.param, monkeypatch, tmp_path)


def serve(monkeypatch, entry, server, way="good"):
    monkeypatch.setitem(CATALOGUE, entry.name, dataclasses.replace(entry, sources=(server.source(way),)))


def assert_holds(splits, arrays):
    for dataset, images, labels in zip(splits, arrays[::2], arrays[1::2], strict=True):
        assert np.array_equal(dataset.images, images)
        assert np.array_equal(dataset.labels, labels)


def test_a_download_is_checked_and_read(relative, monkeypatch):
    entry, arrays, served = relative
    with Server(served) as server:
        serve(monkeypatch, entry, server)
        splits = load(entry.name)
        assert splits.source.startswith("downloaded from 127.0.0.1")
        assert_holds(splits, arrays)
        assert load(entry.name).source == "cache"
        assert len(server.asked) == len(served)


def test_a_download_with_another_hash_is_refused(relative, monkeypatch):
    entry, _, served = relative
    name = next(iter(served))
    with Server(served | {name: served[name][:-1] + b"x"}) as server:
        serve(monkeypatch, entry, server)
        with pytest.raises(DataUnavailable, match=r"has the SHA-256 .*; expected|is truncated or damaged"):
            load(entry.name)
    assert not [path for path in cache_folder().rglob("*") if path.is_file()]


def test_damage_in_the_cache_is_noticed_and_repaired(relative, monkeypatch):
    entry, arrays, served = relative
    with Server(served) as server:
        serve(monkeypatch, entry, server)
        fetch.fetch(entry.name)
        path = cache_folder(entry.name) / entry.files[2].name
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
        with pytest.raises(DataError, match=f"{path.name} has the SHA-256"):
            load(entry.name)
        assert [check.is_fixed for check in fetch.verify(entry.name)] == [False, False, True, False]
        assert_holds(load(entry.name), arrays)


def test_a_users_files_are_found_and_imported(relative, tmp_path):
    """As torchvision lays them out: unpacked, in FOLDER/raw."""
    entry, arrays, served = relative
    raw = tmp_path / "mine" / entry.folder / "raw"
    raw.mkdir(parents=True)
    if entry.archive:
        with zipfile.ZipFile(io.BytesIO(served["gzip.zip"])) as packed:
            served = {name.rpartition("/")[2]: packed.read(name) for name in packed.namelist()}
    for name, content in served.items():
        (raw / name.removesuffix(".gz")).write_bytes(gzip.decompress(content))
    assert_holds(load(entry.name, tmp_path / "mine"), arrays)
    assert [folder.entry.name for folder in import_folder(tmp_path / "mine", entry.name)[0]] == [entry.name]
    assert_holds(load(entry.name), arrays)
    assert locate(entry.name).source == "cache"


def test_wrong_labels_are_noticed_without_a_hash(relative, tmp_path):
    entry, _, _ = relative
    (tmp_path / "mine").mkdir()
    for file in entry.files:
        array = np.full(file.shape, 200, np.uint8)
        content = idx.dump(array)
        if file.code == idx.INT:
            content = struct.pack(">3I", idx.INT << 8 | 2, *file.shape) + array.astype(">i4").tobytes()
        (tmp_path / "mine" / file.name).write_bytes(content)
    first, last = entry.first_label, entry.first_label + len(entry.classes) - 1
    with pytest.raises(DataError, match=f"has labels 200 to 200; {entry.title} has {first} to {last}"):
        load(entry.name, tmp_path / "mine")


def test_kmnist_is_told_by_its_hashes_and_not_by_mnists_names(monkeypatch, tmp_path):
    _, arrays, served = small("kmnist", monkeypatch, tmp_path)
    (tmp_path / "mine").mkdir()
    for name, content in served.items():
        (tmp_path / "mine" / name).write_bytes(content)
    assert [folder.entry.name for folder in import_folder(tmp_path / "mine")[0]] == ["kmnist"]
    for name, content in served.items():  # compressed by somebody else: it may be any data set
        (tmp_path / "mine" / name).write_bytes(gzip.compress(gzip.decompress(content), 1, mtime=1))
    with pytest.raises(DataError, match=r"t10k|train"):
        import_folder(tmp_path / "mine")
    import_folder(tmp_path / "mine", "kmnist")
    assert_holds(load("kmnist"), arrays)


def test_the_archive_of_emnist_is_imported_and_serves_all_splits(monkeypatch, tmp_path):
    entry, arrays, served = small("emnist-letters", monkeypatch, tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/gzip.zip").write_bytes(served["gzip.zip"])
    everything, _ = import_folder(tmp_path / "mine")
    assert [folder.entry.name for folder in everything] == ["emnist-letters"]
    assert not (cache_folder("emnist-letters")).exists()
    imported, _ = import_folder(tmp_path / "mine", "EMNIST/letters")
    assert [folder.entry.name for folder in imported] == ["emnist-letters"]
    assert cached_archive(entry).is_file()
    assert_holds(load("emnist-letters"), arrays)


def test_an_archive_without_the_files_is_an_error(monkeypatch, tmp_path):
    entry, _, _ = small("emnist-letters", monkeypatch, tmp_path)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        packed.writestr("gzip/other.gz", b"")
    content = stream.getvalue()
    archive = Packed("gzip.zip", len(content), hashlib.sha256(content).hexdigest())
    entry = dataclasses.replace(entry, archive=archive)
    with Server({"gzip.zip": content}) as server:
        serve(monkeypatch, entry, server)
        with pytest.raises(DataError, match=r"gzip\.zip cannot be unpacked: .*emnist-letters-train-images"):
            load("emnist-letters")


@pytest.mark.parametrize(
    "spelling",
    [
        lambda name: re.sub("-(idx)", r".\1", name),
        lambda name: re.sub("-", "_", name),
        lambda name: f"{name} (1)",
        lambda name: name.replace("t10k", "test"),
        lambda name: f"{name}/{name}",
        lambda name: name.removesuffix("-ubyte").upper() + ".bin",
    ],
)
def test_other_spellings_of_file_names_are_found(put, contents, tmp_path, spelling, toy):
    folder = put(tmp_path / "mine")
    for file in toy.files:
        content = (folder / file.name).read_bytes()
        (folder / file.name).unlink()
        (folder / spelling(file.name)).parent.mkdir(exist_ok=True)
        (folder / spelling(file.name)).write_bytes(content)
    assert load("toy", folder).test.labels.tolist() == list(contents[3][8:])
    assert [located.entry.name for located in import_folder(folder)[0]] == ["toy"]


def test_a_folder_without_the_files_is_named(toy, tmp_path, no_network):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("")
    (tmp_path / "mine/train_images").mkdir()
    (tmp_path / "mine/train_images/cat.png").write_bytes(b"")
    message = r"mine \(--data-dir\) has notes.txt, train_images, expected train-images-idx3"
    with pytest.raises(DataUnavailable, match=message) as error:
        load("toy", tmp_path / "mine")
    assert error.value.hint.startswith(f"--data {tmp_path / 'mine'} trains on what is in that folder; ")


def test_a_web_page_is_called_one(put, toy, tmp_path):
    folder = put(tmp_path / "mine")
    (folder / toy.files[0].name).unlink()
    (folder / f"{toy.files[0].name}.gz").write_bytes(b"\n<!DOCTYPE html><html><body>404</body></html>")
    with pytest.raises(DataError, match=r"\.gz is a web page; expected images in the IDX format"):
        load("toy", folder)


def test_lenet_data_that_is_gone_does_not_hinder_the_digits(monkeypatch, tmp_path):
    monkeypatch.setenv("LENET_DATA", str(tmp_path / "gone"))
    assert load("digits").notice == f"LENET_DATA is {tmp_path / 'gone'}, which is no folder; it is not needed here"
    with pytest.raises(DataError, match=r"LENET_DATA is .*gone, which is no folder"):
        locate("mnist")
    with pytest.raises(DataError, match=r"--data-dir is .*gone, which is no folder"):
        locate("digits", tmp_path / "gone")
