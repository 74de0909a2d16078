"""The calibration at the end of a training: made whenever images were held out, the same bits on every way to the end."""

import pytest
from trainings import StopAfter, same, train_toy

import lenet
from lenet.configuration import configure
from lenet.errors import RunWarning


@pytest.fixture(scope="module")
def whole(tiny, tmp_path_factory):
    return train_toy(tiny, tmp_path_factory.mktemp("whole"), validation=100)


def test_a_training_with_held_out_images_is_calibrated(whole):
    calibration = whole.network.calibration
    assert calibration.num_held_out == 100
    assert (calibration.layer, calibration.directions.shape) == ("fc.0", (20, 400))
    assert whole.summary.calibrated_sha256 is None


@pytest.mark.parametrize("settings", [{}, {"validation": 19}])
def test_one_without_is_not(tiny, tmp_path, settings):
    assert train_toy(tiny, tmp_path, epochs=1, **settings).network.calibration is None


def test_a_validation_set_of_the_data_counts_as_held_out(tiny, tmp_path, whole):
    splits = lenet.Splits(tiny.train, tiny.test, "made up", validation=tiny.test)
    assert train_toy(splits, tmp_path, epochs=1).network.calibration.num_held_out == len(tiny.test)


@pytest.mark.parametrize("chunks", [5, 12])
def test_a_resumed_training_ends_with_the_same_calibration(tiny, tmp_path, capsys, whole, chunks):
    with pytest.raises(lenet.Interrupted) as caught:
        train_toy(tiny, tmp_path, validation=100, progress=StopAfter(chunks))
    with pytest.warns(RunWarning, match="has not finished"):
        assert lenet.load(caught.value.run).network.calibration is None
    assert same(lenet.resume(caught.value.run, data=tiny, progress="quiet"), whole)


def test_many_trainings_at_once_end_with_the_same_calibration(tiny, tmp_path, whole):
    config = configure("fast", epochs=2, batch_size=50, validation=100)
    [run] = lenet.train_many([config], data=tiny, out=tmp_path, progress="quiet")
    assert (run.path / "model.safetensors").read_bytes() == (whole.path / "model.safetensors").read_bytes()
