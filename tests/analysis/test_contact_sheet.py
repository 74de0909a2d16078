import numpy as np
import pytest
from PIL import Image

from lenet.analysis import contact_sheet
from lenet.analysis.contact_sheet import CELL, GAP, HALF_GAP, SAMPLES, draw_contact_sheet, save_contact_sheet
from lenet.data.own.fitting import preprocessing_of
from lenet.data.own.items import Collection, Item
from lenet.data.own.measuring import survey
from lenet.errors import ConfigError


def surveyed(num_classes, each=3, size=(20, 30)):
    images = np.random.default_rng(0).integers(0, 256, (num_classes * each, *size, 3), dtype=np.uint8)
    classes = tuple(f"class {i}" for i in range(num_classes))
    items = [Item(f"{i}.png", classes[i // each]) for i in range(len(images))]
    return survey(Collection("mine", "arrays", items, classes, (), images.__getitem__, images)), images


def sheet_of(figure):
    [axes] = figure.axes
    return np.concatenate([np.asarray(image.get_array()) for image in axes.images]), axes


def test_each_class_has_a_row_with_its_images_before_and_after():
    measured, images = surveyed(4)
    sheet, axes = sheet_of(draw_contact_sheet(measured, preprocessing_of(measured, (32, 32))))
    step = CELL + GAP
    assert sheet.shape == (4 * step, 2 * SAMPLES * step + HALF_GAP, 3)
    assert [label.get_text() for label in axes.get_yticklabels()] == [f"class {i}" for i in range(4)]
    before = sheet[step : step + CELL, :CELL]  # the first image of the second class, twice as large
    assert np.array_equal(before[12:52:2, 2:62:2], images[3])
    assert (sheet[:CELL, 3 * step :][:, : 5 * step] == 255).all()  # three images a class, and no more
    after = sheet[step : step + CELL, SAMPLES * step + HALF_GAP :][:, :CELL]
    assert after.shape == (CELL, CELL, 3)
    assert (after != 255).any()


def test_images_without_labels_have_a_row_of_their_own():
    images = np.random.default_rng(0).integers(0, 256, (4, 20, 30), dtype=np.uint8)
    for classes, names in (((), ["no label"]), (("cat",), ["cat", "no label"])):
        items = [Item("0.png", classes[0] if classes else None), *(Item(f"{i}.png", None) for i in range(1, 4))]
        measured = survey(Collection("mine", "arrays", items, classes, (), images.__getitem__, images))
        _, axes = sheet_of(draw_contact_sheet(measured, preprocessing_of(measured, (32, 32))))
        assert [label.get_text() for label in axes.get_yticklabels()] == names


def test_many_classes_are_cut_and_named(monkeypatch):
    monkeypatch.setattr(contact_sheet, "MAX_CLASSES", 3)
    measured, _ = surveyed(5)
    _, axes = sheet_of(draw_contact_sheet(measured, preprocessing_of(measured)))
    assert axes.get_xlabel() == "the first 3 of 5 classes"
    assert len(axes.get_yticklabels()) == 3


def test_the_sheet_is_a_file(tmp_path):
    measured, _ = surveyed(2, size=(300, 200))
    path = save_contact_sheet(measured, preprocessing_of(measured), tmp_path / "sheet.png")
    with Image.open(path) as image:
        assert image.format == "PNG"
    with pytest.raises(ConfigError, match=r"sheet.jpg; expected a .png or .svg file"):
        save_contact_sheet(measured, preprocessing_of(measured), tmp_path / "sheet.jpg")
    with pytest.raises(ConfigError, match="its folder is gone"):
        save_contact_sheet(measured, preprocessing_of(measured), tmp_path / "gone/sheet.png")
