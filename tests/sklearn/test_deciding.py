"""What is chosen on rows that were not trained on: recipes, temperatures, thresholds."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn", minversion="1.6")

from sklearn.calibration import CalibratedClassifierCV
from sklearn.metrics import f1_score, log_loss

import gategrad as gg
from gategrad.circuit import live_gates
from gategrad.sklearn import LogicClassifier, LogicRegressor

QUICK = {"layers": "40", "steps": 40, "options": {"eval_every": 40}, "random_state": 0}


def _noisy(n: int = 400):
    """One row in four is of class 1, most of them where the first column is 2."""
    rng = np.random.default_rng(1)
    x = rng.integers(0, 3, (n, 3)).astype(float) + rng.random((n, 3)) / 4
    return x, (rng.random(n) < np.where(x[:, 0] > 2, 0.45, 0.1)).astype(int)


def test_noise_becomes_the_constant_answer(tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.random((60, 3)), np.array(["no", "yes"])[(rng.random(60) < 0.3).astype(int)]
    model = LogicClassifier(**QUICK, folds=2).fit(x, y)
    assert max(model.comparison_, key=model.comparison_.get) == "constant"
    assert list(model.comparison_) == ["constant", "short", "pairs", "tables"]
    assert set(model.predict(x)) == {"no"}
    np.testing.assert_allclose(model.predict_proba(x)[:, 1], (y == "yes").mean(), atol=1e-6)
    assert model.result_ is None
    assert not model.feature_importances_.any()
    model.to_model().save(tmp_path / "m.gg")
    loaded = gg.load(tmp_path / "m.gg")
    assert live_gates(loaded.circuit) == 0
    assert loaded.predict(x).tolist() == model.predict(x).tolist()


def test_noise_becomes_the_mean():
    rng = np.random.default_rng(0)
    x, y = rng.random((60, 3)), rng.random(60)
    model = LogicRegressor(**QUICK, folds=2).fit(x, y)
    assert model.comparison_["constant"] == 0 > model.comparison_["pairs"]
    np.testing.assert_allclose(model.predict(x), y.mean(), atol=1e-6)


def test_a_choice_is_never_below_the_constant_answer():
    x, y = _noisy(90)
    for metric in (None, "balanced-accuracy"):
        model = LogicClassifier(**QUICK, folds=3, metric=metric).fit(x, y)
        best = max(model.comparison_, key=model.comparison_.get)
        assert model.comparison_[best] >= model.comparison_["constant"]
        assert (model.result_ is None) == (best == "constant")


def test_what_was_told_is_not_compared():
    x, y = _noisy(60)
    assert LogicClassifier(**QUICK).fit(x, y).comparison_ is None
    free = LogicClassifier(random_state=0)
    assert free._folds(60) == 3
    assert free._folds(29) == free._folds(1_000) == 0
    assert LogicClassifier(warm_start=True)._folds(60) == 0


def test_probabilities_are_calibrated_on_rows_held_back():
    x, y = _noisy(1_200)
    # Trained to be sure of noise.
    sure = {**QUICK, "steps": 120, "options": {"tau": 1.0}}
    plain = LogicClassifier(**sure, early_stopping=False).fit(x[:600], y[:600])
    fitted = LogicClassifier(**sure, early_stopping=False, calibrate=True).fit(x[:600], y[:600])
    loss = [log_loss(y[600:], model.predict_proba(x[600:])) for model in (plain, fitted)]
    assert loss[1] < loss[0]
    assert fitted.threshold_ == 0.5


def test_a_threshold_is_chosen_and_kept_in_the_model(tmp_path):
    x, y = _noisy()
    plain = LogicClassifier(**QUICK).fit(x, y)
    by_f1 = LogicClassifier(**QUICK, threshold="f1", validation_fraction=0.3).fit(x, y)
    assert f1_score(y, by_f1.predict(x)) > f1_score(y, plain.predict(x))
    assert by_f1.threshold_ < 0.5
    by_f1.to_model().save(tmp_path / "m.gg")
    assert gg.load(tmp_path / "m.gg").predict(x).tolist() == by_f1.predict(x).tolist()


@pytest.mark.parametrize("threshold", [0.2, 0.7])
def test_a_threshold_of_ones_own(threshold):
    x, y = _noisy()
    model = LogicClassifier(**QUICK, threshold=threshold).fit(x, y)
    plain = LogicClassifier(**QUICK).fit(x, y)
    said = model.predict(x)
    assert (said == (plain.predict_proba(x)[:, 1] > threshold)).all()
    np.testing.assert_allclose(model.predict_proba(x), plain.predict_proba(x), atol=1e-6)
    assert ((model.decision_function(x) > 1e-6) == said.astype(bool)).all()


@pytest.mark.parametrize("method", ["isotonic", "sigmoid"])
def test_scikit_learns_calibration_takes_it(method):
    x, y = _noisy(240)
    model = CalibratedClassifierCV(LogicClassifier(**QUICK), method=method, cv=2).fit(x, y)
    p = model.predict_proba(x)
    assert p.shape == (240, 2)
    assert abs(p[:, 1].mean() - y.mean()) < 0.08
