"""scikit-learn's own checks of estimators, without an expected failure."""

import warnings

import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn", minversion="1.6")

from sklearn.utils.estimator_checks import parametrize_with_checks

from gategrad.sklearn import LogicClassifier, LogicEncoder, LogicRegressor

# Few gates and steps: the checks fit a hundred times.
_QUICK = {"eval_every": 40, "lr": 0.1}
ESTIMATORS = [
    LogicEncoder(),
    LogicClassifier(layers="24", steps=25, options=_QUICK),
    LogicRegressor(layers="60", steps=30, options=_QUICK),
    LogicClassifier(members=("boosted", "linear")),
    LogicRegressor(members="linear"),
]


@parametrize_with_checks(ESTIMATORS)
def test_check(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        check(estimator)
