"""Zip and tar archives of any format; what is refused in them."""

import io
import stat
import struct
import tarfile
import threading
import zipfile

import numpy as np
import pytest
from PIL import Image

from lenet.data.own import streams
from lenet.data.own.collection import Bad, read_collection
from lenet.errors import DataError

NAMES = [f"photos/{split}/{label}/{n}.png" for split in ("train", "test") for label in ("cat", "dog") for n in range(3)]


def image(value=7):
    file = io.BytesIO()
    Image.fromarray(np.full((4, 5), value, np.uint8)).save(file, "PNG")
    return file.getvalue()


CONTENTS = {name: image(number) for number, name in enumerate(NAMES)}


def write_zip(path, contents, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


def write_tar(path, contents, mode="w"):
    with tarfile.open(path, mode) as archive:
        for name, content in contents.items():
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def write(path, contents=CONTENTS):
    if path.suffix == ".zip":
        return write_zip(path, contents)
    return write_tar(path, contents, {".tgz": "w:gz", ".gz": "w:gz", ".bz2": "w:bz2"}.get(path.suffix, "w"))


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tgz", "a.tar.bz2", "download"])
def test_class_folders_in_an_archive(tmp_path, name):
    hidden = {"__MACOSX/photos/train/cat/._0.png": b"\0", "photos/.DS_Store": b"\0", "photos/train/cat/Thumbs.db": b""}
    path = write(tmp_path / name, {**CONTENTS, **hidden})
    collection = read_collection(path)
    assert collection.format == f"a {'zip' if name == 'a.zip' else 'tar'} archive of class folders"
    assert collection.classes == ("cat", "dog")
    assert [item.name for item in collection.items] == sorted(NAMES)
    assert {item.split for item in collection.items} == {"train", "test"}
    assert [collection.read(i) for i in range(12)] == [CONTENTS[item.name] for item in collection.items]
    assert collection.files == (path,)


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
def test_many_threads_read_one_archive(tmp_path, name):
    collection = read_collection(write(tmp_path / name))
    wrong = []

    def read(seed):
        for i in np.random.default_rng(seed).integers(0, 12, 100).tolist():
            if collection.read(i) != CONTENTS[collection.items[i].name]:
                wrong.append(i)

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_backslash_is_a_slash(tmp_path):
    path = write_zip(tmp_path / "a.zip", {name.replace("/", "\\"): content for name, content in CONTENTS.items()})
    assert read_collection(path).items[0].name == "photos/test/cat/0.png"


@pytest.mark.parametrize("unsafe", ["../1.png", "/etc/1.png", "C:\\1.png", "photos/../../1.png", "..\\1.png"])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_paths_that_lead_out_are_refused(tmp_path, unsafe, kind):
    path = write(tmp_path / f"a.{kind}", {**CONTENTS, unsafe: image()})
    with pytest.raises(DataError, match="has a path that leads out of the archive"):
        read_collection(path)
    collection = read_collection(path, skip_bad=True)
    assert len(collection.items) == 12
    shown = unsafe.replace("\\", "/")
    assert collection.bad == (Bad(f"{shown} in {path}", "has a path that leads out of the archive"),)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind):
    info = tarfile.TarInfo("photos/train/cat/9.png")
    info.type, info.linkname = kind, "/etc/passwd"
    path = write_tar(tmp_path / "a.tar", {**CONTENTS, info: b""})
    with pytest.raises(DataError, match=r"9.png in .* is a link or device; expected files") as error:
        read_collection(path)
    assert "--skip-bad" in error.value.hint


def test_links_encrypted_and_oddly_packed_files_in_a_zip_are_refused(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in CONTENTS.items():
            archive.writestr(name, content)
        link = zipfile.ZipInfo("photos/train/cat/link.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("photos/train/cat/bz2.png", image(), zipfile.ZIP_BZIP2)
        archive.writestr("photos/train/cat/locked.png", image())
    content = bytearray(path.read_bytes())
    start = content.rfind(b"PK\1\2")
    content[start + 8] |= 1  # the last member is encrypted
    path.write_bytes(content)
    collection = read_collection(path, skip_bad=True)
    assert [bad.reason for bad in collection.bad] == [
        "is a link or device; expected files",
        "is compressed in way 12; expected stored or deflated",
        "is encrypted",
    ]


def test_bombs_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "SUSPECT", 1 << 20)
    zeros = bytes(2 << 20)
    bomb = write_zip(tmp_path / "a.zip", {"cat/1.png": zeros})
    with pytest.raises(DataError, match="is a bomb"):
        read_collection(bomb)
    with tarfile.open(tmp_path / "a.tgz", "w:gz", compresslevel=1) as archive:
        info = tarfile.TarInfo("cat/1.png")
        info.size = len(zeros)
        archive.addfile(info, io.BytesIO(zeros))
    with pytest.raises(DataError, match="is a bomb"):
        read_collection(tmp_path / "a.tgz")


def test_a_zip_whose_members_overlap_is_refused(tmp_path):
    path = write_zip(tmp_path / "a.zip", {f"{n}.png": image() * 20 for n in range(3)}, zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    for start in [i for i in range(len(content)) if content[i : i + 4] == b"PK\1\2"]:
        struct.pack_into("<II", content, start + 20, len(content) - 200, len(content) - 200)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"overlap|damaged"):
        read_collection(path)


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tgz"])
def test_truncated_archives(tmp_path, name):
    content = write(tmp_path / name).read_bytes()
    for length in (len(content) // 5, len(content) // 3, len(content) // 2):
        (tmp_path / name).write_bytes(content[:length])
        with pytest.raises(DataError) as error:
            read_collection(tmp_path / name)
        assert error.value.hint


def test_a_damaged_member_is_named(tmp_path):
    path = write_zip(tmp_path / "a.zip", CONTENTS, zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    content[content.find(b"IDAT") + 6] ^= 1
    path.write_bytes(content)
    collection = read_collection(path)
    index = [item.name for item in collection.items].index(NAMES[0])
    with pytest.raises(DataError, match=f"{NAMES[0]} in .* is truncated or damaged"):
        collection.read(index)


def test_other_formats_in_archives(tmp_path, digits):
    train, y_train, test, y_test = digits
    file = io.BytesIO()
    np.savez(file, x_train=train, y_train=y_train, x_test=test, y_test=y_test)
    collection = read_collection(write_zip(tmp_path / "a.zip", {"sub/own.npz": file.getvalue()}))
    assert collection.format == "a zip archive of npz arrays"
    assert (collection.arrays == np.concatenate([train, test])).all()
    listed = {"labels.csv": b"file,label\nx/1.png,a\nx/2.png,a\nx/3.png,b\nx/4.png,b\n"}
    listed |= {f"x/{n}.png": image(n) for n in range(1, 5)}
    collection = read_collection(write_tar(tmp_path / "a.tar", listed))
    assert collection.format == "a tar archive of images listed in a CSV file"
    assert collection.read(3) == image(4)


def test_an_archive_in_a_folder_is_named(tmp_path):
    path = write(tmp_path / "a.zip")
    with pytest.raises(DataError, match="holds an archive") as error:
        read_collection(tmp_path)
    assert str(path) in error.value.hint
