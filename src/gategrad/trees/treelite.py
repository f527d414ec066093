"""Models of treelite, which reads what other libraries have saved."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gategrad.trees.assemble import (
    Cuts,
    Tree,
    above,
    above_float32,
    category_cuts,
    check_features,
    join,
    least_rounding_to,
)
from gategrad.trees.errors import TreesError
from gategrad.trees.forest import LEAF, Forest, Kind

# treelite's numbers of operators, of what a node is, and of the type of thresholds.
EQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL = range(1, 6)
IS_LEAF, OF_CATEGORIES, FLOAT32 = 0, 2, 2
POSTPROCESSORS: dict[str, tuple[Kind, str]] = {
    "sigmoid": ("binary", "logistic"),
    "softmax": ("argmax", "softmax"),
    "multiclass_ova": ("argmax", "logistic"),
    "identity_multiclass": ("argmax", "share"),
    "identity": ("regression", "none"),
}


def read(model: Any, *, raw: bool = False) -> Forest:
    """The forest of a `treelite.Model`, as `treelite.gtil` predicts with it.

    Args:
        model: from any of treelite's readers.
        raw: take scores as they are where the postprocessor would transform them.

    Raises:
        TreesError: several targets, or scores that are transformed.
    """
    header = model.get_header_accessor()
    if int(header.get_field("num_target")[0]) != 1:
        raise TreesError("the treelite model has several targets; convert one model for each")
    single = int(header.get_field("threshold_type")[0]) == FLOAT32
    n_features = int(header.get_field("num_feature")[0])
    found = [
        _tree(model.get_tree_accessor(t), t, n_features, single) for t in range(model.num_tree)
    ]
    if not found:
        raise TreesError("the treelite model has no trees")
    nodes = join(found)
    n_sums = int(header.get_field("num_class")[0])
    target = _target(header, len(found), n_sums)
    kind, link, factor = _decision(header, n_sums, raw)
    sizes = np.array([len(tree.feature) for tree in found])
    share = np.repeat(_shares(header, target, len(found)), sizes)[:, None]
    return Forest(
        n_features=n_features,
        names=None,
        roots=nodes.roots,
        feature=nodes.feature,
        first_cut=nodes.first_cut,
        cuts=nodes.cuts,
        child=nodes.child,
        value=nodes.value * share * factor,
        target=target,
        base=np.asarray(header.get_field("base_scores"), np.float64)[:n_sums] * factor,
        kind=kind,
        link=link,
    )


def _decision(header: Any, n_sums: int, raw: bool) -> tuple[Kind, str, float]:
    """What is decided on the sums, the link to probabilities, and a factor before it."""
    name = str(header.get_field("postprocessor"))
    if name in POSTPROCESSORS and (n_sums > 1) == (POSTPROCESSORS[name][0] == "argmax"):
        kind, link = POSTPROCESSORS[name]
        factor = float(header.get_field("sigmoid_alpha")[0]) if link == "logistic" else 1.0
        return kind, link, factor
    if not raw:
        raise TreesError(
            f"postprocessor {name!r} transforms its scores, which sums of gates can't: pass "
            "raw=True for the scores before that"
        )
    return "regression", "none", 1.0


def _target(header: Any, n_trees: int, n_sums: int) -> NDArray[np.int64] | None:
    """The sum that each tree adds to; None where each adds to all."""
    if n_sums == 1:
        return np.zeros(n_trees, np.int64)
    of_class = np.asarray(header.get_field("class_id"), np.int64)
    return None if (of_class < 0).any() else of_class


def _shares(header: Any, target: NDArray[np.int64] | None, n_trees: int) -> NDArray[np.float64]:
    """What each tree's values are multiplied by: where the mean is taken, that of its sum's."""
    if not int(header.get_field("average_tree_output")[0]):
        return np.ones(n_trees)
    if target is None:
        return np.full(n_trees, 1 / n_trees)
    return np.asarray(1 / np.bincount(target)[target], np.float64)


def _tree(tree: Any, t: int, n_features: int, single: bool) -> Tree:
    kind, operator = tree.get_field("node_type"), tree.get_field("cmp")
    leaf = kind == IS_LEAF
    feature = tree.get_field("split_index").astype(np.int64)
    check_features(feature[~leaf], n_features, t)
    least, sets = _least(kind, operator, tree.get_field("threshold"), single)
    sets |= dict(_categories(tree, kind, single))
    # What the cuts say goes right is what the operator, or a list of categories, sends left.
    to_left = np.isin(operator, [EQUAL, GREATER, GREATER_EQUAL])
    to_left |= (kind == OF_CATEGORIES) & (tree.get_field("category_list_right_child") == 0)
    default_left = tree.get_field("default_left") != 0
    left, right = tree.get_field("cleft"), tree.get_field("cright")
    return Tree(
        feature=np.where(leaf, LEAF, feature),
        least=least,
        missing_right=default_left == to_left,
        left=np.where(to_left, right, left),
        right=np.where(to_left, left, right),
        value=np.where(leaf[:, None], _values(tree, leaf), 0.0),
        sets=sets,
    )


def _least(
    kind: NDArray, operator: NDArray, threshold: NDArray, single: bool
) -> tuple[NDArray[np.float64], dict[int, Cuts]]:
    """The least number that the threshold tells from those below it, and both ends of one."""
    wide = threshold.astype(np.float64)
    begins = least_rounding_to(threshold.astype(np.float32)) if single else wide
    ends = above_float32(wide) if single else above(wide)
    least = np.where(np.isin(operator, [LESS_EQUAL, GREATER]), ends, begins)
    equal = np.flatnonzero((operator == EQUAL) & (kind != IS_LEAF) & (kind != OF_CATEGORIES))
    pairs = {i: np.array([begins[i], ends[i]]) for i in equal.tolist()}
    # Nothing is above infinity, where an end would be NaN.
    return least, {i: pair[~np.isnan(pair)] for i, pair in pairs.items()}


def _categories(tree: Any, kind: NDArray, single: bool) -> Iterator[tuple[int, Cuts]]:
    """Of splits by category: the cuts at which numbers begin and cease to be of the list."""
    listed = tree.get_field("category_list").astype(np.int64)
    begin, end = tree.get_field("category_list_begin"), tree.get_field("category_list_end")
    for node in np.flatnonzero(kind == OF_CATEGORIES).tolist():
        yield node, category_cuts(listed[int(begin[node]) : int(end[node])], single=single)


def _values(tree: Any, leaf: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(N, V), of leaves."""
    vector = tree.get_field("leaf_vector").astype(np.float64)
    if not len(vector):
        return tree.get_field("leaf_value").astype(np.float64)[:, None]
    begin = tree.get_field("leaf_vector_begin").astype(np.int64)
    size = len(vector) // max(1, int(leaf.sum()))
    found = np.zeros((len(leaf), size))
    found[leaf] = vector[begin[leaf][:, None] + np.arange(size)]
    return found
