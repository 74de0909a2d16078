import errno
import os
import threading
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lenet.data import cache
from lenet.data.cache import cache_folder, partial_file, sweep
from lenet.errors import DataError

LONG_AGO = (1_000_000_000, 1_000_000_000)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_cache_is_the_users_unless_it_is_moved(monkeypatch):
    monkeypatch.delenv("LENET_CACHE")
    assert cache_folder("mnist").parts[-2:] == ("lenet", "mnist")


@given(st.binary(max_size=3000))
def test_a_written_file_is_there_and_nothing_else(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("cache") / "deep" / "er"
    for each in (b"before", content):
        cache.write(folder / "file", each)
    assert (folder / "file").read_bytes() == content
    assert names(folder) == ["file"]
    assert (folder / "file").stat().st_mode & 0o777 == 0o666 & ~umask()


def umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch, call):
    cache.write(tmp_path / "file", b"before")

    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(DataError, match="cannot be written: No space left on device") as caught:
        cache.write(tmp_path / "file", b"after")
    assert "free some space there, or set LENET_CACHE" in caught.value.hint
    monkeypatch.undo()
    assert names(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == b"before"


def test_a_disk_that_loses_data_is_noticed(tmp_path, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda file, content: real(file, bytes(len(content))))
    with pytest.raises(DataError, match="what is read back is not what was written"):
        cache.write(tmp_path / "file", b"x" * 5000)
    assert names(tmp_path) == []


def test_concurrent_writes_are_seen_whole(tmp_path):
    contents = [bytes([number]) * 200_000 for number in range(4)]
    cache.write(tmp_path / "file", contents[0])
    threads = [
        threading.Thread(target=lambda c=c: [cache.write(tmp_path / "file", c) for _ in range(10)]) for c in contents
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert (tmp_path / "file").read_bytes() in contents
    assert names(tmp_path) == ["file"]


def test_a_finished_download_leaves_no_part(tmp_path):
    with partial_file(tmp_path, "file", 100) as growing:
        growing.write(b"abc")
        growing.write(b"def")
        assert (growing.size, growing.path.read_bytes(), growing.is_continued) == (6, b"abcdef", False)
        growing.clear()
        growing.write(b"g")
        assert growing.path.read_bytes() == b"g"
    assert names(tmp_path) == []


def interrupt(folder, content, name="file"):
    with suppress(KeyboardInterrupt), partial_file(folder, name, 100) as growing:
        growing.write(content)
        raise KeyboardInterrupt


def test_an_interrupted_part_is_continued_at_once(tmp_path):
    interrupt(tmp_path, b"abc")
    with partial_file(tmp_path, "file", 100) as growing:
        assert (growing.size, growing.is_continued) == (3, True)
        growing.write(b"d")
        assert growing.path.read_bytes() == b"abcd"
        assert len(names(tmp_path)) == 1
    assert names(tmp_path) == []


def test_other_and_larger_parts_are_not_continued(tmp_path):
    interrupt(tmp_path, b"abc", "other")
    interrupt(tmp_path, bytes(50))
    with partial_file(tmp_path, "file", 49) as growing:
        assert growing.size == 0
    assert [name.split(".")[1] for name in names(tmp_path)] == ["other"]


def test_the_largest_part_is_continued_and_the_others_are_removed(tmp_path):
    for number, size in enumerate((2, 7, 5)):
        path = tmp_path / f".file.{number}.part"
        path.write_bytes(bytes(size))
        os.utime(path, LONG_AGO)
    with partial_file(tmp_path, "file", 100) as growing:
        assert growing.size == 7
        assert len(names(tmp_path)) == 1


def test_a_part_in_use_is_left_alone(tmp_path):
    with partial_file(tmp_path, "file", 100) as one:
        one.write(b"abc")
        with partial_file(tmp_path, "file", 100) as two:
            assert two.size == 0
            sweep(tmp_path)
            assert len(names(tmp_path)) == 2


def test_a_sleeping_process_loses_nothing(tmp_path, monkeypatch):
    """One process is stopped for an hour and another takes over its part; then both continue, each with its own."""
    with partial_file(tmp_path, "file", 100) as sleeper:
        sleeper.write(b"abc")
        os.utime(sleeper.path, LONG_AGO)
        with partial_file(tmp_path, "file", 100) as other:
            other.write(b"XYZ")
            sleeper.write(b"def")
            other.file.seek(0)
            sleeper.file.seek(0)
            assert (other.file.read(), sleeper.file.read()) == (b"abcXYZ", b"abcdef")
    assert names(tmp_path) == []


def test_only_one_process_takes_over_a_part(tmp_path):
    (tmp_path / ".file.0.part").write_bytes(bytes(50))
    os.utime(tmp_path / ".file.0.part", LONG_AGO)
    sizes, barrier = [], threading.Barrier(8)

    def take():
        barrier.wait()
        with partial_file(tmp_path, "file", 100) as growing:
            sizes.append(growing.size)
            barrier.wait()

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sizes) == [0] * 7 + [50]
    assert names(tmp_path) == []


def test_only_leftovers_are_swept(tmp_path):
    cache.write(tmp_path / "file", b"whole")
    for name in (".file.00000001.tmp", ".file.gz.ab.2.part", ".file.3.taken", ".keep"):
        (tmp_path / name).write_bytes(b"x")
        os.utime(tmp_path / name, LONG_AGO)
    os.utime(tmp_path / "file", LONG_AGO)
    (tmp_path / ".file.00000004.tmp").write_bytes(b"young")
    sweep(tmp_path)
    assert names(tmp_path) == [".file.00000004.tmp", ".keep", "file"]
    sweep(tmp_path / "nowhere")
