"""A folder that is written as a whole."""

from pathlib import Path

import pytest

from lenet.files import durable, whole_folder

FILES = {"config.json": b"{}", "checkpoints/step-1.json": b"1", "checkpoints/step-1.bin": bytes(3)}


def test_what_is_written_is_read(tmp_path):
    whole_folder.write(tmp_path / "a" / "run", FILES)
    assert whole_folder.read(tmp_path / "a" / "run") == FILES
    assert whole_folder.read(tmp_path / "nothing") == {}


def test_what_was_there_is_replaced_and_leftovers_go(tmp_path):
    whole_folder.write(tmp_path / "run", FILES)
    (tmp_path / ".run.0a1b2c3d.tmp").mkdir()
    whole_folder.write(tmp_path / "run", {"summary.json": b"[]"})
    assert whole_folder.read(tmp_path / "run") == {"summary.json": b"[]"}
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("step", ["sync_file", "sync_folder"])
def test_a_failure_leaves_what_was_there(tmp_path, monkeypatch, step):
    whole_folder.write(tmp_path / "run", FILES)

    def fail(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(durable, step, fail)
    with pytest.raises(OSError, match="No space"):
        whole_folder.write(tmp_path / "run", {"summary.json": b"[]"})
    assert whole_folder.read(tmp_path / "run") == FILES
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_folder_that_cannot_be_renamed_into_place_is_put_back(tmp_path, monkeypatch):
    whole_folder.write(tmp_path / "run", FILES)
    rename = Path.rename

    def second_fails(path, target):
        if target == tmp_path / "run" and (path / "summary.json").exists():
            raise OSError(13, "Permission denied")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", second_fails)
    with pytest.raises(OSError, match="Permission denied"):
        whole_folder.write(tmp_path / "run", {"summary.json": b"[]"})
    assert whole_folder.read(tmp_path / "run") == FILES
