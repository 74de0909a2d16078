"""Every check of scikit-learn's for estimators passes; the list of expected failures is empty."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from lenet.sklearn import LeNetClassifier

SMALL = {"channels": (4,), "hidden": (16,)}
LONG = "check_class_weight_classifiers"  # a thousand epochs


@pytest.fixture(autouse=True)
def array_api(monkeypatch):
    """Without it, the check of arrays of other libraries is left out."""
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")


@parametrize_with_checks([LeNetClassifier()], expected_failed_checks=None)
def test_the_default_estimator(estimator, check):
    if check.func.__name__ == LONG:
        estimator.set_params(**SMALL)
    check(estimator)


@pytest.mark.proof
@parametrize_with_checks([LeNetClassifier(), LeNetClassifier(model="lenet-bn", **SMALL)], expected_failed_checks=None)
def test_other_estimators_and_long_checks(estimator, check):
    check(estimator)
