"""Estimators of networks that lenet trained, and weights files of estimators."""

import importlib.util
import pickle
from pathlib import Path

import numpy as np
import pytest
from made_up import network_of, patterns

import lenet
import lenet.sklearn
from lenet.errors import MissingExtra, RunError
from lenet.images.preprocess import Preprocessing
from lenet.networks.trained import TrainedNetwork
from lenet.sklearn import LeNetClassifier

TRAIN, TEST = patterns(300, 1), patterns(100, 2)
LABELS = [f"{number}" for number in (3, 1, 4, 0, 5, 9, 2, 6, 8, 7)]  # not in alphabetical order


def small(**parameters):
    return LeNetClassifier(**{"channels": (4,), "hidden": (16,), "max_iter": 5, "random_state": 0} | parameters)


def test_a_run_as_an_estimator(tiny, tiny_run):
    fitted = LeNetClassifier.from_run(tiny_run)
    assert fitted.get_params()["model"] == "lenet"
    assert fitted.predict(tiny.test.images).tolist() == tiny_run.network.predictions(tiny.test.images)
    assert (
        LeNetClassifier.from_run(tiny_run.path / "model.safetensors").score(
            tiny.test.images, fitted.predict(tiny.test.images)
        )
        == 1
    )
    assert fitted.transform(tiny.test.images).shape == (200, 84)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(tiny.test.images), fitted.predict_proba(tiny.test.images))


def test_labels_of_another_order_are_sorted_with_their_columns(tiny, tiny_run):
    plain = LeNetClassifier.from_run(tiny_run, labels=range(10))
    fitted = LeNetClassifier.from_run(tiny_run, labels=LABELS)
    images, labels = tiny.test.images, tiny.test.labels
    assert fitted.classes_.tolist() == sorted(LABELS)
    assert fitted.predict(images).tolist() == [LABELS[number] for number in plain.predict(images)]
    np.testing.assert_array_equal(
        fitted.decision_function(images)[:, np.argsort(np.argsort(LABELS))], plain.decision_function(images)
    )
    before = fitted.score(images, np.array(LABELS)[labels])
    fitted.set_params(learning_rate=1e-4, class_weight={"3": 2.0}).partial_fit(images, np.array(LABELS)[labels])
    assert fitted.score(images, np.array(LABELS)[labels]) >= before - 0.02
    warm = fitted.set_params(warm_start=True, max_iter=1).fit(images, np.array(LABELS)[labels])
    assert warm.score(images, np.array(LABELS)[labels]) >= before - 0.02


@pytest.mark.parametrize(
    ("model", "arguments", "size"),
    [
        ("lenet", {}, (28, 28)),
        ("lenet-avg", {"hidden": (10,)}, (12, 12)),
        ("tiny", {}, (9, 16)),
        ("softmax", {}, (3, 3)),
    ],
)
def test_a_network_of_any_model_and_size_goes_on_training(model, arguments, size):
    """Also of a size that `fit` would enlarge, and with the model's own defaults instead of the estimator's."""
    network = network_of(model, input_size=size, num_classes=2, **arguments)
    trained = TrainedNetwork(Path("made up"), model, arguments, ("a", "b"), Preprocessing(size), loaded=network)
    images = np.random.default_rng(0).integers(0, 256, (20, *size)).astype(np.uint8)
    fitted = LeNetClassifier.from_run(trained)
    assert fitted.predict(images).tolist() == trained.predictions(images)
    assert fitted.partial_fit(images, ["a", "b"] * 10).n_iter_ == 1
    assert fitted.set_params(warm_start=True, max_iter=1).fit(images, ["a", "b"] * 10).n_iter_ == 2


@pytest.mark.parametrize("name", ["mnist", "digits", "fashion-mnist"])
def test_a_ready_made_network_as_an_estimator(name):
    fitted = LeNetClassifier.from_run(name, outlier_label=None)
    assert len(fitted.classes_) == 10
    assert fitted.predict_proba(TEST.images[:2]).shape == (2, 10)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (range(9), r"labels has the shape \(9,\); expected a label for each class: 0, 1, 2"),
        ([0] * 10, "labels is .*; expected a different one for each class"),
    ],
)
def test_labels_that_do_not_fit(tiny_run, labels, message):
    with pytest.raises(ValueError, match=message):
        LeNetClassifier.from_run(tiny_run, labels=labels)


def test_no_run(tmp_path):
    with pytest.raises(RunError):
        LeNetClassifier.from_run(tmp_path / "nothing")


def test_a_saved_estimator_is_a_weights_file(tmp_path):
    fitted = small().fit(TRAIN.images, [f"pattern {label}" for label in TRAIN.labels])
    path = fitted.save(tmp_path / "patterns.safetensors")
    network = TrainedNetwork.load(path)
    assert network.predictions(TEST.images) == fitted.predict(TEST.images).tolist()
    np.testing.assert_array_equal(
        LeNetClassifier.from_run(path).decision_function(TEST.images), fitted.decision_function(TEST.images)
    )
    assert lenet.predict(path, TEST.images[0]).label in fitted.classes_
    for number, network in enumerate((path, fitted.network_)):
        lenet.export(network, to="onnx", out=tmp_path / f"{number}.onnx")
    assert (tmp_path / "0.onnx").read_bytes() == (tmp_path / "1.onnx").read_bytes()


def test_what_cannot_be_saved(tmp_path):
    fitted = small(max_iter=1).fit(TRAIN.images, TRAIN.labels)
    with pytest.raises(ValueError, match=r"the path is .*net.onnx'; expected the suffix .safetensors"):
        fitted.save(tmp_path / "net.onnx")
    path = fitted.save(tmp_path / "net.safetensors")
    with pytest.raises(FileExistsError, match="the file exists; overwrite=True replaces it"):
        fitted.save(path)
    assert fitted.save(path, overwrite=True) == path
    with pytest.raises(RunError, match="was not written: its folder is gone"):
        fitted.save(tmp_path / "nowhere" / "net.safetensors")
    odd = small(max_iter=1).fit(TRAIN.images, np.where(TRAIN.labels > 4, "line\nbreak", ""))
    assert set(odd.predict(TEST.images)) <= {"", "line\nbreak"}
    with pytest.raises(ValueError, match="class 0 of y has the name ''"):
        odd.save(tmp_path / "odd.safetensors")


def test_without_scikit_learn_the_extra_is_named(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "sklearn" else find(name))
    with pytest.raises(MissingExtra, match=r"lenet.sklearn needs scikit-learn, which is not installed") as caught:
        _ = lenet.sklearn.LeNetClassifier
    assert caught.value.hint == 'pip install "lenet[sklearn]"'
    with pytest.raises(AttributeError, match=r"module 'lenet.sklearn' has no attribute 'Nothing'"):
        _ = lenet.sklearn.Nothing
