"""Calibrated estimators: held-out images, probabilities, and what is unknown."""

import pickle

import numpy as np
import pytest
from made_up import patterns

from lenet.sklearn import LeNetClassifier

TRAIN, TEST = patterns(600, 1), patterns(300, 2)
NAMES = np.array([f"pattern {label}" for label in range(10)])
STRANGE = np.random.default_rng(0).integers(0, 256, (100, 28, 28)).astype(np.uint8)


def small(**parameters):
    usual = {"channels": (6, 16), "hidden": (32,), "max_iter": 8, "random_state": 0, "validation_fraction": 0.2}
    return LeNetClassifier(**usual | parameters)


@pytest.fixture(scope="module")
def fitted():
    return small(outlier_label="unknown").fit(TRAIN.images, NAMES[TRAIN.labels])


def test_unknown_images_get_the_label_for_them(fitted):
    strange = fitted.is_unknown(STRANGE)
    assert strange.mean() > 0.9
    assert fitted.is_unknown(TEST.images).mean() < 0.1
    answers = fitted.predict(STRANGE)
    np.testing.assert_array_equal(answers == "unknown", strange)
    np.testing.assert_array_equal(
        answers[~strange], fitted.classes_[fitted.predict_proba(STRANGE).argmax(axis=1)][~strange]
    )
    assert fitted.score(TEST.images, NAMES[TEST.labels]) > 0.85


def test_an_image_is_judged_alone(fitted):
    whole = fitted.is_unknown(TEST.images)
    assert [bool(fitted.is_unknown(TEST.images[index : index + 1])[0]) for index in range(60)] == whole[:60].tolist()


def test_numbers_for_classes_that_are_numbers():
    fitted = small(outlier_label=-1).fit(TRAIN.images, TRAIN.labels)
    assert fitted.predict(STRANGE).dtype == TRAIN.labels.dtype
    assert set(fitted.predict(STRANGE)) <= {-1, *range(10)}


def test_probabilities_are_calibrated_and_the_answers_the_same():
    plain = small(validation_fraction=0.2).fit(TRAIN.images, TRAIN.labels)
    calibration = plain.network_.calibration
    logits = plain.decision_function(TEST.images)
    np.testing.assert_allclose(plain.predict_proba(TEST.images), calibration.probabilities(logits), rtol=1e-6)
    np.testing.assert_array_equal(plain.predict(TEST.images), plain.predict_proba(TEST.images).argmax(axis=1))


def test_the_held_out_images_do_not_train():
    kept = small(validation_fraction=0.5).fit(TRAIN.images, TRAIN.labels)
    assert kept.network_.calibration.num_held_out == 300
    assert small(validation_fraction=0.0).fit(TRAIN.images, TRAIN.labels).network_.calibration is None


def test_a_pickle_and_a_weights_file_keep_the_calibration(fitted, tmp_path):
    path = fitted.save(tmp_path / "patterns.safetensors")
    opened = LeNetClassifier.from_run(path, outlier_label="?")
    expected = fitted.is_unknown(STRANGE)
    np.testing.assert_array_equal(opened.predict(STRANGE) == "?", expected)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).is_unknown(STRANGE), expected)


def test_labels_of_another_order_are_judged_alike(fitted, tmp_path):
    path = fitted.save(tmp_path / "patterns.safetensors")
    backwards = LeNetClassifier.from_run(path, labels=range(10, 0, -1), outlier_label=0)
    np.testing.assert_array_equal(backwards.is_unknown(STRANGE), fitted.is_unknown(STRANGE))
    assert (backwards.predict(TEST.images) == 10 - TEST.labels).mean() > 0.85


def test_a_warm_start_is_calibrated_anew_and_partial_fit_forgets(fitted):
    again = pickle.loads(pickle.dumps(fitted)).set_params(warm_start=True, max_iter=1)
    again.fit(TRAIN.images, NAMES[TRAIN.labels])
    assert again.network_.calibration.temperature != fitted.network_.calibration.temperature
    again.partial_fit(TRAIN.images, NAMES[TRAIN.labels])
    with pytest.raises(ValueError, match="the network is not calibrated, so it cannot say what is unknown"):
        again.predict(TEST.images)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"validation_fraction": 0.01},
            "validation_fraction is 0.01, which holds out 6 of 600 images; expected 20 or more",
        ),
        ({"validation_fraction": 1}, "validation_fraction is 1; expected a number at least 0 and below 1"),
        ({"validation_fraction": 0, "outlier_label": -1}, "outlier_label is -1, but no images are held out"),
        ({"outlier_label": "unknown"}, "outlier_label is 'unknown'; expected a number, as the classes"),
        ({"outlier_label": [1]}, r"outlier_label is \[1\]; expected a number, as the classes"),
    ],
)
def test_parameters_that_make_no_sense(parameters, message):
    with pytest.raises(ValueError, match=message):
        small(**parameters).fit(TRAIN.images, TRAIN.labels)


def test_a_network_that_cannot_be_calibrated():
    images = np.kron(TRAIN.images[:, :20, :20], np.ones((2, 2), np.uint8))
    with pytest.raises(ValueError, match="none of its dense layers takes at most 1,000 numbers"):
        LeNetClassifier(model="softmax", validation_fraction=0.2, max_iter=1).fit(images, TRAIN.labels)
