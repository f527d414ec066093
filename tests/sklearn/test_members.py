"""Forests, boosting and a linear model beside the network: each is a circuit, and so is their sum.

`fit_member` says what each scores in floats, and its model says it in gates.
"""

import pickle

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn", minversion="1.6")

from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris, load_wine
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

import gategrad as gg
from gategrad.encoding import Table
from gategrad.sklearn import LogicClassifier, LogicRegressor
from gategrad.sklearn.choosing import CONSTANT, Judge
from gategrad.sklearn.columns import Columns, finer
from gategrad.sklearn.members import fit_member
from gategrad.sklearn.stacking import stacked
from gategrad.sklearn.task import Task

FAST = ("boosted", "linear")


def _rows(kind: str, n: int = 150):
    """Numbers, categories and gaps, and a task: "two", "three", "absent" or "numbers"."""
    rng = np.random.default_rng(3)
    x = np.empty((n, 4), object)
    x[:, 0], x[:, 1] = rng.normal(size=n), rng.integers(0, 4, n)
    x[:, 2], x[:, 3] = rng.choice(["a", "b", "c"], n), rng.exponential(size=n)
    score = x[:, 0].astype(float) + (x[:, 2] == "a") + x[:, 1].astype(float) / 2
    x[::13, 0] = None
    if kind == "numbers":
        return x, Task("regression", np.stack([score, -2 * score], axis=1)[:, :1], 1)
    if kind == "two":
        return x, Task("argmax", (score > 1).astype(np.int64), 2)
    y = np.digitize(score, [0.3, 1.3]).astype(np.int64)
    return x, Task("argmax", y + (y > 0), 4) if kind == "absent" else Task("argmax", y, 3)


@pytest.mark.parametrize("name", ["forest", "boosted", "linear", "tuned"])
@pytest.mark.parametrize("kind", ["two", "three", "absent", "numbers"])
@pytest.mark.parametrize("factor", [1.0, 0.37])
def test_a_member_is_a_circuit(name, kind, factor):
    x, task = _rows(kind)
    table = Table.fit(x, 12, missing="indicator")
    bits, columns = table.encode(x), Columns.of(table)
    weights = np.random.default_rng(0).random(len(x)) + 0.5
    made = fit_member(name, columns, bits, task, weights, seed=0, n_jobs=1)
    wanted = factor * made.scores(bits)
    assert wanted.shape == (len(x), task.n_scores)
    model = made.model(factor)
    found = model.scores(bits).astype(float)
    if kind == "absent" and name != "tuned":
        assert (wanted.argmax(1) != 1).all()
        wanted, found = (np.delete(a, 1, axis=1) for a in (wanted, found))
    # Only what scores are beside one another counts.
    if task.kind == "argmax":
        wanted, found = (a - a.mean(axis=1, keepdims=True) for a in (wanted, found))
    assert np.abs(found - wanted).max() < 0.03 * wanted.std()
    np.testing.assert_array_equal(model.sums(bits), model.sums(bits, backend="numpy"))


def test_rows_of_one_class_teach_that_class():
    bits = np.eye(4, dtype=bool)
    columns = Columns.of(Table.fit(np.arange(4.0)[:, None], 4))
    task = Task("argmax", np.full(4, 2), 3)
    made = fit_member("linear", columns, bits, task, np.ones(4), seed=0, n_jobs=1)
    assert (made.scores(bits).argmax(1) == 2).all()
    assert (made.model(2.0).predict(bits) == 2).all()


def test_rows_with_one_number_teach_the_mean():
    bits = np.eye(4, dtype=bool)
    columns = Columns.of(Table.fit(np.arange(4.0)[:, None], 4))
    task = Task("regression", np.stack([np.ones(4), np.arange(4.0)], axis=1), 2)
    made = fit_member("boosted", columns, bits, task, np.ones(4), seed=0, n_jobs=1)
    np.testing.assert_allclose(made.scores(bits), np.tile([1, 1.5], (4, 1)))
    np.testing.assert_allclose(made.model(2.0).scores(bits), np.tile([2, 3], (4, 1)))
    few = LogicRegressor(members=("network", "linear"), steps=2, random_state=0)
    assert few.fit(np.arange(6.0)[:, None], [1, 0, 0, 0, 0, 0]).predict([[3.0]]).shape == (1,)


def test_a_table_with_more_levels_holds_the_bits_of_both():
    x, _ = _rows("two")
    few, many = (Table.fit(x, bits, missing="indicator") for bits in (3, 12))
    both, own = finer(few, many)
    np.testing.assert_array_equal(both.encode(x)[:, own], few.encode(x))
    assert both.n_inputs == few.n_inputs + many.encoders[0].n_inputs
    assert len(Columns.of(both).places) == 3 + 3 + 1


