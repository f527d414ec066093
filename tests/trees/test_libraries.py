"""Every library's forests: leaf for leaf what its own prediction says, and scores within bounds."""

import json
import warnings

import numpy as np
import pytest

import gategrad as gg
from gategrad import _core, trees
from tests.trees.random_forests import asking_rows, same_leaves, training_rows

ROUNDS = 6


def _walks(model: gg.Model, x, sums) -> None:
    """A few rows go down the trees that the circuit was made of, also where it was optimized."""
    for circuit in (model, model.optimize()):
        program = circuit.program()
        plan = _core.lower_single(program.single_rows.source, program.isa, "trees")
        found = np.empty_like(sums)
        assert plan.sums(x, found)
        np.testing.assert_array_equal(found, sums)


def _agrees(converted: trees.Converted, x, leaves, raw) -> None:
    """Leaves, scores and labels, of the circuit on both engines."""
    forest, model = converted.forest, converted.model
    assert same_leaves(forest.leaves(x), leaves)
    raw = np.asarray(raw, np.float64).reshape(len(x), -1)
    np.testing.assert_allclose(forest.scores(x), raw, rtol=1e-6, atol=1e-6)
    scores = model.scores(x)
    assert np.abs(scores - forest.scores(x)).max() <= converted.bound
    sums = model.sums(x, backend="numpy")
    np.testing.assert_array_equal(sums, model.sums(x))
    _walks(model, x[:60], sums[:60])
    if forest.kind != "regression":
        clear = (
            np.abs(np.diff(np.sort(raw, axis=1)[:, -2:])[:, 0]) if raw.shape[1] > 1 else raw[:, 0]
        )
        clear = np.abs(clear) > 2 * converted.bound
        names = np.array(forest.labels or range(99))
        labels = names[forest.decide(raw)]
        np.testing.assert_array_equal(model.predict(x)[clear], labels[clear])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "options",
    [
        {"zero_as_missing": False},
        {"zero_as_missing": True},
        {"use_missing": False},
        {"objective": "multiclass", "num_class": 3},
        {"objective": "multiclassova", "num_class": 3, "boosting": "dart"},
        {"objective": "regression", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5},
    ],
    ids=lambda options: ",".join(map(str, options.values())),
)
def test_lightgbm(options: dict, dtype: type) -> None:
    lightgbm = pytest.importorskip("lightgbm")
    x, y = training_rows()
    settings = {"objective": "binary", "num_leaves": 12, "min_data_in_leaf": 3, "verbose": -1}
    y = y if options.get("num_class") else np.minimum(y, 1)
    data = lightgbm.Dataset(x, y, categorical_feature=[1])
    booster = lightgbm.train(settings | options | {"max_cat_to_onehot": 2}, data, ROUNDS)
    converted = trees.convert(booster)
    rows = asking_rows(converted.forest, dtype)
    # Of a random forest, raw scores are no mean.
    raw = booster.predict(rows, raw_score=options.get("boosting") != "rf")
    _agrees(converted, rows, booster.predict(rows, pred_leaf=True), raw)
    if options.get("objective") != "regression":
        ours = converted.model.probabilities(rows)
        theirs = booster.predict(rows).reshape(ours.shape)
        np.testing.assert_allclose(ours, theirs, atol=1e-3)


