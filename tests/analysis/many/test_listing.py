"""The image files of a folder: sorted by path, in parts, also where more are there than are sorted at once."""

import errno
import os

import pytest

from lenet.analysis.many import listing as module
from lenet.analysis.many.listing import listing
from lenet.errors import DataError, RunError
from lenet.files import durable


def touch(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


@pytest.mark.parametrize("at_once", [3, 1000])
def test_all_images_are_there_in_order(tmp_path, monkeypatch, at_once):
    monkeypatch.setattr(module, "SORTED", at_once)
    monkeypatch.setattr(module, "BLOCK", 7)
    names = [
        f"{folder}{number}.{suffix}"
        for folder in ("", "b/", "a/c/")
        for number in range(11)
        for suffix in ("png", "JPG")
    ]
    names.append("line\nbreak.png")
    photos = tmp_path / "photos"
    touch(photos, *names, "notes.txt", ".hidden.png", "b/Thumbs.db")
    (photos / "no suffix").write_bytes(b"\x89PNG\r\n\x1a\n")
    (photos / "no image").write_bytes(b"text")
    expected = sorted([*names, "no suffix"], key=os.fsencode)
    with listing(photos, 10, tmp_path) as files:
        assert (files.count, files.ignored, files.num_parts) == (len(expected), 2, 7)
        parts = [files.part(number) for number in range(files.num_parts)]
        assert [name for part in parts for name in part] == expected
        assert [len(part) for part in parts] == [10] * 6 + [len(expected) - 60]
        assert files.part(2) == parts[2]
        first = files.sha256
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]  # nothing temporary is left
    touch(photos, "new.png")
    with listing(photos, 10, tmp_path) as files:
        assert files.sha256 != first


def test_names_of_any_bytes(tmp_path):
    name = os.fsdecode(b"caf\xe9.png")
    try:
        touch(tmp_path / "photos", name)
    except OSError:
        pytest.skip("the file system takes no such names")
    with listing(tmp_path / "photos", 10, tmp_path) as files:
        assert files.part(0) == [name]


def test_a_folder_without_images(tmp_path):
    touch(tmp_path / "photos", "notes.txt")
    with pytest.raises(DataError, match="holds no images"), listing(tmp_path / "photos", 10, tmp_path):
        pass


@pytest.mark.parametrize("at_once", [3, 1000])
@pytest.mark.parametrize("written", range(4))
def test_a_full_disk_is_a_line(tmp_path, monkeypatch, at_once, written):
    """However many bytes it still takes: with none, the file itself cannot be made."""

    def write(file, content):
        if len(content) > left[0]:
            content = content[: left[0]]
        left[0] -= len(content)
        if not content:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os_write(file, content)

    def full(**_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module, "SORTED", at_once)
    photos = tmp_path / "photos"
    touch(photos, *(f"{number}.png" for number in range(10)))
    os_write, left = os.write, [17 * written]
    monkeypatch.setattr(durable.os, "write", write)
    if not written:
        monkeypatch.setattr(module.tempfile, "TemporaryFile", full)
    with (
        pytest.raises(RunError, match=r"cannot write .*: the disk is full") as caught,
        listing(photos, 10, tmp_path),
    ):
        pass
    assert caught.value.hint == "free some space; then the same command goes on"
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]
