"""`lenet data check` and `lenet data convert`."""

import json

import numpy as np
import pytest
from PIL import Image

from lenet.data.own.class_folders import as_png
from lenet.data.own.collection import read_collection


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Class folders of small images in colour, in a folder that is the current one's only content."""
    random = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(6):
            pixels = np.asarray(Image.fromarray(random.integers(0, 256, (5, 5, 3), dtype=np.uint8)).resize((40, 30)))
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{i}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "photos"


def test_check_prints_facts_findings_and_the_sheet(lenet_command, photos):
    (photos / "cat/broken.png").write_bytes(b"no image")
    (photos / "dog/0.png").write_bytes((photos / "cat/0.png").read_bytes())
    code, out, err = lenet_command("data", "check", "photos/")
    assert (code, err) == (0, "wrote photos-check.png\n")
    assert "class folders, 12 images of 2 classes" in out
    assert "sizes       30×40\n" in out
    assert "colours     all\n" in out
    for text in ("cat/broken.png", "conflicting-labels: 1 image is in two classes", "class cat has 6 images", "remedy"):
        assert text in out
    with Image.open("photos-check.png") as sheet:
        assert sheet.format == "PNG"


def test_check_as_json(lenet_command, photos, tmp_path):
    (photos / "dog/blank.png").write_bytes(as_png(np.zeros((30, 40, 3), np.uint8)))
    (photos / "dog/again.png").write_bytes((photos / "cat/0.png").read_bytes())
    (photos / "cat/broken.png").write_bytes(b"no image")
    code, out, err = lenet_command("data", "check", photos, "--json", "--sheet", tmp_path / "sheet.svg", "--size", "32")
    assert (code, err) == (0, f"wrote {tmp_path / 'sheet.svg'}\n")
    result = json.loads(out)
    assert result["classes"] == {"cat": {"images": 6}, "dog": {"images": 8}}
    assert (result["sizes"], result["colour_images"]) == ([[30, 40], [30, 40]], 13)
    assert [bad["name"] for bad in result["unreadable"]] == ["cat/broken.png"]
    assert result["near_empty"] == ["dog/blank.png"]
    assert result["conflicting"] == [["cat/0.png", "dog/again.png"]]
    assert result["copies"] == [{"name": "dog/again.png", "of": "cat/0.png", "equal": True}]
    assert result["preprocessing"]["size"] == [32, 32]
    names = [finding["name"] for finding in result["findings"]]
    assert names == ["unreadable", "too-few", "conflicting-labels", "duplicates", "near-empty"]


def test_check_takes_names_and_refuses_what_is_not_there(lenet_command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for argument, message in (
        ("nowhere/", "there is no file or folder nowhere"),
        ("fashon-mnist", "unknown data set 'fashon-mnist'"),
    ):
        code, out, err = lenet_command("data", "check", argument)
        assert (code, out) == (2, "")
        assert message in err
    (tmp_path / "empty").mkdir()
    assert lenet_command("data", "check", "empty/")[0] == 2
    assert not list(tmp_path.glob("*.png"))


def test_convert_and_back(lenet_command, photos, tmp_path):
    code, out, _ = lenet_command("data", "convert", photos, "--to", "npz", "--out", tmp_path / "photos.npz")
    assert (code, out) == (0, f"{tmp_path / 'photos.npz'}: 12 images of 2 classes, npz\n")
    assert lenet_command("data", "convert", tmp_path / "photos.npz", "--to", "IDX", "--out", tmp_path / "idx")[0] == 0
    again = read_collection(tmp_path / "idx")
    first = read_collection(tmp_path / "photos.npz")
    assert again.classes == first.classes == ("cat", "dog")
    assert np.array_equal(again.arrays, first.arrays)
    code, _, err = lenet_command("data", "convert", photos, "--to", "npz", "--out", tmp_path / "photos.npz")
    assert (code, "photos.npz exists" in err) == (2, True)


def test_convert_leaves_out_what_is_bad(lenet_command, photos, tmp_path):
    (photos / "cat/broken.png").write_bytes(b"no image")
    arguments = ("data", "convert", photos, "--to", "csv", "--out", tmp_path / "out.csv")
    code, _, err = lenet_command(*arguments)
    assert (code, "cat/broken.png" in err) == (2, True)
    arguments = ("data", "convert", photos, "--to", "idx", "--out", tmp_path / "out", "--size", "20,24", "--skip-bad")
    code, out, err = lenet_command(*arguments)
    assert (code, out) == (0, f"{tmp_path / 'out'}: 12 images of 2 classes, idx\n")
    assert "left out: cat/broken.png is not an image" in err
    assert read_collection(tmp_path / "out").arrays.shape == (12, 20, 24, 3)