def test_weights_of_columns_are_weights_of_bits():
    x, _ = _rows("two")
    table = Table.fit(x, 9, missing="indicator")
    bits, columns = table.encode(x), Columns.of(table)
    weights = np.random.default_rng(0).normal(size=(len(columns.places), 2))
    np.testing.assert_allclose(columns.values(bits) @ weights, bits @ columns.weights(weights))
    # A number is the middle between its levels, so it rises with the number itself.
    there = np.array([cell is not None for cell in x[:, 0]])
    pairs = np.corrcoef(columns.values(bits)[there, 0], x[there, 0].astype(float))
    assert pairs[0, 1] > 0.95


def _judge(y, n_scores: int = 2) -> Judge:
    return Judge(Task("argmax", y, n_scores), np.ones(len(y)))


def test_members_that_do_not_pay_are_left_out():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 400)
    good = np.stack([0 * y, (2 * y - 1) + rng.normal(size=400)], axis=1)
    noise = rng.normal(size=(400, 2))
    found = stacked({"good": good, "noise": noise}, _judge(y))
    assert set(found) <= {"good", CONSTANT}
    # The log odds of what was drawn are twice the score.
    assert found["good"] == pytest.approx(2, rel=0.25)
    assert set(stacked({"noise": noise}, _judge(y))) == {CONSTANT}
    even, wrong = np.arange(40) % 2, np.stack([np.arange(40) % 2, np.zeros(40)], axis=1)
    assert stacked({"wrong": wrong}, _judge(even)) == {CONSTANT: 1.0}


def test_members_that_know_different_things_are_added():
    rng = np.random.default_rng(0)
    parts = rng.normal(size=(2, 600))
    y = (parts.sum(axis=0) > 0).astype(np.int64)
    given = {name: np.stack([0 * p, p], axis=1) for name, p in zip("ab", parts, strict=True)}
    found = stacked(given, _judge(y))
    assert found["a"] == pytest.approx(found["b"], rel=0.2)


def test_numbers_are_weighed_by_squares_and_the_mean_has_the_rest():
    rng = np.random.default_rng(0)
    y = rng.normal(5, 2, (300, 1))
    task = Task("regression", y, 1)
    judge = Judge(task, np.ones(300))
    half = 5 + (y - 5) / 2
    found = stacked({"half": half, "noise": rng.normal(5, 2, (300, 1))}, judge)
    assert found["half"] == pytest.approx(2, rel=0.02)
    assert sum(found.values()) == pytest.approx(1)
    alone = stacked({"noise": rng.normal(5, 2, (300, 1))}, judge)
    assert alone == {CONSTANT: 1.0}


@pytest.fixture(scope="module")
def fitted():
    pandas = pytest.importorskip("pandas")
    x, task = _rows("two")
    frame = pandas.DataFrame(x, columns=["u", "v", "w", "z"])
    frame["v"] = frame["v"].astype(float)
    y = np.where(task.targets, "yes", "no")
    return LogicClassifier(members=FAST, random_state=0).fit(frame, y), frame, y


def test_all_is_one_model(fitted, tmp_path):
    model, frame, y = fitted
    assert set(model.comparison_) == {"constant", *FAST, "ensemble"}
    assert set(model.weights_) <= {"constant", *FAST}
    assert model.score(frame, y) > 0.85
    model.to_model().save(tmp_path / "m.gg")
    loaded = gg.load(tmp_path / "m.gg")
    assert loaded.predict(frame[["z", "w", "v", "u"]]).tolist() == model.predict(frame).tolist()
    np.testing.assert_allclose(loaded.probabilities(frame), model.predict_proba(frame))
    assert model.feature_importances_.sum() == pytest.approx(1)


def test_copies_and_repeated_rows_are_the_same(fitted):
    pandas = pytest.importorskip("pandas")
    model, frame, y = fitted
    assert clone(model).fit(frame, y).to_model() == model.to_model()
    assert pickle.loads(pickle.dumps(model)).to_model() == model.to_model()
    heavy = clone(model).fit(frame, y, sample_weight=np.where(np.arange(len(y)) < 30, 2, 1))
    twice = clone(model).fit(pandas.concat([frame, frame[:30]]), np.append(y, y[:30]))
    assert heavy.to_model() == twice.to_model()


