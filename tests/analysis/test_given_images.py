"""Finding the images that a user names: files, folders, labelled folders."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lenet.analysis.given_images import find_images
from lenet.errors import LenetError

DIGITS = tuple("0123456789")


@pytest.fixture
def make(tmp_path):
    """Makes image files by their names; the folder."""

    def make(*names):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.zeros((3, 3), np.uint8)).save(tmp_path / name)
        return tmp_path

    return make


def names(found, folder):
    return [Path(image.name).relative_to(folder).as_posix() for image in found.images]


def test_folders_are_searched_in_natural_order_without_hidden_files(make):
    folder = make("10.png", "2.png", "deep/er/1.png", ".hidden.png", ".git/3.png", "__MACOSX/4.png")
    (folder / "notes.txt").write_text("no image")
    found = find_images([folder], DIGITS)
    assert names(found, folder) == ["2.png", "10.png", "deep/er/1.png"]
    assert [image.label for image in found.images] == [None] * 3
    assert found.images[0].read() == (folder / "2.png").read_bytes()
    assert len(found.notes) == 1
    assert "notes.txt" in found.notes[0]


def test_class_folders_label_their_images(make):
    folder = make("photos/Ankle_boot/1.png", "photos/bag/1.png", "photos/other/1.png", "photos/other/2.png")
    found = find_images([folder / "photos"], ("Ankle boot", "Bag", "Coat"))
    assert [image.label for image in found.images] == ["Ankle boot", "Bag", None, None]
    assert found.notes == ("2 images have a label that is no class of the network: other",)
    assert [image.label for image in find_images([folder / "photos"], ("cat", "dog")).images] == [None] * 4


def test_a_folder_of_one_class_alone_is_not_labelled_by_its_own_name(make):
    folder = make("1/a.png", "2/a.png", "a.png")
    assert [image.label for image in find_images([folder / "1"], DIGITS).images] == [None]
    several = find_images([folder / "1", folder / "2", folder / "a.png"], DIGITS)
    assert [image.label for image in several.images] == ["1", "2", None]


def test_what_is_not_there_or_empty_is_an_error_for_itself_alone(make):
    folder = make("1.png")
    (folder / "empty").mkdir()
    found = find_images([folder / "gone.png", folder / "empty", folder / "1.png"], DIGITS)
    assert len(found.images) == 3
    with pytest.raises(LenetError, match="empty"):
        found.images[1].read()
    assert found.images[2].read() == folder / "1.png"