def test_a_sigmoid_of_another_slope_is_in_the_scores() -> None:
    lightgbm = pytest.importorskip("lightgbm")
    x, y = training_rows()
    settings = {"objective": "binary", "sigmoid": 2.5, "num_leaves": 5, "verbose": -1}
    booster = lightgbm.train(settings, lightgbm.Dataset(x, y > 0), 3)
    model = gg.from_trees(booster, bits=20)
    np.testing.assert_allclose(model.probabilities(x)[:, 0], booster.predict(x), atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("suffix", ["json", "ubj"])
@pytest.mark.parametrize(
    "options",
    [
        {"objective": "binary:logistic"},
        {"objective": "multi:softprob", "num_class": 3, "booster": "dart", "rate_drop": 0.5},
        {"objective": "reg:squarederror"},
    ],
    ids=lambda options: options["objective"],
)
def test_xgboost(options: dict, suffix: str, dtype: type, tmp_path) -> None:
    xgboost = pytest.importorskip("xgboost")
    x, y = training_rows()
    y = np.minimum(y, 1) if options["objective"] == "binary:logistic" else y
    types = ["q", "c", "q", "q", "q", "q"]

    def matrix(rows, targets=None):
        rows = rows.copy()
        return xgboost.DMatrix(
            rows, targets, feature_types=types, enable_categorical=True, missing=np.nan
        )

    settings = {"max_depth": 4, "max_cat_to_onehot": 2, "nthread": 1}
    booster = xgboost.train(settings | options, matrix(x, y), ROUNDS)
    booster.save_model(tmp_path / f"forest.{suffix}")
    converted = trees.convert(tmp_path / f"forest.{suffix}", bits=20)
    rows = asking_rows(converted.forest, dtype)
    rows[~np.isfinite(rows)] = np.nan  # XGBoost refuses infinities
    asked = matrix(rows)
    _agrees(
        converted,
        rows,
        booster.predict(asked, pred_leaf=True),
        booster.predict(asked, output_margin=True),
    )


@pytest.mark.parametrize("how", ["option", "callback"])
def test_xgboost_estimators_stop_where_validation_was_best(how: str) -> None:
    xgboost = pytest.importorskip("xgboost")
    x, y = training_rows()
    stops = {"early_stopping_rounds": 2} if how == "option" else (
        {"callbacks": [xgboost.callback.EarlyStopping(rounds=2)]})  # fmt: skip
    model = xgboost.XGBClassifier(n_estimators=40, learning_rate=1.5, **stops)
    model.fit(x[:200], y[:200], eval_set=[(x[200:], y[200:])], verbose=False)
    converted = trees.convert(model)
    assert converted.forest.n_trees == 3 * (model.best_iteration + 1)
    _agrees(converted, x, model.apply(x), model.predict(x, output_margin=True))


SKLEARN = {
    "DecisionTreeClassifier": {},
    "DecisionTreeRegressor": {"max_depth": 5},
    "ExtraTreeRegressor": {},
    "RandomForestClassifier": {"n_estimators": 5},
    "RandomForestRegressor": {"n_estimators": 5},
    "ExtraTreesClassifier": {"n_estimators": 5, "max_depth": 6},
    "GradientBoostingClassifier": {"n_estimators": 5},
    "GradientBoostingRegressor": {"n_estimators": 5},
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("name", SKLEARN)
def test_sklearn(name: str, classes: int, dtype: type) -> None:
    ensemble = pytest.importorskip("sklearn.ensemble")
    from sklearn import tree

    boosted = name.startswith("Gradient")
    x, y = training_rows(missing=not boosted)
    y = np.minimum(y, classes - 1)
    make = getattr(ensemble, name, None) or getattr(tree, name)
    model = make(random_state=0, **SKLEARN[name]).fit(x, y)
    converted = trees.convert(model, bits=20)
    rows = asking_rows(converted.forest, dtype, special=False)
    if not boosted:
        rows[::9, 0] = np.nan
    if hasattr(model, "decision_function"):
        raw = model.decision_function(rows)
    elif hasattr(model, "predict_proba"):
        raw = model.predict_proba(rows)
        np.testing.assert_allclose(
            converted.model.probabilities(rows)[:, -1], raw[:, -1], atol=converted.bound
        )
        raw = raw[:, 1] - 0.5 if classes == 2 else raw
    else:
        raw = model.predict(rows)
    _agrees(converted, rows, model.apply(rows), raw)


@pytest.mark.parametrize("classes", [2, 3])
def test_histogram_boosting(classes: int) -> None:
    ensemble = pytest.importorskip("sklearn.ensemble")
    x, y = training_rows()
    x[:, 1] = 10 * x[:, 1] - 3  # categories need not be places
    y = np.array(["no", "yes", "more"])[np.minimum(y, classes - 1)]
    model = ensemble.HistGradientBoostingClassifier(
        max_iter=ROUNDS, categorical_features=[1], min_samples_leaf=3
    ).fit(x, y)
    converted = trees.convert(model)
    rows = asking_rows(converted.forest, np.float64)
    rows[np.isinf(rows)] = 5e8  # of which scikit-learn's own checks warn
    raw = np.asarray(model.decision_function(rows)).reshape(len(rows), -1)
    np.testing.assert_allclose(converted.forest.scores(rows), raw, atol=1e-9)
    assert np.abs(converted.model.scores(rows) - raw).max() <= converted.bound
    assert np.mean(converted.model.predict(rows) == model.predict(rows)) > 0.999
    assert set(converted.model.labels) == set(model.classes_)


def test_histogram_regression() -> None:
    ensemble = pytest.importorskip("sklearn.ensemble")
    x, y = training_rows()
    model = ensemble.HistGradientBoostingRegressor(max_iter=ROUNDS).fit(x, 1000.0 * y)
    converted = trees.convert(model)
    rows = asking_rows(converted.forest, np.float64)
    assert (
        np.abs(converted.model.predict(rows)[:, 0] - model.predict(rows)).max() <= converted.bound
    )


def test_a_loss_that_transforms_its_scores_is_taken_raw() -> None:
    ensemble = pytest.importorskip("sklearn.ensemble")
    x, y = training_rows()
    model = ensemble.HistGradientBoostingRegressor(loss="poisson", max_iter=3).fit(x, y)
    with pytest.raises(trees.TreesError, match=r"loss 'poisson' transforms its scores.*raw=True"):
        trees.convert(model)
    converted = trees.convert(model, raw=True)
    raw = np.log(model.predict(x))
    assert np.abs(converted.model.predict(x)[:, 0] - raw).max() <= converted.bound + 1e-6


def test_columns_go_by_name_and_classes_keep_theirs() -> None:
    pandas = pytest.importorskip("pandas")
    ensemble = pytest.importorskip("sklearn.ensemble")
    x, y = training_rows(missing=False)
    frame = pandas.DataFrame(x[:, :3], columns=["a", "b", "c"])
    forest = ensemble.RandomForestClassifier(3, random_state=0).fit(frame, y * 10)
    model = gg.from_trees(forest, frame.to_numpy())
    np.testing.assert_array_equal(model.predict(frame[["c", "a", "b"]]), forest.predict(frame))
    assert set(model.labels) == {0, 10, 20}


def test_lightgbm_estimators_keep_their_labels() -> None:
    lightgbm = pytest.importorskip("lightgbm")
    x, y = training_rows()
    names = np.array(["low", "mid", "top"])[y]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(x, names)
        expected = model.predict(x)
    np.testing.assert_array_equal(gg.from_trees(model, x).predict(x), expected)


def test_a_saved_file_says_the_same_as_the_model(tmp_path) -> None:
    xgboost = pytest.importorskip("xgboost")
    x, y = training_rows()
    model = xgboost.XGBRegressor(n_estimators=3).fit(x, y)
    model.get_booster().save_model(tmp_path / "f.json")
    assert gg.from_trees(tmp_path / "f.json") == gg.from_trees(model)
    text = json.loads((tmp_path / "f.json").read_text())
    text["learner"]["objective"]["name"] = "count:poisson"
    (tmp_path / "f.json").write_text(json.dumps(text))
    with pytest.raises(trees.TreesError, match=r"'count:poisson' transforms its scores.*raw=True"):
        gg.from_trees(tmp_path / "f.json")
    assert gg.from_trees(tmp_path / "f.json", raw=True).readout.kind == "regression"


def _through_treelite(model, dtype: type, *, special: bool = True) -> None:
    gtil = pytest.importorskip("treelite.gtil")
    converted = trees.convert(model, bits=20)
    rows = asking_rows(converted.forest, dtype, special=special)
    rows = rows.astype(model.input_type)  # treelite's own have the type of its thresholds
    raw = gtil.predict_per_tree(model, rows).astype(np.float64)
    header, forest = model.get_header_accessor(), converted.forest
    if raw.shape[2] > 1 or forest.n_sums == 1:
        raw = raw.sum(axis=1)
    else:
        of_class = [raw[:, forest.target == c, 0].sum(axis=1) for c in range(forest.n_sums)]
        raw = np.stack(of_class, axis=1)
    raw /= forest.n_trees if header.get_field("average_tree_output")[0] else 1
    raw += header.get_field("base_scores")
    _agrees(converted, rows, gtil.predict_leaf(model, rows), raw)
    if converted.forest.kind != "regression":
        theirs = np.squeeze(gtil.predict(model, rows)).reshape(len(rows), -1)
        ours = converted.model.probabilities(rows).reshape(theirs.shape)
        np.testing.assert_allclose(ours, theirs, atol=1e-3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("objective", ["binary", "multiclass"])
def test_treelite_from_lightgbm(objective: str, dtype: type) -> None:
    treelite, lightgbm = pytest.importorskip("treelite"), pytest.importorskip("lightgbm")
    x, y = training_rows()
    many = objective == "multiclass"
    data = lightgbm.Dataset(x, y if many else np.minimum(y, 1), categorical_feature=[1])
    settings = {"objective": objective, "num_leaves": 12, "min_data_in_leaf": 3, "verbose": -1}
    settings |= {"max_cat_to_onehot": 2} | ({"num_class": 3} if many else {})
    booster = lightgbm.train(settings, data, ROUNDS)
    _through_treelite(treelite.frontend.from_lightgbm(booster), dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_treelite_from_xgboost(dtype: type) -> None:
    treelite, xgboost = pytest.importorskip("treelite"), pytest.importorskip("xgboost")
    x, y = training_rows()
    types = ["q", "c", "q", "q", "q", "q"]
    data = xgboost.DMatrix(x, np.minimum(y, 1), feature_types=types, enable_categorical=True)
    settings = {"objective": "binary:logistic", "max_depth": 4, "max_cat_to_onehot": 2}
    booster = xgboost.train(settings, data, ROUNDS)
    _through_treelite(treelite.frontend.from_xgboost(booster), dtype)


@pytest.mark.parametrize("name", ["RandomForestClassifier", "GradientBoostingRegressor"])
def test_treelite_from_sklearn(name: str) -> None:
    treelite, ensemble = pytest.importorskip("treelite"), pytest.importorskip("sklearn.ensemble")
    x, y = training_rows(missing=False)
    model = getattr(ensemble, name)(n_estimators=5, random_state=0).fit(x, y)
    _through_treelite(treelite.sklearn.import_model(model), np.float64, special=False)


def test_treelite_models_that_are_no_sums_say_what_to_do() -> None:
    treelite, xgboost = pytest.importorskip("treelite"), pytest.importorskip("xgboost")
    x, y = training_rows()
    booster = xgboost.train({"objective": "count:poisson"}, xgboost.DMatrix(x, y), 2)
    model = treelite.frontend.from_xgboost(booster)
    with pytest.raises(trees.TreesError, match=r"'exponential' transforms its scores.*raw=True"):
        trees.convert(model)
    assert trees.convert(model, raw=True).forest.kind == "regression"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_treelite_with_every_operator_and_lists_on_either_side(dtype: str) -> None:
    builder = pytest.importorskip("treelite.model_builder")
    rng = np.random.default_rng(0)
    made = builder.ModelBuilder(
        threshold_type=dtype,
        leaf_output_type=dtype,
        metadata=builder.Metadata(
            num_feature=6,
            task_type="kRegressor",
            average_tree_output=False,
            num_target=1,
            num_class=[1],
            leaf_vector_shape=(1, 1),
        ),
        tree_annotation=builder.TreeAnnotation(num_tree=6, target_id=[0] * 6, class_id=[0] * 6),
        postprocessor=builder.PostProcessorFunc(name="identity"),
        base_scores=[0.25],
    )
    operators = ["==", "<", "<=", ">", ">="]
    for t in range(6):
        made.start_tree()
        for node in range(7):
            made.start_node(node)
            children = {"left_child_key": 2 * node + 1, "right_child_key": 2 * node + 2}
            children["default_left"] = bool(rng.integers(2))
            if node > 2:
                made.leaf(float(rng.normal()))
            elif node == 1 and t % 2:
                listed = [0, 3, 4, 8] if t > 1 else []
                made.categorical_test(
                    feature_id=1,
                    category_list=listed,
                    category_list_right_child=t == 3,
                    **children,
                )
            else:
                threshold = float(rng.choice([0.0, 0.1, -1.5, 0.5]))
                op = operators[(t + node) % 5]
                column = int(rng.integers(2, 6))
                made.numerical_test(feature_id=column, threshold=threshold, opname=op, **children)
            made.end_node()
        made.end_tree()
    _through_treelite(made.commit(), np.dtype(dtype).type)
