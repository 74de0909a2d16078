"""Each check of people's own images, with images that have the fault, and with images that have none."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from lenet.data.dataset import Splits
from lenet.data.loading import load
from lenet.data.own.collection import read_collection
from lenet.data.own.items import Bad, Collection, Item
from lenet.data.own.measuring import as_collection, readable, survey
from lenet.doctor.survey_checks import findings


def scenes(count, edge=40, seed=0):
    """Images as different as photos, uint8 (count, edge, edge, 3), with dark corners."""
    coarse = np.random.default_rng(seed).integers(0, 256, (count, 6, 6, 3), dtype=np.uint8)
    images = np.stack([np.asarray(Image.fromarray(each).resize((edge, edge))) for each in coarse]).copy()
    images[:, :4, :], images[:, -4:, :] = 0, 0
    return images


def collection(num_classes=3, each=30, split=None):
    """Images without faults: `each` of every class, in splits if `split` names that of an image's number."""
    images = scenes(num_classes * each)
    items = [
        Item(f"{i}.png", f"class {i % num_classes}", split(i) if split else None) for i in range(num_classes * each)
    ]
    return Collection(
        "mine", "arrays", items, tuple(f"class {i}" for i in range(num_classes)), (), images.__getitem__, images
    )


def found(images):
    return {finding.name: finding for finding in findings(survey(images))}


def in_splits(number):
    return "train" if number % 5 else "test"


def test_good_images_have_no_findings():
    assert found(collection()) == {}
    assert found(collection(split=in_splits)) == {}


def test_the_data_sets_of_the_catalogue_have_no_serious_findings(real_data):
    for name in ("mnist", "fashion-mnist"):
        train, test = load(name, real_data)
        assert found(as_collection(Splits(train.sample(2000), test.sample(500), "a sample"))) == {}


def test_bad_items_are_named_with_the_reason():
    images = dataclasses.replace(collection(), bad=(Bad("a.csv, line 7", "has 3 columns; expected 5"),))
    finding = found(images)["unreadable"]
    assert finding.message == "1 image cannot be used"
    assert finding.evidence["reasons"] == "a.csv, line 7 has 3 columns; expected 5"


@pytest.mark.parametrize(
    ("num_classes", "each", "message"),
    [
        (1, 30, "there is one class, class 0; expected at least two"),
        (3, 1, "class class 0 has one image; expected at least two"),
        (2, 5, "class class 0 has 5 images: the accuracy on a fifth of them means little"),
    ],
)
def test_too_few(num_classes, each, message):
    assert found(collection(num_classes, each))["too-few"].message == message


def test_unlabelled():
    images = collection()
    images.items[4] = Item("4.png", None)
    assert found(images)["unlabelled"].evidence["images"] == "4.png"


def test_a_class_in_one_split_alone():
    images = collection(split=lambda i: "test" if i % 3 == 2 else "train")
    finding = found(images)["missing-in-a-split"]
    assert finding.evidence["classes"] == "test images alone: class 2; training images alone: class 0, class 1"


def test_the_same_image_in_two_classes():
    images = collection()
    images.arrays[7] = images.arrays[3]
    results = found(images)
    assert results["conflicting-labels"].evidence == {"equal": 1, "nearly equal": 0, "pairs": "3.png and 7.png"}
    assert results["duplicates"].evidence == {"equal": 1, "nearly equal": 0, "images": "7.png like 3.png"}


def test_nearly_the_same_image_in_two_splits():
    images = collection(split=in_splits)
    images.arrays[5] = images.arrays[8] * 0.9
    results = found(images)
    assert "duplicates" not in results  # each of its splits has one of the two
    finding = results["test-in-train"]
    assert finding.message.startswith("1 of the 18 held-out images are nearly the same as training images")
    assert finding.evidence == {"equal": 0, "nearly equal": 1, "images": "5.png"}


def test_images_that_show_nothing():
    images = collection()
    images.arrays[3], images.arrays[4] = 0, 255
    images.arrays[4, 20, 20] = 0
    assert found(images)["near-empty"].evidence["images"] == "3.png, 4.png"


def test_imbalance():
    images = collection(2, 60)
    images.items[:] = [Item(item.name, "class 0" if i > 20 else item.label) for i, item in enumerate(images.items)]
    finding = found(images)["imbalance"]
    assert finding.message == "class class 0 has 11.0 times as many images as class 1"
    assert "--class-weights balanced" in finding.remedy


def test_opposite_backgrounds():
    images = collection(split=in_splits)
    held = [i for i in range(90) if in_splits(i) == "test"]
    images.arrays[held] = 255 - images.arrays[held]
    assert "other-ground" in found(images)
    images = collection(2)
    images.arrays[::2] = 255 - images.arrays[::2]
    assert found(images)["ground-tells-class"].evidence == {"light": "class 0", "dark": "class 1"}


def test_moved_labels_of_arrays():
    random = np.random.default_rng(0)
    labels = random.integers(0, 4, 400)
    images = scenes(4)[labels] // 2 + random.integers(0, 60, (400, 40, 40, 3), dtype=np.uint8)
    moved = np.roll(labels, 1)
    items = [Item(f"{i}", str(label)) for i, label in enumerate(moved)]
    result = found(Collection("mine", "arrays", items, tuple("0123"), (), images.__getitem__, images))
    assert "each label seems to belong to the image 1 before its own" in result["labels-misaligned"].message


def test_files_are_measured_as_arrays_are(tmp_path):
    """Class folders of PNG images; one is no image."""
    images = collection(2, 20)
    for item, pixels in zip(images.items, images.arrays, strict=True):
        (tmp_path / item.label).mkdir(exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / item.label / item.name)
    (tmp_path / "class 0/broken.png").write_bytes(b"<html>")
    files = read_collection(tmp_path, for_training=False)
    measured, expected = survey(files), survey(images)
    assert [bad.name for bad in measured.bad] == ["class 0/broken.png"]
    assert [item.name for item in readable(files).items] == [item.name for item in measured.items]
    order = [int(item.name.rpartition("/")[2].removesuffix(".png")) for item in measured.items]
    assert measured.sizes.tolist() == [[40, 40]] * 40
    assert np.array_equal(measured.is_colour, expected.is_colour[order])
    assert np.array_equal(measured.is_light, expected.is_light[order])
    assert np.abs(measured.ink - expected.ink[order]).max() < 0.05
    assert np.abs(measured.thumbnails.astype(int) - expected.thumbnails[order]).max() <= 1
    assert measured.labels.tolist() == expected.labels[order].tolist()
