"""LeNetClassifier within scikit-learn's own tools."""

import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from made_up import patterns
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, cross_val_predict, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_global_output_transform_pandas,
    check_set_output_transform,
    check_set_output_transform_pandas,
    check_transformer_get_feature_names_out,
    check_transformer_get_feature_names_out_pandas,
)

from lenet.sklearn import LeNetClassifier

TRAIN, TEST = patterns(200, 1), patterns(100, 2)
X, Y = TRAIN.images.reshape(200, 784), np.array([f"pattern {label}" for label in range(10)])[TRAIN.labels]
TEST_X, TEST_Y = TEST.images, np.array([f"pattern {label}" for label in range(10)])[TEST.labels]


def small(**parameters):
    return LeNetClassifier(
        **{"channels": (4,), "hidden": (16,), "max_iter": 10, "learning_rate": 0.005, "random_state": 0} | parameters
    )


@pytest.mark.filterwarnings("ignore:X (has|does not have).* feature names")  # tables and arrays by turns
@pytest.mark.parametrize(
    "check",
    [
        check_dataframe_column_names_consistency,
        check_transformer_get_feature_names_out,
        check_transformer_get_feature_names_out_pandas,
        check_set_output_transform,
        check_set_output_transform_pandas,
        check_global_output_transform_pandas,
    ],
)
def test_checks_of_scikit_learn_for_its_own_estimators(check):
    check("LeNetClassifier", small())


LEARNED_NOTHING = pytest.mark.filterwarnings("ignore:the network has learned nothing")


@LEARNED_NOTHING
@pytest.mark.process
def test_a_grid_search_in_two_processes_finds_what_one_finds():
    grid = {"learning_rate": [0.005, 1e-6]}
    searches = [GridSearchCV(small(), grid, cv=2, n_jobs=jobs).fit(X, Y) for jobs in (1, 2)]
    assert searches[0].best_params_ == {"learning_rate": 0.005}
    np.testing.assert_array_equal(*(search.cv_results_["mean_test_score"] for search in searches))
    np.testing.assert_array_equal(*(search.predict_proba(TEST_X) for search in searches))


@LEARNED_NOTHING
def test_a_halving_search_with_epochs_as_its_resource():
    search = HalvingGridSearchCV(
        small(), {"learning_rate": [0.005, 1e-6, 1e-5]}, resource="max_iter", min_resources=1, max_resources=9, cv=2
    ).fit(X, Y)
    assert search.best_params_["learning_rate"] == 0.005
    assert search.n_resources_ == [1, 3]


def test_in_a_pipeline_before_and_after_others():
    scaled = make_pipeline(MinMaxScaler(clip=True), small()).fit(X, Y)
    assert scaled.score(TEST_X.reshape(100, 784), TEST_Y) > 0.9
    embedded = make_pipeline(small(), PCA(5), LogisticRegression()).fit(X, Y)
    assert embedded.score(TEST_X.reshape(100, 784), TEST_Y) > 0.9


@pytest.mark.parametrize("images", [X, TRAIN.images, TRAIN.images[..., None]])
def test_cross_validation_of_images_in_any_shape(images):
    probabilities = cross_val_predict(small(), images, Y, cv=2, method="predict_proba")
    assert log_loss(Y, probabilities) < 1
    assert cross_val_score(small(), images, Y, cv=2).min() > 0.8


def test_calibration():
    calibrated = CalibratedClassifierCV(small(), cv=2).fit(TRAIN.images, Y)
    assert calibrated.score(TEST_X, TEST_Y) > 0.9
    frozen = CalibratedClassifierCV(FrozenEstimator(small().fit(TRAIN.images, Y))).fit(TEST_X, TEST_Y)
    assert frozen.score(TEST_X, TEST_Y) > 0.9


def test_permutation_importance_of_pixels():
    images = np.zeros((80, 3, 3))
    labels = np.arange(80) % 2
    images[:, 1, 1] = labels
    images[:, 0, 0] = np.random.default_rng(0).random(80)
    rows = images.reshape(80, 9)
    fitted = small(max_iter=20).fit(rows, labels)
    importance = permutation_importance(fitted, rows, labels, n_repeats=5, random_state=0).importances_mean
    assert importance.argmax() == 4
    assert importance[4] > 0.3
    assert importance[0] < 0.1


@pytest.mark.parametrize(
    "make",
    [
        lambda: BaggingClassifier(small(), n_estimators=2, max_features=0.5, random_state=0),
        lambda: VotingClassifier([("one", small()), ("two", small(random_state=1))], voting="soft"),
        lambda: StackingClassifier([("one", small())], LogisticRegression(), cv=2),
        lambda: OneVsRestClassifier(small()),
    ],
)
def test_in_ensembles(make):
    assert make().fit(X, Y).score(TEST_X.reshape(100, 784), TEST_Y) > 0.8


def test_self_training_with_few_labels():
    labels = TRAIN.labels.copy()
    labels[100:] = -1
    assert SelfTrainingClassifier(small()).fit(X, labels).score(TEST_X.reshape(100, 784), TEST.labels) > 0.8


def test_the_embedding_as_a_table():
    fitted = small().set_output(transform="pandas").fit(X, Y)
    table = fitted.transform(X)
    assert isinstance(table, pd.DataFrame)
    assert table.columns.tolist() == [f"lenetclassifier{number}" for number in range(16)]
    assert table.dtypes.unique().tolist() == [np.float32]


def test_names_of_columns_are_compared():
    frame = pd.DataFrame(X, columns=[f"pixel{number}" for number in range(784)])
    fitted = small().fit(frame, pd.Series(Y))
    assert fitted.feature_names_in_.tolist() == frame.columns.tolist()
    with pytest.raises(ValueError, match="The feature names should match those that were passed during fit"):
        fitted.predict(frame.iloc[:, ::-1])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted.predict(X)
    assert "X does not have valid feature names" in str(caught[0].message)


def test_metadata_is_routed():
    weights = np.r_[np.ones(150), np.zeros(50)]
    with sklearn.config_context(enable_metadata_routing=True):
        scored = small().set_score_request(sample_weight=True)
        search = GridSearchCV(scored, {"max_iter": [2]}, cv=2).fit(X, Y, sample_weight=weights)
        assert np.isfinite(search.best_score_)
        learner = small().set_partial_fit_request(classes=True)
        assert learner.get_metadata_routing().partial_fit.requests == {"classes": True}
        with pytest.raises(TypeError, match="sample_weight"):
            small().fit(X, Y, sample_weight=weights)
