"""Forests of scikit-learn, from the fitted estimators."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gategrad.trees.assemble import Nodes, Tree, above, above_float32, join
from gategrad.trees.errors import TreesError
from gategrad.trees.forest import LEAF, Forest, Kind

Values = NDArray[np.float64]


def read(model: Any, *, raw: bool = False) -> Forest:
    """The forest of a fitted estimator: a tree, a forest, or boosting of either kind.

    Args:
        model: the estimator.
        raw: take scores as they are where the loss would transform them.

    Raises:
        TreesError: another estimator, or one that is not fitted or can't be expressed.
    """
    names = [cls.__name__ for cls in type(model).__mro__]
    if not raw and "BaseHistGradientBoosting" in names and model.loss in ("poisson", "gamma"):
        raise TreesError(
            f"loss {model.loss!r} transforms its scores, which sums of gates can't: pass raw=True "
            "for the scores before that"
        )
    for known, reader in READERS.items():
        if known in names:
            try:
                return reader(model)
            except AttributeError as error:
                if hasattr(model, "n_features_in_"):
                    raise
                raise TreesError(f"the {names[0]} is not fitted; call fit first") from error
    raise TreesError(f"{names[0]} is none of {', '.join(READERS)}, which scikit-learn derives from")


def _plain(model: Any) -> Forest:
    return _averaged(model, [model])


def _forest(model: Any) -> Forest:
    return _averaged(model, list(model.estimators_))


def _averaged(model: Any, trees: Sequence[Any]) -> Forest:
    """Trees whose leaves hold the shares of classes, or numbers, of which the mean is taken."""
    classes = getattr(model, "classes_", None)
    missing = _takes_missing(model)
    if classes is None:
        shares = [tree.tree_.value[:, :, 0] / len(trees) for tree in trees]
        nodes = join([_tree(tree, v, missing) for tree, v in zip(trees, shares, strict=True)])
        return _made(model, nodes, np.zeros(nodes.value.shape[1]), "regression", "none")
    if isinstance(classes, list):
        raise TreesError("it has several outputs of classes; train one model for each")
    nodes = join([_tree(tree, _shares(tree) / len(trees), missing) for tree in trees])
    if nodes.value.shape[1] == 2:
        second = Nodes(**{**vars(nodes), "value": nodes.value[:, 1:]})
        return _made(model, second, np.array([-0.5]), "binary", "share")
    return _made(model, nodes, np.zeros(nodes.value.shape[1]), "argmax", "share")


def _shares(tree: Any) -> Values:
    counts = tree.tree_.value[:, 0, :]
    return counts / counts.sum(axis=1, keepdims=True)


def _boosted(model: Any) -> Forest:
    """Gradient boosting on exact values: the learning rate times each tree, and a constant."""
    kind, link, factor = _decision(model, model.loss if isinstance(model.loss, str) else "")
    initial = model.init_
    if not isinstance(initial, str) and not type(initial).__name__.startswith("Dummy"):
        raise TreesError(
            f"it begins with a {type(initial).__name__}, whose predictions are no constant; train "
            "it without init="
        )
    n_sums = model.estimators_.shape[1]
    rate = model.learning_rate
    trees = [
        _tree(tree, rate * tree.tree_.value[:, 0, :], missing=False)
        for row in model.estimators_
        for tree in row
    ]
    target = np.arange(len(trees)) % n_sums
    found = _made(model, join(trees), np.zeros(n_sums), kind, link, target=target)
    any_row = np.zeros((1, found.n_features), np.float32)
    scores = model.predict(any_row) if kind == "regression" else model.decision_function(any_row)
    base = np.asarray(scores, np.float64).reshape(-1) - found.scores(any_row)[0]
    return _made(model, join(trees), base, kind, link, target=target, factor=factor)


def _decision(model: Any, loss: str) -> tuple[Kind, str, float]:
    if not hasattr(model, "classes_"):
        return "regression", "none", 1.0
    if len(model.classes_) > 2:
        return "argmax", "softmax", 1.0
    return "binary", "logistic", 2.0 if loss == "exponential" else 1.0


def _binned(model: Any) -> Forest:
    """Gradient boosting on histograms."""
    kind, link, _ = _decision(model, "")
    columns = _Columns(model)
    trees = [_histogram_tree(p, columns) for row in model._predictors for p in row]
    base = np.asarray(model._baseline_prediction, np.float64).reshape(-1)
    target = np.arange(len(trees)) % len(base)
    return _made(model, join(trees), base, kind, link, target=target, missing=True)


class _Columns:
    """Which column a histogram tree's feature is, and which numbers its categories are.

    Columns of categories come first and hold the places of values; see scikit-learn's
    `_preprocess_X`.
    """

    def __init__(self, model: Any) -> None:
        known = getattr(model, "is_categorical_", None)
        categorical = np.zeros(model.n_features_in_, bool) if known is None else known
        self.column = np.concatenate([np.flatnonzero(categorical), np.flatnonzero(~categorical)])
        self.categories: list[Values] = []
        if model._preprocessor is not None and categorical.any():
            encoder = model._preprocessor.named_transformers_["encoder"]
            self.categories = [_category_numbers(values) for values in encoder.categories_]

    def cuts(self, feature: int, left: NDArray[np.bool_], missing_left: bool) -> Values:
        """Where numbers begin and cease to go right, given which places go left."""
        values = self.categories[feature]
        known = np.flatnonzero(~np.isnan(values))
        # What is no category goes the way of missing values.
        odd = known[left[known] != missing_left]
        ends = np.stack([values[odd], np.nextafter(values[odd], np.inf)], axis=1).ravel()
        begins = ends[:0] if missing_left else np.array([-np.inf])
        return _paired(np.concatenate([begins, np.sort(ends)]))


def _paired(cuts: Values) -> Values:
    """Without cuts that are there twice, which cancel."""
    found, count = np.unique(cuts, return_counts=True)
    return found[count % 2 == 1]


def _category_numbers(values: NDArray) -> Values:
    try:
        return np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise TreesError(
            "it has categories that are text; encode them as numbers before training, such as "
            "with OrdinalEncoder"
        ) from None


def _histogram_tree(predictor: Any, columns: _Columns) -> Tree:
    nodes = predictor.nodes
    leaf = nodes["is_leaf"].astype(bool)
    feature = nodes["feature_idx"].astype(np.int64)
    missing_right = nodes["missing_go_to_left"] == 0
    sets = {}
    for node in np.flatnonzero(nodes["is_categorical"].astype(bool) & ~leaf).tolist():
        words = predictor.raw_left_cat_bitsets[nodes["bitset_idx"][node]]
        left = np.unpackbits(words.view(np.uint8), bitorder="little").astype(bool)
        sets[node] = columns.cuts(int(feature[node]), left, not missing_right[node])
    return Tree(
        feature=np.where(leaf, LEAF, columns.column[np.where(leaf, 0, feature)]),
        least=above(nodes["num_threshold"].astype(np.float64)),
        missing_right=missing_right,
        left=nodes["left"].astype(np.int64),
        right=nodes["right"].astype(np.int64),
        value=np.where(leaf, nodes["value"], 0.0)[:, None],
        sets=sets,
    )


def _tree(estimator: Any, value: Values, missing: bool) -> Tree:
    """A tree on exact values, which are compared in float32; `value` (N, V) is that of leaves.

    Where missing values are let through, nodes say where they go.
    """
    tree = estimator.tree_
    leaf = tree.children_left < 0
    nodes = tree.__getstate__()["nodes"]
    left = nodes["missing_go_to_left"].astype(bool) if missing else np.ones(len(leaf), bool)
    return Tree(
        feature=np.where(leaf, LEAF, tree.feature),
        least=above_float32(tree.threshold),
        missing_right=~left,
        left=tree.children_left,
        right=tree.children_right,
        value=np.where(leaf[:, None], value, 0.0),
    )


def _made(
    model: Any,
    nodes: Nodes,
    base: Values,
    kind: Kind,
    link: str,
    *,
    target: NDArray[np.int64] | None = None,
    factor: float = 1.0,
    missing: bool | None = None,
) -> Forest:
    names = getattr(model, "feature_names_in_", None)
    one = target is None and nodes.value.shape[1] == 1
    return Forest(
        n_features=int(model.n_features_in_),
        names=None if names is None else tuple(map(str, names)),
        roots=nodes.roots,
        feature=nodes.feature,
        first_cut=nodes.first_cut,
        cuts=nodes.cuts,
        child=nodes.child,
        value=nodes.value * factor,
        target=np.zeros(len(nodes.roots), np.int64) if one else target,
        base=base * factor,
        kind=kind,
        link=link,
        labels=labels_of(getattr(model, "classes_", None)),
        missing=_takes_missing(model) if missing is None else missing,
    )


def _takes_missing(model: Any) -> bool:
    """Whether scikit-learn lets missing values through to the trees."""
    trees = getattr(model, "estimators_", [model])
    tree = np.ravel(np.asarray(trees, object))[0]
    asks = getattr(tree, "_support_missing_values", None)
    boosted = hasattr(model, "learning_rate")
    return bool(asks is not None and not boosted and asks(np.zeros((1, 1))))


def labels_of(classes: Any) -> tuple[str, ...] | tuple[int, ...] | None:
    """The names of classes, as text or integers; None where they are their places."""
    if classes is None:
        return None
    values = np.asarray(classes).tolist()
    whole = all(isinstance(v, (bool, int, float)) and int(v) == v for v in values)
    if not whole:
        return tuple(map(str, values))
    numbers = tuple(map(int, values))
    return None if numbers == tuple(range(len(numbers))) else numbers


READERS: dict[str, Callable[[Any], Forest]] = {
    "BaseHistGradientBoosting": _binned,
    "BaseGradientBoosting": _boosted,
    "BaseForest": _forest,
    "BaseDecisionTree": _plain,
}
