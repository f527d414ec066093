"""The estimators on tables as people have them: DataFrames, text, gaps, weights, pipelines."""

import pickle
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn", minversion="1.6")

from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import gategrad as gg
from gategrad.sklearn import LogicClassifier, LogicEncoder, LogicRegressor

QUICK = {"layers": "60", "steps": 80, "options": {"eval_every": 40}, "random_state": 0}


def _table(n: int = 120) -> tuple[dict[str, list], np.ndarray]:
    """Columns by name: y hangs on colour and size; weight is noise."""
    rng = np.random.default_rng(0)
    size = rng.integers(0, 9, n).astype(float)
    colour = np.array(["red", "green", "blue"])[rng.integers(0, 3, n)]
    y = np.where((size > 4) & (colour == "red"), "yes", "no")
    size[::17] = np.nan
    weight = rng.random(n).astype(np.float32)
    return {"size": size.tolist(), "colour": colour.tolist(), "weight": weight.tolist()}, y


@pytest.fixture(scope="module")
def fitted():
    pandas = pytest.importorskip("pandas")
    columns, y = _table()
    frame = pandas.DataFrame(columns)
    return LogicClassifier(**QUICK).fit(frame, y), frame, y


def test_a_frame_with_text_and_gaps_is_learned(fitted):
    model, frame, y = fitted
    assert model.score(frame, y) > 0.9
    assert model.classes_.tolist() == ["no", "yes"]
    assert model.feature_names_in_.tolist() == ["size", "colour", "weight"]
    assert "size is missing" in model.encoder_.input_names()


def test_importances_name_the_columns_that_matter(fitted):
    found = fitted[0].feature_importances_
    assert found.sum() == pytest.approx(1)
    assert found[2] < found[0]
    assert found[2] < found[1]


def test_its_model_predicts_the_same_by_name_in_any_order(fitted, tmp_path):
    model, frame, _ = fitted
    model.to_model().save(tmp_path / "m.gg")
    loaded = gg.load(tmp_path / "m.gg")
    turned = frame[["weight", "colour", "size"]].assign(more=1)
    assert loaded.predict(turned).tolist() == model.predict(frame).tolist()
    np.testing.assert_allclose(loaded.probabilities(frame), model.predict_proba(frame))


def test_polars_frames_are_taken(fitted):
    polars = pytest.importorskip("polars")
    model, frame, _ = fitted
    columns, _ = _table()
    rows = polars.DataFrame(columns)
    assert model.predict(rows).tolist() == model.predict(frame).tolist()


def test_categories_of_a_frame_are_no_numbers():
    pandas = pytest.importorskip("pandas")
    codes = pandas.Series([1, 2, 3, 1, 2, 3] * 5).astype("category")
    frame = pandas.DataFrame({"code": codes, "n": range(30)})
    y = [0, 1, 0] * 10
    names = LogicClassifier(**QUICK).fit(frame, y).encoder_.input_names()
    assert "code = 2" in names
    named = LogicClassifier(**QUICK, categorical=["n"]).fit(frame, y).encoder_.input_names()
    assert "n = 7" in named
    assert not any("code = " in name for name in named)


def test_decisions_probabilities_and_labels_agree():
    x, y = load_iris(return_X_y=True)
    model = LogicClassifier(**QUICK).fit(x, y)
    p, scores = model.predict_proba(x), model.decision_function(x)
    assert (model.classes_[scores.argmax(1)] == model.predict(x)).all()
    np.testing.assert_allclose(p.sum(1), 1)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(x)), p)
    assert model.score(x, y) > 0.9


def test_pickles_clones_and_the_same_seed_predict_the_same(fitted):
    model, frame, y = fitted
    again = clone(model).fit(frame, y)
    assert again.to_model() == model.to_model()
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.decision_function(frame), model.decision_function(frame))


def test_pipelines_and_searches():
    x, y = load_iris(return_X_y=True)
    steps = make_pipeline(FunctionTransformer(), LogicClassifier(**QUICK))
    search = GridSearchCV(steps, {"logicclassifier__bits": [1, 6]}, cv=2).fit(x, y)
    assert search.best_params_ == {"logicclassifier__bits": 6}


def test_warm_start_goes_on_with_the_same_network():
    x, y = load_iris(return_X_y=True)
    model = LogicClassifier(**QUICK, warm_start=True).set_params(steps=3)
    cold = model.fit(x, y).score(x, y)
    encoder, net = model.encoder_, model._net
    model.set_params(steps=80).fit(x, y)
    assert model._net is net
    assert model.encoder_ is encoder
    assert model.score(x, y) > cold
    with pytest.raises(ValueError, match=r"warm_start goes on with the classes \[0 1 2\]"):
        model.fit(x, y + 1)


