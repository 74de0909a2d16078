"""Whatever call of the system fails, a file has its old content or its new content."""

import contextlib
import errno
import os

import pytest

from lenet.files import durable

CALLS = ("open", "write", "fsync", "lseek", "read", "replace", "close")


def failing(monkeypatch, name, nth):
    """Make the nth call of a function of `os` fail."""
    real, calls = getattr(os, name), []

    def fail(*arguments, **keywords):
        calls.append(name)
        if len(calls) == nth:
            if name == "close":
                real(*arguments)  # as the system does: the file is closed all the same
            raise OSError(errno.EIO, "planted")
        return real(*arguments, **keywords)

    monkeypatch.setattr(os, name, fail)
    return calls


@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("name", CALLS)
def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, name, nth):
    path = tmp_path / "file"
    durable.write(path, b"before")
    with monkeypatch.context() as patched:
        calls = failing(patched, name, nth)
        failed = False
        try:
            durable.write(path, b"after" * 1000)
        except OSError:
            failed = True
    assert failed == (len(calls) >= nth)
    replaced = not failed or (name, nth) in (("open", 2), ("fsync", 2), ("close", 2))  # when the folder is synced
    assert path.read_bytes() == (b"after" * 1000 if replaced else b"before")
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_stores_something_else_is_noticed(tmp_path, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda file, content: real(file, bytes(len(content))))
    with pytest.raises(OSError, match="what is read back is not what was written"):
        durable.write(tmp_path / "file", b"content")
    monkeypatch.setattr(os, "write", lambda file, content: len(content))
    with pytest.raises(OSError, match="what is read back is not what was written"):
        durable.write(tmp_path / "file", b"content")
    with pytest.raises(OSError, match="what was written is not there"):
        durable.append(tmp_path / "lines", b"content", 0)
    monkeypatch.setattr(os, "write", lambda file, content: 0)
    with pytest.raises(OSError, match="nothing could be written"):
        durable.write(tmp_path / "file", b"content")


def test_short_writes_are_continued(tmp_path, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda file, content: real(file, content[:3]))
    durable.write(tmp_path / "file", b"0123456789")
    durable.append(tmp_path / "file", b"0123456789abcdefg", 10)
    assert (tmp_path / "file").read_bytes() == b"0123456789abcdefg"


def test_what_a_failed_append_left_behind_is_cut_off(tmp_path):
    path = tmp_path / "lines"
    durable.append(path, b"one\n", 0)
    with path.open("ab") as file:
        file.write(b"tw")
    durable.append(path, b"one\ntwo\n", 4)
    assert path.read_bytes() == b"one\ntwo\n"


@pytest.mark.parametrize("left", [None, b"", b"one\n", b"one\ntwo"])
def test_a_truncated_or_removed_file_is_written_anew(tmp_path, left):
    path = tmp_path / "lines"
    if left is not None:
        path.write_bytes(left)
    durable.append(path, bytearray(b"one\ntwo\nthree\n"), 8)
    assert path.read_bytes() == b"one\ntwo\nthree\n"


def test_sync_writes_what_an_append_did_not(tmp_path):
    path = tmp_path / "lines"
    for content in (b"one\ntwo\n", b"one\n", b"one\ntwo\nthree\n", b"one\ntwa\n", bytes(8)):
        path.write_bytes(content)
        durable.sync(path, b"one\ntwo\n")
        assert path.read_bytes() == b"one\ntwo\n"


def test_only_temporary_files_are_leftovers(tmp_path):
    for name in (".model.safetensors.0123abcd.tmp", "x.tmp", ".0123abcd.tmp", ".hidden", "model.safetensors"):
        (tmp_path / name).touch()
    assert [path.name for path in durable.leftovers(tmp_path)] == [".model.safetensors.0123abcd.tmp"]


def test_folders_are_made_with_their_parents_but_not_over_a_file(tmp_path):
    for _ in range(2):
        durable.make_folders(tmp_path / "one/two")
        assert (tmp_path / "one/two").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        durable.make_folders(tmp_path / "file")


@pytest.mark.parametrize(("number", "raises"), [(errno.EINVAL, False), (errno.ENOTSUP, False), (errno.EIO, True)])
def test_not_every_file_system_can_sync_a_folder(tmp_path, monkeypatch, number, raises):
    def refuse(file):
        raise OSError(number, "planted")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="planted") if raises else contextlib.nullcontext():
        durable.sync_folder(tmp_path)
