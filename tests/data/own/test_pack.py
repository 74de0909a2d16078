"""Own images as a data set: sizes, colours, splits, what is left out."""

import dataclasses
import os
import shutil

import numpy as np
import pytest
from PIL import Image

import lenet
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


def test_many_trainings_on_one_folder_take_their_sizes(tmp_path):
    configs = [
        lenet.configure(
            "own", data=str(folders(tmp_path / "photos")), size=size, epochs=1, model="softmax", batch_size=4
        )
        for size in (20, 24)
    ]
    runs = lenet.train_many(configs, out=tmp_path / "runs", progress="quiet")
    assert [run.preprocessing.size for run in runs] == [(20, 20), (24, 24)]


def packed(tmp_path):
    return [each for each in (tmp_path / "cache" / "own").iterdir() if (each / "pack.json").is_file()]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LENET_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "own"


def test_images_are_packed_once_and_a_change_is_noticed(tmp_path, cache, monkeypatch):
    path = folders(tmp_path / "photos")
    first = lenet.data.load(path)
    monkeypatch.setattr("lenet.data.own.making.make", None)  # nothing is made again
    second = lenet.data.load(path)
    assert second.fingerprint == first.fingerprint == dataclasses.replace(second).fingerprint
    assert isinstance(second.train.images.base.base, np.memmap) or isinstance(second.train.images.base, np.memmap)
    assert not second.train.images.flags.writeable
    (path / ".DS_Store").write_bytes(b"hidden files do not count")
    assert lenet.data.load(path).fingerprint == first.fingerprint
    monkeypatch.undo()
    monkeypatch.setenv("LENET_CACHE", str(cache.parent))
    Image.new("RGB", (30, 40), "green").save(path / "red" / "1.png")
    assert lenet.data.load(path).fingerprint != first.fingerprint
    (path / "red" / "1.png").unlink()
    assert len(lenet.data.load(path).train) == len(first.train) - 1
    assert not [each for each in cache.iterdir() if each.name.startswith(".") or each.suffix == ".parts"]


def test_a_packing_that_was_interrupted_continues(tmp_path, cache, monkeypatch):
    path = folders(tmp_path / "photos", 10)
    expected = lenet.data.load(path, size=(32, 32), split_seed=1).fingerprint
    shutil.rmtree(cache)
    monkeypatch.setattr("lenet.data.own.parts.PART", 6)
    monkeypatch.setattr("lenet.data.own.parts.SOON", 0)
    applied, apply = [], Preprocessing.apply

    def counted(self, source, name=None):
        applied.append(name)
        if len(applied) == 14:
            raise KeyboardInterrupt
        return apply(self, source, name)

    monkeypatch.setattr(Preprocessing, "apply", counted)
    with pytest.raises(KeyboardInterrupt):
        lenet.data.load(path, size=(32, 32), split_seed=1)
    begun = set(applied)
    applied[:] = [""] * 14
    assert lenet.data.load(path, size=(32, 32), split_seed=1).fingerprint == expected
    assert (
        len(begun - set(applied)) >= 6
    )  # a part at least was kept; which ones were whole depends on the turns of the threads
    assert [each.suffix for each in cache.iterdir()] == [""]


def test_a_damaged_pack_is_made_again_and_a_cache_that_cannot_be_written_is_not_needed(tmp_path, cache, monkeypatch):
    path = folders(tmp_path / "photos")
    first = lenet.data.load(path)
    images = packed(tmp_path)[0] / "images.npy"
    images.write_bytes(images.read_bytes()[:-5000])
    assert lenet.data.load(path).fingerprint == first.fingerprint
    assert images.stat().st_size > 5000
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("LENET_CACHE", str(tmp_path / "file"))
    assert lenet.data.load(path).fingerprint == first.fingerprint