def test_rare_classes_and_held_back_rows():
    rng = np.random.default_rng(1)
    x = rng.integers(0, 3, (400, 3))
    y = ((x[:, 0] == 2) & (rng.random(400) < 0.4)).astype(int)
    plain = LogicClassifier(**QUICK).fit(x, y)
    even = LogicClassifier(**QUICK, class_weight="balanced").fit(x, y)
    by_label = LogicClassifier(**QUICK, class_weight={1: 5}).fit(x, y)
    assert plain.predict(x).sum() < even.predict(x).sum() >= y.sum()
    assert plain.predict(x).sum() < by_label.predict(x).sum()
    stopped = LogicClassifier(**QUICK, early_stopping=True, metric="auc").fit(x, y)
    assert stopped.result_.figure == "AUC"
    assert stopped.result_.rows_to_choose_on < 400


def test_weights_of_labels_that_are_no_classes():
    x, y = [[0.0], [1.0]] * 10, ["no", "yes"] * 10
    for weights in ({"yse": 5}, {"no": 1, "yse": 5}):
        with pytest.raises(ValueError, match=r"'yse', which is no class of y; .* are 'no', 'yes'"):
            LogicClassifier(**QUICK, class_weight=weights).fit(x, y)
    # A fold may lack a class.
    LogicClassifier(**QUICK, class_weight={"no": 1, "yes": 2, "rare": 9}).fit(x, y)


def test_regression_and_its_importances():
    x, y = load_diabetes(return_X_y=True)
    model = LogicRegressor(**QUICK | {"layers": "200"}).fit(x, y)
    assert model.score(x, y) > 0.35
    assert model.predict(x).shape == y.shape
    # The body mass index tells most.
    assert 2 in np.argsort(model.feature_importances_)[-2:]
    two = LogicRegressor(**QUICK).fit(x, np.column_stack([y, -y]))
    assert two.predict(x).shape == (len(x), 2)


def test_an_encoder_is_a_transformer_with_names():
    pandas = pytest.importorskip("pandas")
    columns, _ = _table(20)
    frame = pandas.DataFrame(columns)
    encoder = LogicEncoder(bits=3).set_output(transform="pandas").fit(frame)
    bits = encoder.transform(frame)
    assert {"colour = red", "size is missing"} <= set(bits.columns)
    assert bits["size is missing"].tolist() == frame["size"].isna().tolist()
    same = LogicEncoder(bits=3).fit([[1.0], [2.0], [1.0]])
    assert same.get_feature_names_out(["age"]).tolist() == ["age > 1.5"]


def test_bits_whose_names_are_cut_alike_are_kept():
    x = (1e9 + np.arange(100) / 8).reshape(-1, 1)
    encoder = LogicEncoder().fit(x)
    bits = encoder.transform(x)
    assert bits.shape == (100, 8)
    assert len(np.unique(bits, axis=0)) == 9
    names = encoder.get_feature_names_out()
    assert len(set(names)) == 8
    assert all(float(name.removeprefix("x0 > ")) in x + 1 / 16 for name in names)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"missing": "mean"}, "missing is 'mean'; known: error, zero, indicator, most-frequent"),
        ({"categorical": "all"}, "categorical is 'all'; expected 'auto', or a list of columns"),
        ({"early_stopping": 3}, "early_stopping is 3; expected True, False or 'auto'"),
        ({"options": {"width": 3}}, "unknown option 'width' of a recipe; known: "),
        ({"folds": 1}, "folds is 1; expected 'auto', 0, or 2 to 120, the rows"),
        ({"threshold": 0.3}, "threshold is for two classes; y has 3"),
        ({"threshold": 1}, "threshold is 1; expected None, a probability above 0 and below 1"),
        ({"threshold": "auc"}, "one of accuracy, balanced-accuracy, f1"),
        ({"metric": "gini"}, "metric is 'gini'; known: accuracy"),
    ],
)
def test_message(options, message):
    x, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match=message):
        LogicClassifier(steps=1).set_params(**options).fit(x, y)


def test_gaps_can_be_refused():
    with pytest.raises(ValueError, match="x at row 1, column 0 has no value"):
        LogicClassifier(**QUICK, missing="error").fit([[1.0], [np.nan]], [0, 1])


@pytest.mark.parametrize(("absent", "package"), [("torch", "torch"), ("sklearn", "scikit-learn")])
def test_without_its_packages_the_import_says_what_to_install(absent, package):
    code = f"import sys; sys.modules[{absent!r}] = None\nimport gategrad.sklearn"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"ImportError: gategrad.sklearn needs {package}: pip install 'gategrad[train]'"
    )