def test_temperature_threshold_and_weights_of_classes(fitted):
    _, frame, y = fitted
    plain = LogicClassifier(members=FAST, random_state=0)
    even = clone(plain).set_params(class_weight={"yes": 9}).fit(frame, y)
    assert (even.predict(frame) == "yes").sum() > (
        plain.fit(frame, y).predict(frame) == "yes"
    ).sum()
    sure = clone(plain).set_params(threshold=0.9).fit(frame, y)
    p = sure.predict_proba(frame)[:, 1]
    assert ((sure.predict(frame) == "yes") == (p > 0.9)).all()
    both = clone(plain).set_params(calibrate=True, threshold="f1").fit(frame, y)
    assert 0 < both.threshold_ < 1
    by_metric = clone(plain).set_params(metric="auc").fit(frame, y)
    assert max(by_metric.comparison_.values()) <= 1


def test_the_network_is_a_member():
    x, y = load_wine(return_X_y=True)
    options = {"layers": "30", "steps": 30, "options": {"eval_every": 30}, "random_state": 0}
    model = LogicClassifier(**options, members=("network", "linear")).fit(x, y)
    assert {"network", "linear", "ensemble", "constant"} == set(model.comparison_)
    assert model.score(x, y) > 0.95
    alone = LogicClassifier(**options, members="network").fit(x, y)
    same = LogicClassifier(**options).fit(x, y)
    assert alone.to_model() == same.to_model()
    assert alone.weights_ is None


def test_numbers_are_predicted_and_noise_is_not():
    x, y = load_diabetes(return_X_y=True)
    model = LogicRegressor(members=FAST, random_state=0).fit(x, y)
    assert model.comparison_["ensemble"] > 0.4
    assert model.predict(x).shape == y.shape
    two = LogicRegressor(members="linear").fit(x, np.stack([y, -y], axis=1))
    assert two.predict(x).shape == (len(x), 2)
    noise = np.random.default_rng(0).normal(size=len(x))
    none = LogicRegressor(members="linear", random_state=0).fit(x, noise)
    assert none.to_model().circuit.n_gates == 0
    assert np.ptp(none.predict(x)) == 0


def test_linear_and_forest_do_as_in_scikit_learn():
    x, y = load_iris(return_X_y=True)
    x, rest = x[::2], x[1::2]
    linear = LogicClassifier(members="linear", random_state=0).fit(x, y[::2])
    scaler = StandardScaler().fit(x)
    plain = LogisticRegression().fit(scaler.transform(x), y[::2])
    assert (linear.predict(rest) == plain.predict(scaler.transform(rest))).mean() > 0.94
    forest = LogicClassifier(members="forest", random_state=0).fit(x, y[::2])
    trees = ExtraTreesClassifier(random_state=0).fit(x, y[::2])
    assert (forest.predict(rest) == trees.predict(rest)).mean() > 0.94


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"members": "trees"},
            "expected 'auto', or one or several of network, forest, boosted, linear, tuned",
        ),
        ({"members": ()}, r"members is \(\); expected 'auto'"),
        ({"members": ("linear", "linear")}, "expected 'auto', or one or several of"),
        ({"members": "linear", "folds": 0}, "folds=0; members are weighed by rows that they were"),
        ({"members": None}, "members is None; expected 'auto', or one or several of"),
        ({"members": "linear", "layers": "9"}, "layers, steps, gate_penalty or options say what"),
        ({"metric": "zeal"}, "metric is 'zeal'; known: accuracy"),
        ({"members": "linear", "warm_start": True}, "warm_start goes on with a network; set"),
    ],
)
def test_message(options, message):
    x, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match=message):
        LogicClassifier(**options).fit(x, y)


def test_boosting_is_for_few_classes():
    x, y = np.arange(80.0)[:, None], np.arange(80) % 4
    with pytest.raises(ValueError, match="boosting is for at most three classes, or one number"):
        LogicClassifier(members="boosted").fit(x, y)


def test_tuned_trees_of_too_few_rows_to_split():
    x = np.random.default_rng(0).normal(size=(24, 2))
    found = LogicRegressor(members="tuned", random_state=0).fit(x, x[:, 0])
    assert found.comparison_["tuned"] == pytest.approx(found.comparison_["constant"], abs=0.1)
    assert np.isfinite(found.predict(x)).all()
    rare = LogicClassifier(members="tuned", random_state=0).fit(x, np.arange(24) == 5)
    np.testing.assert_allclose(rare.predict_proba(x).sum(1), 1)


def test_rows_that_are_all_the_same():
    x, y = np.ones((40, 2)), np.arange(40) % 4 == 0
    found = LogicClassifier(members=FAST, calibrate=True, random_state=0).fit(x, y)
    assert found.weights_ == {"constant": 1.0}
    assert (found.predict(x) == 0).all()
    numbers = LogicRegressor(members=FAST, random_state=0).fit(x, np.full(40, 2.5))
    np.testing.assert_allclose(numbers.predict(x), 2.5)