def test_images_that_a_table_lists_are_watched_too(tmp_path, cache):
    path = folders(tmp_path / "photos")
    rows = [f"{label}/{number}.png,{label}" for label in COLOURS for number in range(5)]
    table = path / "labels.csv"
    table.write_text("file,label\n" + "\n".join(rows) + "\n")
    first = lenet.data.load(table)
    assert lenet.data.load(table).fingerprint == first.fingerprint
    assert len(packed(tmp_path)) == 1
    Image.new("RGB", (30, 40), "green").save(path / "red" / "1.png")
    assert lenet.data.load(table).fingerprint != first.fingerprint


def test_a_validation_set_is_apart_from_the_test(tmp_path, cache):
    for part, count in (("train", 6), ("val", 3), ("test", 2)):
        folders(tmp_path / "photos" / part, count)
    splits = lenet.data.load(tmp_path / "photos")
    assert [len(each) for each in (splits.train, splits.validation, splits.test)] == [12, 6, 4]
    run = lenet.train(tmp_path / "photos", epochs=2, keep="best", out=tmp_path / "run", progress="quiet")
    assert run.resolved.num_validation == 6
    assert run.summary.validation_accuracy is not None
    assert lenet.evaluate(run, split="validation").num_images == 6


def test_a_run_says_what_has_changed_in_its_data(tmp_path, cache):
    path = folders(tmp_path / "photos")
    run = lenet.train(path, epochs=1, out=tmp_path / "run", progress="quiet")
    (path / "red" / "1.png").unlink()
    Image.new("RGB", (30, 40), "green").save(path / "red" / "7.png")
    with pytest.raises(DataError) as caught:
        lenet.evaluate(run)
    assert "red/7.png was added; red/1.png was removed" in caught.value.message
    path.rename(tmp_path / "moved")
    with pytest.raises(DataError, match="photos, which is gone") as caught:
        lenet.resume(run, epochs=2, progress="quiet")
    assert "--data-dir" in caught.value.hint


def test_resuming_on_images_in_colour_ends_with_the_same_bits(tmp_path, cache):
    path = folders(tmp_path / "photos", 10)
    settings = {"epochs": 3, "schedule": "constant", "progress": "quiet", "size": (24,)}
    whole = lenet.train(path, out=tmp_path / "whole", **settings)
    path.rename(tmp_path / "moved")
    shutil.copytree(tmp_path / "moved", path)  # other times: packed again
    begun = lenet.train(path, out=tmp_path / "begun", **settings | {"epochs": 1})
    path.rename(tmp_path / "elsewhere")
    resumed = lenet.resume(begun, epochs=3, data_dir=str(tmp_path / "elsewhere"), progress="quiet")
    assert resumed.summary.weights_sha256 == whole.summary.weights_sha256
    assert resumed.resolved.preprocessing.channels == 3


def test_arrays_are_trained(tmp_path):
    images = np.random.default_rng(0).random((40, 12, 12, 3))
    labels = np.arange(40) % 2
    run = lenet.train((images, labels), epochs=1, out=tmp_path / "one", progress="quiet")
    assert (run.resolved.num_train, run.resolved.num_test, run.config.recipe) == (32, 8, "own")
    run = lenet.train(((images, labels), (images[:9], labels[:9])), epochs=1, out=tmp_path / "two", progress="quiet")
    assert (run.resolved.num_train, run.resolved.num_test) == (40, 9)
    with pytest.raises(DataError, match="the data is of type int"):
        lenet.train(3)


def test_processes_make_the_same_images_as_threads(tmp_path, cache, monkeypatch):
    path = folders(tmp_path / "photos", 40)
    (path / "red" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and nothing more")
    expected = lenet.data.load(path, skip_bad=True)
    shutil.rmtree(cache)
    monkeypatch.setattr("lenet.data.own.worker.MANY", 10)
    monkeypatch.setattr("lenet.data.own.making.TOGETHER", 4)
    splits = lenet.data.load(path, skip_bad=True)
    assert splits.fingerprint == expected.fingerprint
    assert splits.notice == expected.notice
