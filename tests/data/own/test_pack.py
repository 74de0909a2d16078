"""Own images as a data set: sizes, colours, splits, what is left out."""

import dataclasses
import os

import numpy as np
import pytest
from PIL import Image

import lenet
from lenet.data.own import pack
from lenet.data.own.path import own_path
from lenet.errors import ConfigError, DataError
from lenet.images.preprocess import Preprocessing

COLOURS = {"red": (200, 30, 30), "blue": (30, 30, 200)}


def folders(path, count=5, sizes=((40, 30),), colours=COLOURS):
    """Class folders of squares on noise, each image another."""
    random = np.random.RandomState(0)
    for label, colour in colours.items():
        for number in range(count):
            height, width = sizes[number % len(sizes)]
            pixels = random.randint(90, 110, (height, width, 3)).astype(np.uint8)
            top, left = random.randint(0, height // 2), random.randint(0, width // 2)
            pixels[top : top + height // 3, left : left + width // 3] = colour
            target = path / label / f"{number}.png"
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(target)
    return path


def test_a_folder_becomes_a_data_set(tmp_path):
    splits = lenet.data.load(folders(tmp_path / "My photos!", 10))
    train, test = splits
    assert (len(train), len(test)) == (16, 4)
    assert (train.name, train.classes) == ("My-photos", ("blue", "red"))
    assert train.images.shape[1:] == (48, 48, 3)
    assert train.preprocessing == Preprocessing((48, 48), ground="dark", framing="whole", channels=3)
    assert splits.folder == tmp_path / "My photos!"
    assert "4 test images" in splits.notice
    one = train.preprocessing.apply(tmp_path / "My photos!" / "red" / "3.png")
    assert any((one == image).all() for image in np.concatenate([train.images, test.images]))


def test_sizes_and_fits_and_the_seed_of_the_split(tmp_path):
    path = folders(tmp_path / "photos", 10, ((40, 30), (30, 60)))
    small = lenet.data.load(str(path), size=(20, 24), fit="crop")
    assert small.train.images.shape[1:] == (20, 24, 3)
    assert small.train.preprocessing.fit == "crop"
    other = lenet.data.load(str(path), size=(20, 24), fit="crop", split_seed=1)
    assert small.fingerprint != other.fingerprint
    assert lenet.data.load(str(path), size=(20, 24), fit="crop").fingerprint == small.fingerprint


def test_images_without_colours_are_grey(tmp_path):
    grey = {"light": (150, 150, 150), "dark": (20, 20, 20)}
    path = tmp_path / "grey"
    random = np.random.RandomState(0)
    for label, (value, *_) in grey.items():
        (path / label).mkdir(parents=True)
        for number in range(3):
            pixels = np.repeat(random.randint(value, value + 20, (28, 28, 1)), 3, axis=2).astype(np.uint8)
            Image.fromarray(pixels).save(path / label / f"{number}.png")
    assert lenet.data.load(path).train.images.shape[1:] == (28, 28)


def test_given_splits_stay(tmp_path):
    for part, count in (("train", 6), ("test", 3)):
        folders(tmp_path / "photos" / part, count)
    train, test = lenet.data.load(tmp_path / "photos")
    assert (len(train), len(test)) == (12, 6)


def test_what_cannot_be_read_is_named_or_left_out(tmp_path):
    path = folders(tmp_path / "photos")
    (path / "red" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and nothing more")
    with pytest.raises(DataError, match=r"broken\.png") as caught:
        lenet.data.load(path)
    assert "--skip-bad" in caught.value.hint
    splits = lenet.data.load(path, skip_bad=True)
    assert len(splits.train) + len(splits.test) == 10
    assert "left out 1" in splits.notice
    assert "broken.png" in splits.notice


def test_a_name_or_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mnist").mkdir()
    (tmp_path / "photos").mkdir()
    assert own_path("mnist") is None
    assert own_path("./mnist") == own_path(os.path.join("mnist", "")) is not None  # noqa: PTH118
    assert own_path("photos") is not None
    assert own_path("pohtos") is None
    assert own_path("pohtos/") is not None
    assert own_path("train.csv") is not None
    assert own_path("EMNIST/letters") is None
    assert own_path("auto") is None
    with pytest.raises(ConfigError, match="size is a setting for data of your own; digits is a data set"):
        lenet.data.load("digits", size=(20, 20))


def test_a_run_on_own_images_is_evaluated_and_resumed_by_its_record(tmp_path):
    path = folders(tmp_path / "photos", 10)
    run = lenet.train(path, epochs=2, split_seed=3, out=tmp_path / "run", progress="quiet")
    assert run.resolved.data == "photos"
    assert run.config.recipe == "own"
    assert lenet.evaluate(run).accuracy == run.test_accuracy
    assert lenet.evaluate(run, str(path)).num_images == 4
    longer = dataclasses.replace(run.config, schedule="constant", epochs=1)
    first = lenet.train(config=longer, out=tmp_path / "first", progress="quiet")
    assert lenet.resume(first, epochs=2, progress="quiet").summary.epochs == 2
    assert lenet.predict(run, path / "red" / "0.png").seen.shape == (48, 48, 3)


def test_the_same_images_are_packed_once_and_a_change_is_noticed(tmp_path, monkeypatch):
    path = folders(tmp_path / "photos")
    first = lenet.data.load(path)
    monkeypatch.setattr(pack, "read_collection", None)  # it would be called if they were packed again
    assert lenet.data.load(path).fingerprint == first.fingerprint
    monkeypatch.undo()
    Image.new("RGB", (30, 40), (0, 200, 0)).save(path / "red" / "0.png")
    assert lenet.data.load(path).fingerprint != first.fingerprint


def test_many_trainings_on_one_folder_take_their_sizes(tmp_path):
    configs = [
        lenet.configure(
            "own", data=str(folders(tmp_path / "photos")), size=size, epochs=1, model="softmax", batch_size=4
        )
        for size in (20, 24)
    ]
    runs = lenet.train_many(configs, out=tmp_path / "runs", progress="quiet")
    assert [run.preprocessing.size for run in runs] == [(20, 20), (24, 24)]
