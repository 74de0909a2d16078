"""LeNetClassifier: what it learns, its answers, its state, and what it refuses."""

import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pandas as pd
import pytest
from made_up import patterns
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError

import lenet
from lenet.data.dataset import Splits
from lenet.sklearn import LeNetClassifier, answers

TRAIN, TEST = patterns(300, 1), patterns(200, 2)
SMALL = {"channels": (4,), "hidden": (16,), "max_iter": 5, "random_state": 0}
NAMES = np.array([f"pattern {label}" for label in range(10)])


@pytest.fixture(scope="module")
def fitted():
    return LeNetClassifier(**SMALL).fit(TRAIN.images, NAMES[TRAIN.labels])


def blocks(count=40, classes=3, seed=0):
    """Images of 8×8 numbers in which one corner is light, and its number."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    images = random.random((count, 8, 8)) / 2
    for image, label in zip(images, labels, strict=True):
        image[4 * (label // 2) : 4 * (label // 2) + 4, 4 * (label % 2) : 4 * (label % 2) + 4] += 1
    return images, labels


def test_it_learns_and_answers_with_the_labels(fitted):
    assert fitted.score(TEST.images, NAMES[TEST.labels]) > 0.9
    assert fitted.classes_.tolist() == NAMES.tolist()
    assert set(fitted.predict(TEST.images)) <= set(NAMES)
    probabilities = fitted.predict_proba(TEST.images)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_array_equal(fitted.classes_[probabilities.argmax(axis=1)], fitted.predict(TEST.images))
    assert fitted.decision_function(TEST.images).shape == (200, 10)
    assert fitted.n_iter_ == len(fitted.loss_curve_) == 5
    assert fitted.loss_curve_[-1] < fitted.loss_curve_[0]


def test_the_weights_are_those_of_lenet_train(tmp_path):
    settings = {"channels": (4,), "hidden": (16,), "batch_size": 32, "learning_rate": 0.003}
    run = lenet.train(
        Splits(TRAIN, TEST, "made up"),
        recipe="fast",
        epochs=2,
        seed=7,
        out=tmp_path / "run",
        progress="quiet",
        **settings,
    )
    fitted = LeNetClassifier(max_iter=2, random_state=7, **settings).fit(TRAIN.images, TRAIN.labels)
    for name, array in run.network.weights.items():
        np.testing.assert_array_equal(fitted.network_.weights[name], array)
    assert fitted.loss_curve_ == [point.train_loss for point in run.epochs]


def test_the_bits_do_not_depend_on_threads(fitted):
    other = LeNetClassifier(**SMALL, n_jobs=3).fit(TRAIN.images, NAMES[TRAIN.labels])
    np.testing.assert_array_equal(other.decision_function(TEST.images), fitted.decision_function(TEST.images))


@pytest.mark.parametrize("method", ["decision_function", "predict_proba", "transform"])
def test_an_image_has_the_same_bits_alone_and_in_any_batch_and_order(fitted, method):
    answer = getattr(fitted, method)
    whole = answer(TEST.images)
    order = np.random.default_rng(0).permutation(200)
    np.testing.assert_array_equal(answer(TEST.images[order]), whole[order])
    for start, stop in ((0, 1), (5, 14), (190, 200)):
        np.testing.assert_array_equal(answer(TEST.images[start:stop]), whole[start:stop])


def test_images_of_any_form_are_the_same(fitted):
    expected = fitted.decision_function(TEST.images[:20])
    images = TEST.images[:20]
    for form in (
        images.reshape(20, 784),
        images[..., None],
        images[:, None],
        images.astype(np.float64),
        np.asfortranarray(images),
        list(images),
        images.tolist(),
        images.reshape(20, 784).tolist(),
        pd.DataFrame(images.reshape(20, 784)),
    ):
        np.testing.assert_array_equal(fitted.decision_function(form), expected)
    other = LeNetClassifier(**SMALL).fit(TRAIN.images.reshape(300, 784), NAMES[TRAIN.labels])
    np.testing.assert_array_equal(other.decision_function(images), expected)


def test_images_in_colour():
    images, labels = blocks()
    colour = np.zeros((40, 8, 8, 3))
    colour[..., 1] = images
    fitted = LeNetClassifier(**SMALL).fit(colour, labels)
    assert fitted.image_shape_ == (8, 8, 3)
    assert fitted.n_features_in_ == 192
    expected = fitted.predict_proba(colour)
    np.testing.assert_array_equal(fitted.predict_proba(np.moveaxis(colour, 3, 1)), expected)
    rows = LeNetClassifier(**SMALL, image_shape=(8, 8, 3)).fit(colour.reshape(40, 192), labels)
    np.testing.assert_array_equal(rows.predict_proba(colour), expected)


def test_two_classes_have_one_decision():
    images, labels = blocks(classes=2)
    fitted = LeNetClassifier(**SMALL).fit(images, labels == 1)
    decision = fitted.decision_function(images)
    assert decision.shape == (40,)
    np.testing.assert_array_equal(decision > 0, fitted.predict(images))
    np.testing.assert_allclose(1 / (1 + np.exp(-decision)), fitted.predict_proba(images)[:, 1])


def test_a_pickle_has_safetensors_and_no_other_engine(fitted, tmp_path):
    content = pickle.dumps(fitted)
    assert b"__metadata__" in content
    assert len(content) < len(fitted.network_.pack(fitted.network_.weights)) + 4000
    expected = fitted.decision_function(TEST.images)
    np.testing.assert_array_equal(pickle.loads(content).decision_function(TEST.images), expected)
    joblib.dump(fitted, tmp_path / "fitted.joblib", compress=3)
    np.testing.assert_array_equal(joblib.load(tmp_path / "fitted.joblib").decision_function(TEST.images), expected)


@pytest.mark.process
def test_a_pickle_opens_without_pytorch(fitted, tmp_path):
    (tmp_path / "fitted.pickle").write_bytes(pickle.dumps(fitted))
    np.save(tmp_path / "images.npy", TEST.images[:9])
    code = (
        "import pickle, sys, numpy as np\n"
        "fitted = pickle.load(open('fitted.pickle', 'rb')); print(*fitted.predict(np.load('images.npy')), sep=';')\n"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip().split(";") == fitted.predict(TEST.images[:9]).tolist()


def test_partial_fit_goes_on_after_a_pickle_with_the_same_bits():
    parts = [slice(start, start + 100) for start in (0, 100, 200)]
    whole = LeNetClassifier(**SMALL)
    pickled = LeNetClassifier(**SMALL)
    for part in parts:
        classes = None if hasattr(whole, "classes_") else range(10)
        whole.partial_fit(TRAIN.images[part], TRAIN.labels[part], classes)
        pickled = pickle.loads(pickle.dumps(pickled)).partial_fit(TRAIN.images[part], TRAIN.labels[part], classes)
    assert whole.n_iter_ == 3
    np.testing.assert_array_equal(pickled.decision_function(TEST.images), whole.decision_function(TEST.images))


def test_partial_fit_learns_and_takes_one_image():
    learner = LeNetClassifier(**SMALL)
    for _ in range(15):
        learner.partial_fit(TRAIN.images, TRAIN.labels, range(10))
    assert learner.score(TEST.images, TEST.labels) > 0.9
    before = learner.decision_function(TEST.images)
    learner.partial_fit(TRAIN.images[:1], TRAIN.labels[:1])
    assert (learner.decision_function(TEST.images) != before).any()


def test_partial_fit_after_fit_goes_on(fitted):
    images, labels = TRAIN.images, NAMES[TRAIN.labels]
    more = pickle.loads(pickle.dumps(fitted)).partial_fit(images, labels)
    assert more.n_iter_ == 6
    assert more.loss_curve_[-1] < fitted.loss_curve_[0]


def test_a_warm_start_goes_on_and_a_cold_one_begins_anew(fitted):
    warm = pickle.loads(pickle.dumps(fitted)).set_params(warm_start=True, max_iter=2)
    warm.fit(TRAIN.images, NAMES[TRAIN.labels])
    assert warm.n_iter_ == 7
    assert warm.loss_curve_[:5] == fitted.loss_curve_
    assert warm.loss_curve_[5] < fitted.loss_curve_[2]
    cold = pickle.loads(pickle.dumps(fitted)).set_params(max_iter=5).fit(TRAIN.images, NAMES[TRAIN.labels])
    np.testing.assert_array_equal(cold.decision_function(TEST.images), fitted.decision_function(TEST.images))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y: (x, y, {"hidden": (20,)}), "the parameters are those of another network than the fitted one"),
        (lambda x, y: (x[:, :20], y, {}), "X has 560 features, but LeNetClassifier is expecting 784 features"),
        (lambda x, y: (x.reshape(-1, 14, 56), y, {}), "X has images of 14×56; they were 28×28 before"),
        (lambda x, y: (x, [name + "!" for name in y], {}), "y has the classes .*; they were .* before"),
    ],
)
def test_a_warm_start_of_something_else_is_refused_and_changes_nothing(fitted, change, message):
    warm = pickle.loads(pickle.dumps(fitted)).set_params(warm_start=True)
    images, labels, parameters = change(TRAIN.images, NAMES[TRAIN.labels])
    warm.set_params(**parameters)
    with pytest.raises(ValueError, match=message):
        warm.fit(images, labels)
    np.testing.assert_array_equal(warm.decision_function(TEST.images), fitted.decision_function(TEST.images))


def test_class_weights_move_the_answers():
    random = np.random.default_rng(0)
    images, labels = random.random((60, 8, 8)), np.repeat(["rare", "usual"], [12, 48])
    shares = {
        str(weight): np.mean(
            LeNetClassifier(**SMALL, class_weight=weight).fit(images, labels).predict(images) == "rare"
        )
        for weight in (None, "balanced", {"rare": 100.0})
    }
    assert shares["None"] < shares["balanced"] < shares["{'rare': 100.0}"]


def test_without_a_random_state_two_trainings_differ_and_a_generator_moves_on():
    images, labels = blocks()
    results = [
        LeNetClassifier(**SMALL | {"random_state": None}).fit(images, labels).predict_proba(images) for _ in "12"
    ]
    assert (results[0] != results[1]).any()
    states = [np.random.RandomState(5) for _ in range(2)]
    pairs = [
        [LeNetClassifier(**SMALL | {"random_state": state}).fit(images, labels).transform(images) for _ in "12"]
        for state in states
    ]
    np.testing.assert_array_equal(pairs[0], pairs[1])
    assert (pairs[0][0] != pairs[0][1]).any()


def test_threads_may_share_a_fitted_estimator(fitted):
    expected = fitted.decision_function(TEST.images)
    start = threading.Barrier(4)

    def answer(_):
        start.wait()
        return [fitted.decision_function(TEST.images) for _ in range(5)]

    with ThreadPoolExecutor(4) as pool:
        for results in pool.map(answer, range(4)):
            for result in results:
                np.testing.assert_array_equal(result, expected)


def test_fractions_after_whole_numbers_are_warned_of(fitted):
    with pytest.warns(
        UserWarning, match="X has fractions from 0 to 1, but LeNetClassifier was fitted on whole numbers"
    ):
        fitted.predict(TEST.images / 255)
    scaled = LeNetClassifier(**SMALL, pixel_range=(0, 1)).fit(TRAIN.images / 255, TRAIN.labels)
    expected = LeNetClassifier(**SMALL).fit(TRAIN.images, TRAIN.labels).decision_function(TEST.images)
    np.testing.assert_array_equal(scaled.decision_function(TEST.images / 255), expected)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"model": "resnet"}, "unknown model 'resnet'"),
        ({"max_iter": 0}, "max_iter is 0; expected a whole number at least 1"),
        ({"max_iter": 2.5}, "max_iter is 2.5; expected a whole number"),
        ({"batch_size": "all"}, "batch_size is all; expected a whole number at least 1"),
        ({"learning_rate": -1}, "learning_rate is -1; expected a number above 0"),
        ({"optimizer": "lbfgs"}, r"unknown optimizer 'lbfgs'\nhint: choose from sgd, adam, adamw"),
        ({"momentum": 0.9}, r"(?s)momentum is a setting of sgd.*hint: add optimizer=sgd, or leave momentum out"),
        ({"schedule": "adaptive"}, "unknown schedule 'adaptive'"),
        ({"kernel_size": 40}, "kernel, larger than its"),
        ({"hidden": (5000,)}, "a width of 5000 in the layer"),
        ({"class_weight": "equal"}, "class_weight is 'equal'; expected a dict"),
        ({"class_weight": {0: -1.0}}, "class_weight has -1.0 for the class 0; expected a number above 0"),
        ({"random_state": -1}, "random_state is -1; expected a whole number at least 0"),
        ({"random_state": "seed"}, "'seed' cannot be used to seed"),
        ({"n_jobs": 0}, "n_jobs is 0; expected a whole number, such as 2, -1 for all cores"),
        ({"flip": "yes"}, "flip is 'yes'; expected True or False"),
        ({"image_shape": (5, 5)}, "X has images of 8×8, but image_shape is 5×5|image_shape is 5×5"),
        ({"model": "lenet-bn", "batch_size": 39}, "hint: take batch_size=40"),
        ({"optimizer": "sgd", "learning_rate": 1e9, "schedule": "constant"}, "the loss became .*hint: use a smaller"),
    ],
)
def test_parameters_that_make_no_sense(parameters, message):
    images, labels = blocks()
    estimator = LeNetClassifier(**SMALL | parameters)
    with pytest.raises(ValueError, match=f"(?s){message}") as caught:
        estimator.fit(images, labels)
    assert "--" not in str(caught.value)
    assert "engine" not in str(caught.value)
    with pytest.raises(NotFittedError):
        estimator.predict(images)


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (np.zeros(40), ValueError, "y has 1 class, 0.0; expected at least 2"),
        (np.random.default_rng(0).random(40), ValueError, "Unknown label type: continuous"),
        (np.array([1, "a"] * 20, object), ValueError, "Unknown label type: unknown"),
        (np.zeros((40, 2), int), ValueError, "y should be a 1d array"),
        (np.zeros(39), ValueError, "inconsistent numbers of samples"),
    ],
)
def test_labels_that_make_no_sense(y, error, message):
    images, _ = blocks()
    with pytest.raises(error, match=message):
        LeNetClassifier(**SMALL).fit(images, y)


def test_images_that_make_no_sense(fitted):
    images, labels = blocks()
    with pytest.raises(ValueError, match="the images of X have different shapes"):
        LeNetClassifier(**SMALL).fit([np.zeros((8, 8)), np.zeros((9, 8))], ["a", "b"])
    with pytest.raises(ValueError, match="Input X contains NaN"):
        LeNetClassifier(**SMALL).fit(np.where(images > 1, np.nan, images), labels)
    with pytest.raises(ValueError, match=r"X has the shape \(40, 8, 4, 2\); expected \(n_samples, n_features\)"):
        LeNetClassifier(**SMALL).fit(images.reshape(40, 8, 4, 2), labels)
    with pytest.raises(ValueError, match="X has images of 8×8, but LeNetClassifier was fitted on 28×28"):
        fitted.predict(images)
    with pytest.raises(ValueError, match="X has 64 features, but LeNetClassifier is expecting 784 features as input"):
        fitted.predict(images.reshape(40, 64))
    with pytest.raises(ValueError, match="X has images of 8×8, but image_shape is 4×16"):
        LeNetClassifier(**SMALL, image_shape=(4, 16)).fit(images, labels)


def test_a_network_that_learns_nothing_is_warned_of():
    images, labels = blocks()
    images = np.where(images > -1, 0.5, 1.0)  # without contrast
    with pytest.warns(
        ConvergenceWarning, match="the network has learned nothing in 5 epochs: its training loss is 1.*"
    ):
        LeNetClassifier(**SMALL).fit(images, labels)


def test_a_path_is_no_array(fitted):
    for use in (fitted.predict, lambda path: LeNetClassifier().fit(path, [0, 1])):
        with pytest.raises(ValueError, match=r"X is the path 'photos/'; expected an array of images"):
            use("photos/")


def test_large_arrays_are_classified_in_parts(fitted, monkeypatch):
    expected = fitted.decision_function(TEST.images)
    monkeypatch.setattr(answers, "AT_ONCE", 7)
    np.testing.assert_array_equal(fitted.decision_function(TEST.images), expected)


def test_partial_fit_refuses_unknown_classes():
    images, labels = blocks()
    with pytest.raises(ValueError, match="classes must be passed on the first call to partial_fit"):
        LeNetClassifier(**SMALL).partial_fit(images, labels)
    with pytest.raises(ValueError, match="class_weight is 'balanced', but partial_fit sees a part of the labels"):
        LeNetClassifier(**SMALL, class_weight="balanced").partial_fit(images, labels, [0, 1, 2])
    with pytest.raises(ValueError, match=r"y has the label 2; expected one of \[0, 1\]"):
        LeNetClassifier(**SMALL).partial_fit(images, labels, [0, 1])
    begun = LeNetClassifier(**SMALL).partial_fit(images, labels, [2, 1, 0])
    with pytest.raises(ValueError, match=r"classes is \[0, 1\]; it was \[0, 1, 2\] before"):
        begun.partial_fit(images, labels, [0, 1])
    assert clone(begun).fit(images, labels).n_iter_ == 5
