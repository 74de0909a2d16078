import gzip
import json
import os
import time
from pathlib import Path

import numpy as np
import pytest

from lenet.data import idx, integrity
from lenet.data.cache import cache_folder
from lenet.data.catalogue import CATALOGUE
from lenet.data.data_file import DataFile
from lenet.data.fetch import verify
from lenet.data.loading import load
from lenet.errors import DataError


@pytest.mark.parametrize(
    ("number", "damage", "message"),
    [
        (0, lambda c: c[:-1], "its header announces 60×28×28"),
        (0, lambda c: b"\0\0\x08\x01" + c[4:], "begins with the magic number 0x00000801; expected 0x00000803"),
        (1, lambda c: idx.dump(np.zeros(59, np.uint8)), "holds 59 labels; Toy has 60 labels there"),
        (2, lambda c: idx.dump(np.zeros((21, 28, 28), np.uint8)), "holds 21 images; Toy has 20 images there"),
        (3, lambda c: c[:-1] + b"\xff", "has the SHA-256 .*; expected .*, that of Toy"),
        (2, lambda c: gzip.compress(c)[:-20], "is truncated or damaged"),
        (2, lambda c: b"", "has 0 bytes"),
        (3, lambda c: gzip.compress(c + bytes(4 << 20)), "holds more than 1,0[0-9]{2},[0-9]{3} bytes"),
    ],
)
def test_a_damaged_file_is_refused_by_name(toy, put, contents, tmp_path, number, damage, message):
    folder = put(tmp_path / "mine")
    path = folder / toy.files[number].name
    path.write_bytes(damage(contents[number]))
    with pytest.raises(DataError, match=f"{path.name} .*{message}") as caught:
        load("toy", folder)
    assert caught.value.hint
    faults = [check.path for check in verify("toy", folder) if check.fault]
    assert faults == [path]


def test_the_files_of_another_data_set_are_recognised(real_data):
    for name, other in (("fashion-mnist", "MNIST"), ("mnist", "Fashion-MNIST")):
        folder = "mnist" if name == "fashion-mnist" else "fashion-mnist"
        with pytest.raises(DataError, match=f"holds {other}, not {CATALOGUE[name].title}") as caught:
            load(name, real_data / folder)
        assert f"--data {folder}" in caught.value.hint


@pytest.fixture
def record(monkeypatch):
    """The record; files that have just changed are recorded too."""
    monkeypatch.setattr(integrity, "SETTLED_SECONDS", -1e9)
    return lambda: json.loads((cache_folder() / integrity.RECORD).read_text())


def alter(path):
    """Change the content but not the size."""
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last[0] ^ 1]))


def test_a_recorded_file_is_not_checked_again(toy, put, tmp_path, record, monkeypatch):
    folder = put(tmp_path / "mine")
    first = load("toy", folder)
    assert list(record()) == [str(folder / file.name) for file in toy.files]
    monkeypatch.setattr(DataFile, "check", None)  # not called
    assert load("toy", folder).fingerprint == first.fingerprint
    assert sorted(path.name for path in folder.iterdir()) == sorted(file.name for file in toy.files)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_changed_file_is_checked_again(toy, put, tmp_path, record, suffix):
    """Size and modification time are put back as they were; the time of the change itself cannot be."""
    folder = put(tmp_path / "mine", suffix, *([gzip.compress] if suffix else []))
    load("toy", folder)
    path = folder / f"{toy.files[2].name}{suffix}"
    before = path.stat()
    time.sleep(0.02)
    alter(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    with pytest.raises(DataError, match=path.name):
        load("toy", folder)
    assert str(path) not in record()
    assert len(record()) == 3


@pytest.mark.parametrize("field", range(5))
def test_every_recorded_value_counts(toy, put, tmp_path, record, field):
    """Size, times, inode and hash: if all agree a damaged file is trusted, if one differs it is not."""
    folder = put(tmp_path / "mine")
    load("toy", folder)
    path = folder / toy.files[1].name
    alter(path)
    states = record()
    state = path.stat()
    states[str(path)] = [state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino, toy.files[1].sha256]
    (cache_folder() / integrity.RECORD).write_text(json.dumps(states))
    load("toy", folder)
    value = states[str(path)][field]
    states[str(path)][field] = value[::-1] if isinstance(value, str) else value + 1
    (cache_folder() / integrity.RECORD).write_text(json.dumps(states))
    with pytest.raises(DataError, match="SHA-256"):
        load("toy", folder)


def test_a_file_that_has_just_changed_is_not_recorded(toy, put, tmp_path):
    """The clock of a file system may tick so slowly that the next change would not be seen."""
    folder = put(tmp_path / "mine")
    load("toy", folder)
    assert not (cache_folder() / integrity.RECORD).exists()
    ahead = time.time() + 3600
    for path in folder.iterdir():
        os.utime(path, (ahead, ahead))
    load("toy", folder)
    assert not (cache_folder() / integrity.RECORD).exists()


def test_verify_corrects_the_record(toy, put, tmp_path, record):
    folder = put(tmp_path / "mine")
    load("toy", folder)
    path = folder / toy.files[1].name
    alter(path)
    state = path.stat()
    states = record() | {
        str(path): [state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino, toy.files[1].sha256]
    }
    (cache_folder() / integrity.RECORD).write_text(json.dumps(states))
    assert [check.path for check in verify("toy", folder) if check.fault] == [path]
    assert str(path) not in record()
    with pytest.raises(DataError, match="SHA-256"):
        load("toy", folder)


@pytest.mark.parametrize(
    "nonsense", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"a": ' * 50_000, b"1" * (2 << 20)]
)
def test_an_unreadable_record_costs_only_the_check(put, tmp_path, record, nonsense):
    folder = put(tmp_path / "mine")
    path = cache_folder() / integrity.RECORD
    path.parent.mkdir()
    path.write_bytes(nonsense)
    assert len(load("toy", folder).train) == 60
    assert len(record()) == 4


def test_a_record_of_nonsense_is_not_trusted(toy, put, tmp_path, record):
    folder = put(tmp_path / "mine")
    path = folder / toy.files[1].name
    alter(path)
    (cache_folder()).mkdir()
    for state in (None, True, [], {}, toy.files[1].sha256, [toy.files[1].sha256], [0, 0, 0, 0, toy.files[1].sha256]):
        (cache_folder() / integrity.RECORD).write_text(json.dumps({str(path): state}))
        with pytest.raises(DataError, match="SHA-256"):
            load("toy", folder)


def test_without_a_writable_cache_nothing_is_recorded(put, tmp_path, record, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LENET_CACHE", str(tmp_path / "file"))
    assert len(load("toy", put(tmp_path / "mine")).train) == 60


def test_the_record_stays_small(put, tmp_path, record, monkeypatch):
    monkeypatch.setattr(integrity, "MAX_FILES", 6)
    for name in ("one", "two"):
        load("toy", put(tmp_path / name))
    assert [Path(path).parent.name for path in record()] == ["one"] * 2 + ["two"] * 4
