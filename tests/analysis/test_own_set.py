"""Evaluating a network on the user's own labelled images."""

import numpy as np
import pytest
from PIL import Image

import lenet
from lenet.errors import DataError, RunWarning


@pytest.fixture
def photos(tiny, tmp_path):
    """40 test images of `tiny` in class folders, 20 of them in test/."""

    def make(splits):
        for index in range(40):
            name = f"{tiny.test.classes[tiny.test.labels[index]]}/{index}.png"
            path = tmp_path / "photos" / (("test", "train")[index % 2] if splits else "") / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(tiny.test.images[index]).save(path)
        return tmp_path / "photos"

    return make


def expected(tiny, run, indices):
    return np.mean([run.network.predictions(tiny.test.images[[i]])[0] == str(tiny.test.labels[i]) for i in indices])


def test_class_folders_without_splits_are_all_taken(tiny, tiny_run, photos):
    result = lenet.evaluate(tiny_run, photos(splits=False))
    assert (result.data, result.split, result.num_images) == ("photos", "labelled", 40)
    assert result.accuracy == expected(tiny, tiny_run, range(40))
    for mistake in result.mistakes:
        assert mistake.name.startswith("photos/") or "/photos/" in mistake.name


@pytest.mark.parametrize(("split", "indices"), [("test", range(0, 40, 2)), ("train", range(1, 40, 2))])
def test_given_splits_are_kept(tiny, tiny_run, photos, split, indices):
    result = lenet.evaluate(tiny_run, photos(splits=True), split=split)
    assert (result.split, result.num_images) == (split, 20)
    assert result.accuracy == expected(tiny, tiny_run, indices)


def test_what_cannot_be_evaluated_is_named(tiny_run, photos, tmp_path):
    folder = photos(splits=True)
    with pytest.raises(DataError, match="has no validation images"):
        lenet.evaluate(tiny_run, folder, split="validation")
    (tmp_path / "cats" / "cat").mkdir(parents=True)
    Image.fromarray(np.eye(28, dtype=np.uint8) * 255).save(tmp_path / "cats" / "cat" / "1.png")
    with pytest.raises(DataError, match=r"no image of .*cats has a label that is a class of the network"):
        lenet.evaluate(tiny_run, tmp_path / "cats")
    with pytest.raises(DataError, match=r"there is no file or folder .*nowhere"):
        lenet.evaluate(tiny_run, str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match="unknown data set 'nowhere'"):
        lenet.evaluate(tiny_run, "nowhere")
    (tmp_path / "bad" / "3").mkdir(parents=True)
    (tmp_path / "bad" / "3" / "1.png").write_text("<html>")
    with pytest.raises(DataError, match=r"no image of .*bad can be read: .*1\.png is not an image"):
        lenet.evaluate(tiny_run, tmp_path / "bad")


def test_other_labels_are_left_out_with_a_warning(tiny_run, photos):
    folder = photos(splits=False)
    (folder / "ten").mkdir()
    Image.fromarray(np.eye(28, dtype=np.uint8) * 255).save(folder / "ten" / "1.png")
    with pytest.warns(RunWarning, match="1 images have a label that is no class of the network: ten"):
        assert lenet.evaluate(tiny_run, folder).num_images == 40


def test_a_run_on_own_images_is_evaluated_on_its_own_test_images(photos, tmp_path):
    folder = photos(splits=True)
    run = lenet.train(folder, epochs=1, skip_bad=True, out=tmp_path / "run", progress="quiet")
    for data in (None, folder, str(folder)):
        result = lenet.evaluate(run, data)
        assert (result.split, result.accuracy) == ("test", run.test_accuracy)
    assert lenet.predict_many(run, folder)[0].classes == run.classes
    (folder / "train" / "3" / "1.png").write_bytes(next((folder / "train" / "5").glob("*.png")).read_bytes())
    with pytest.raises(DataError, match=r"photos is not what .*run was trained on"):
        lenet.evaluate(run)
