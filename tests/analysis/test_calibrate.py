"""`lenet.calibrate`: the same calibration as at the end of the training, stored so that no interruption breaks the run."""

import dataclasses
import hashlib
import json
import shutil

import numpy as np
import pytest
from trainings import train_toy

import lenet
from lenet.analysis.judge import Judge
from lenet.errors import ConfigError, DataError, RunError
from lenet.files import durable
from lenet.metrics import softmax
from lenet.networks.trained import TrainedNetwork


@pytest.fixture(scope="module")
def calibrated(tiny, tmp_path_factory):
    return train_toy(tiny, tmp_path_factory.mktemp("calibrated"), validation=200, epochs=4)


@pytest.fixture
def without(calibrated, tmp_path):
    """The same run as earlier versions wrote it, without a calibration."""
    path = tmp_path / "run"
    shutil.copytree(calibrated.path, path)
    content = calibrated.network.pack(calibrated.network.weights)
    (path / "model.safetensors").write_bytes(content)
    summary = dataclasses.replace(calibrated.summary, weights_sha256=hashlib.sha256(content).hexdigest())
    (path / "summary.json").write_text(json.dumps(summary.to_dict()))
    return lenet.load(path)


def test_it_is_what_the_end_of_the_training_makes(tiny, calibrated, without):
    assert without.network.calibration is None
    made = lenet.calibrate(without, tiny)
    assert made.to_dict() == calibrated.network.calibration.to_dict()
    again = lenet.load(without)
    assert (again.path / "model.safetensors").read_bytes() == (calibrated.path / "model.safetensors").read_bytes()
    assert again.summary.calibrated_sha256 == calibrated.summary.weights_sha256
    assert again.network.calibration.to_dict() == made.to_dict()
    assert lenet.calibrate(again, tiny).to_dict() == made.to_dict()


@pytest.mark.parametrize("writes", [0, 1])
def test_a_run_opens_whenever_it_is_interrupted(tiny, without, monkeypatch, writes):
    real, left = durable.write, [writes]

    def stop(path, content):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        real(path, content)

    with monkeypatch.context() as patched:
        patched.setattr(durable, "write", stop)
        with pytest.raises(KeyboardInterrupt):
            lenet.calibrate(without, tiny)
    run = lenet.load(without)
    assert np.array_equal(run.network.network.weights, without.network.network.weights)
    assert run.network.calibration is None
    lenet.calibrate(run, tiny)
    assert lenet.load(run).network.calibration is not None


def test_changed_weights_are_refused_after_it(tiny, without):
    lenet.calibrate(without, tiny)
    path = without.path / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-4] + b"1234")
    with pytest.raises(RunError, match="does not hold the weights of this run"):
        _ = lenet.load(without).network.network


def test_a_run_that_held_out_nothing_is_told_how(tiny, tiny_run):
    with pytest.raises(ConfigError, match=r"held out 0 images; a calibration takes at least 20") as caught:
        lenet.calibrate(tiny_run, tiny)
    assert "--validation 83" in caught.value.hint


def test_what_is_no_run_is_refused(calibrated, tiny):
    with pytest.raises(RunError, match="is not a run directory: a calibration needs the images"):
        lenet.calibrate(calibrated.path / "model.safetensors")
    with pytest.raises(RunError, match="is not the data that"):
        lenet.calibrate(calibrated, lenet.Splits(tiny.test, tiny.train, "other"))
    with pytest.raises(DataError, match="data of your own"):
        lenet.calibrate(calibrated)


def test_predictions_say_what_is_unknown(tiny, calibrated):
    known = lenet.predict(calibrated, tiny.test.images[0])
    assert known.is_unknown is False
    assert known.reason is None
    noise = np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)
    unknown = lenet.predict(calibrated, noise)
    assert unknown.is_unknown is True
    assert unknown.reason == "unlike the training images"
    assert str(unknown) == f"unknown, nearest {unknown.label} {unknown.probability:.1%}"
    values = unknown.to_dict()
    assert (values["unknown"], values["reason"]) == (True, unknown.reason)
    assert values["outlier_score"] == unknown.outlier_score > 1
    assert unknown.probabilities.sum() == pytest.approx(1)


def test_a_network_without_a_calibration_answers_as_before(tiny, tiny_run):
    result = lenet.predict(tiny_run, tiny.test.images[0])
    assert result.is_unknown is None
    assert "unknown" not in result.to_dict()
    assert str(result) == f"{result.label} {result.probability:.1%}"
    expected = softmax(tiny_run.network.logits(tiny.test.images[:1]))[0]
    np.testing.assert_allclose(result.probabilities, expected, rtol=1e-4)


def test_an_image_has_the_same_bits_alone_and_among_others(tiny, calibrated):
    judge = Judge(TrainedNetwork.load(calibrated.path / "model.safetensors"))
    images = tiny.test.images[:37]
    together = judge(images)
    for index, verdict in enumerate(together):
        alone = judge(images[index : index + 1])
        assert np.array_equal(alone.probabilities[0], verdict.probabilities)
        assert alone.outlier_scores[0] == verdict.outlier_score
        assert alone.reasons == [verdict.reason]
    assert len(judge(images[:0]).known) == 0


def test_evaluation_measures_it(tiny, calibrated, tiny_run):
    found = lenet.evaluate(calibrated, tiny).reliability
    assert found.temperature == calibrated.network.calibration.temperature
    assert 0.9 < found.coverage <= 1
    assert 0.9 < found.accepted_accuracy <= 1
    assert 0 <= found.error < 0.2
    validation = lenet.evaluate(calibrated, tiny, split="validation").reliability
    assert validation.coverage == pytest.approx(0.99, abs=0.005)
    plain = lenet.evaluate(tiny_run, tiny)
    assert plain.reliability.coverage is None
    assert plain.reliability.error == plain.reliability.uncalibrated_error
    assert plain.to_dict()["reliability"]["coverage"] is None


def test_an_evaluation_in_parts_gives_the_numbers_of_all_images(tiny, calibrated, monkeypatch):
    usual = [lenet.evaluate(calibrated, tiny, split=split) for split in ("test", "train", "validation")]
    monkeypatch.setattr("lenet.analysis.measurement.AT_ONCE", 37)
    for whole in usual:
        parts = lenet.evaluate(calibrated, tiny, split=whole.split)
        assert parts.to_dict() == whole.to_dict()
        assert np.array_equal(parts.mistake_images, whole.mistake_images)
