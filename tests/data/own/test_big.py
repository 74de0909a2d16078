"""IDX files larger than memory: what comes out is what small ones give, a killed packing goes on, disks are full."""

import gzip
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

import lenet
from lenet.data import idx
from lenet.data.own import big, big_copy, idx_source, store
from lenet.errors import DataError

KILLED = """
import os, sys
import lenet
from lenet.data.own import big, big_copy, idx_source
big.BIG, big_copy.SYNC, idx_source.BLOCK = 1, 1 << 16, 1 << 14
write = big_copy._Copier._note

def note_and_die(self, total):
    write(self, total)
    if total > 200_000:
        os.kill(os.getpid(), 9)

big_copy._Copier._note = note_and_die
lenet.data.load(sys.argv[1])
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """600 training and 100 test images of 3 classes as IDX files, and a cache of its own."""
    monkeypatch.setenv("LENET_CACHE", str(tmp_path / "cache"))
    random = np.random.default_rng(0)
    path = tmp_path / "set"
    path.mkdir()
    for name, count in (("train", 600), ("t10k", 100)):
        images = random.integers(0, 256, (count, 28, 28), np.uint8)
        labels = (np.arange(count) % 3 * 2 + 1).astype(np.uint8)  # the numbers 1, 3 and 5
        (path / f"{name}-images-idx3-ubyte").write_bytes(idx.dump(images))
        (path / f"{name}-labels-idx1-ubyte").write_bytes(idx.dump(labels))
    return path


@pytest.fixture
def is_big(monkeypatch):
    """Every set counts as large, and is copied in small blocks."""
    monkeypatch.setattr(big, "BIG", 1)
    monkeypatch.setattr(store, "MANY", 1)
    monkeypatch.setattr(idx_source, "BLOCK", 1 << 14)
    monkeypatch.setattr(big_copy, "SYNC", 1 << 16)


def packs(folder):
    return sorted(path.name for path in (folder.parent / "cache" / "own").iterdir())


def compress(folder):
    for path in list(folder.iterdir()):
        (folder / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()


@pytest.mark.parametrize("is_compressed", [False, True])
def test_a_large_set_is_the_small_one(folder, request, is_compressed):
    small = lenet.data.load(folder)
    shutil.rmtree(folder.parent / "cache")
    if is_compressed:
        compress(folder)
    request.getfixturevalue("is_big")
    large = lenet.data.load(folder)
    assert large.fingerprint == small.fingerprint
    assert "fingerprint" in vars(large)  # nothing is hashed again
    for one, other in zip(large, small, strict=True):
        assert np.array_equal(one.images, other.images)
        assert np.array_equal(one.labels, other.labels)
        assert (one.classes, one.preprocessing) == (other.classes, other.preprocessing)
    assert (large.source, large.notice) == (small.source, small.notice)
    assert not large.train.images.flags.owndata
    assert len(packs(folder)) == 1


@pytest.mark.process
def test_a_killed_packing_goes_on(folder, request, monkeypatch):
    expected = lenet.data.load(folder).fingerprint
    shutil.rmtree(folder.parent / "cache")
    request.getfixturevalue("is_big")
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder)], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert [name.endswith(".packing") for name in packs(folder)] == [True]
    written = []
    write = big_copy._Copier._write
    monkeypatch.setattr(
        big_copy._Copier, "_write", lambda self, block, place: written.append(len(block)) or write(self, block, place)
    )
    assert lenet.data.load(folder).fingerprint == expected
    assert 0 < sum(written) <= 700 * 784 - 200_000


def test_a_full_disk(folder, is_big, monkeypatch):
    def no_space(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as change:
        change.setattr(big_copy._Copier, "_write", no_space)
        with pytest.raises(DataError, match="No space left") as caught:
            lenet.data.load(folder)
    assert "LENET_CACHE" in caught.value.hint
    assert packs(folder) == []
    with monkeypatch.context() as change:
        change.setattr(big_copy.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 0))
        with pytest.raises(DataError, match=r"takes 0\.0 GB in the cache .*, which has 0\.0 GB left"):
            lenet.data.load(folder)
    assert packs(folder) == []
    assert len(lenet.data.load(folder).train) == 600


def test_two_processes_do_not_pack_the_same(folder, is_big, monkeypatch):
    copier = big_copy._Copier.run

    def run(self, labels):
        with pytest.raises(DataError, match="another process is packing"):
            lenet.data.load(folder)
        return copier(self, labels)

    monkeypatch.setattr(big_copy._Copier, "run", run)
    assert len(lenet.data.load(folder).train) == 600


def test_files_that_are_damaged(folder, is_big):
    name = folder / "train-images-idx3-ubyte"
    content = name.read_bytes()
    name.write_bytes(content[:-1])
    with pytest.raises(DataError, match=r"announces 600×28×28, 470,400 bytes, and has 470,399"):
        lenet.data.load(folder)
    name.write_bytes(content + b"1")
    with pytest.raises(DataError, match="and has more"):
        lenet.data.load(folder)
    name.write_bytes(content)
    (folder / "train-labels-idx1-ubyte").write_bytes(idx.dump(np.zeros(599, np.uint8)))
    with pytest.raises(DataError, match="600 images but 599 labels"):
        lenet.data.load(folder)
    (folder / "train-labels-idx1-ubyte").write_bytes(idx.dump(np.full(600, 3, np.uint8)))
    with pytest.raises(DataError, match=r"class 1 .* test images but none to train on"):
        lenet.data.load(folder)


def test_progress_is_shown(folder, is_big):
    shown = []

    class Bar:
        def update(self, num_bytes):
            shown.append(num_bytes)

        def reset(self):
            shown.append("again")

        def close(self):
            shown.append("closed")

    lenet.data.load(folder, progress=lambda name, size: shown.append((name, size)) or Bar())
    assert shown[0] == ("packing set", 700 * 784)
    assert sum(shown[1:-1]) == 700 * 784
    assert shown[-1] == "closed"


def test_the_same_weights_mapped_and_in_memory(folder, is_big, tmp_path, monkeypatch):
    from lenet.data import augmentation, mapped, plan

    settings = {"recipe": "fast", "epochs": 2, "batch_size": 8, "augment": "strong", "flip": True, "shift": 2}
    settings |= {"validation": 50, "progress": "quiet"}
    splits = lenet.data.load(folder)
    in_memory = lenet.train(splits, out=tmp_path / "memory", **settings)
    monkeypatch.setattr(plan, "MANY", 100)
    monkeypatch.setattr(augmentation, "MANY", 100)
    monkeypatch.setattr("lenet.training.loop.PART", 64)
    monkeypatch.setattr(plan, "PART", 64)
    monkeypatch.setattr(mapped, "LARGE", 1)
    mapped_run = lenet.train(splits, out=tmp_path / "mapped", **settings)
    assert mapped_run.summary.weights_sha256 == in_memory.summary.weights_sha256
    assert mapped_run.test_accuracy == in_memory.test_accuracy
