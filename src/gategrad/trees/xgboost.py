"""XGBoost's models as JSON or UBJSON, which need no XGBoost to be read.

A number goes right where it is not below the condition, both in float32, and a category where it
is listed (XGBoost's `common::Decision`); see its document "Introduction to Model IO".
"""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gategrad.trees import ubjson
from gategrad.trees.assemble import (
    Cuts,
    Tree,
    category_cuts,
    check_features,
    join,
    least_rounding_to,
)
from gategrad.trees.errors import TreesError
from gategrad.trees.forest import LEAF, Forest, Kind

CATEGORICAL = 1

LOGISTIC = ("binary:logistic", "binary:logitraw", "binary:hinge")
SOFTMAX = ("multi:softprob", "multi:softmax")
PLAIN = (
    "reg:squarederror", "reg:squaredlogerror", "reg:pseudohubererror", "reg:absoluteerror",
    "reg:quantileerror", "rank:pairwise", "rank:ndcg", "rank:map", "reg:linear",
)  # fmt: skip


def read(data: bytes, *, raw: bool = False, iterations: int | None = None) -> Forest:
    """The forest of a saved model.

    Args:
        data: what `Booster.save_model` writes to a .json or .ubj file.
        raw: take scores as they are where the objective would transform them.
        iterations: rounds of boosting to take; all where None.

    Raises:
        TreesError: data that is no such model, or one that can't be expressed.
    """
    try:
        return _forest(_learner(data), raw, iterations)
    except TreesError:
        raise
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise TreesError(
            f"the XGBoost model is damaged or of another version: {error!r}"
        ) from error


def _forest(learner: dict[str, Any], raw: bool, iterations: int | None) -> Forest:
    booster, weight = _booster(learner["gradient_booster"])
    settings = learner["learner_model_param"]
    n_features = int(settings["num_feature"])
    found = [_tree(tree, t, n_features) for t, tree in enumerate(booster["trees"])]
    if not found:
        raise TreesError("the XGBoost model has no trees; train it first")
    n_sums = max(int(settings.get("num_class", 0)), int(settings.get("num_target", 1)), 1)
    kind, link = _decision(learner["objective"]["name"], raw)
    target = np.asarray(booster["tree_info"], np.int64)
    kept = _kept(booster, len(found), iterations)
    nodes = join(found[:kept])
    sizes = np.array([len(tree.feature) for tree in found[:kept]])
    return Forest(
        n_features=n_features,
        names=_names(learner.get("feature_names"), n_features),
        roots=nodes.roots,
        feature=nodes.feature,
        first_cut=nodes.first_cut,
        cuts=nodes.cuts,
        child=nodes.child,
        value=nodes.value * np.repeat(weight[:kept], sizes)[:, None],
        target=target[:kept],
        base=_base(settings["base_score"], learner["objective"]["name"], n_sums),
        kind=kind,
        link=link,
    )


def _learner(data: bytes) -> dict[str, Any]:
    try:
        text = data[1:2].isspace() or data[1:2] == b'"'
        whole: Any = json.loads(data) if text else ubjson.parse(data)
        learner = whole["learner"]
        missing = {"gradient_booster", "learner_model_param", "objective"} - set(learner)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise TreesError(
            f"it is no XGBoost model ({error}); expected a .json or .ubj file that "
            "Booster.save_model wrote"
        ) from None
    if missing:
        raise TreesError(f"the XGBoost model lacks {', '.join(sorted(missing))}")
    return learner


def _booster(booster: dict[str, Any]) -> tuple[dict[str, Any], NDArray[np.float64]]:
    """The trees, and the weight of each: other than 1 where some were dropped in training."""
    name = booster.get("name")
    if name == "dart":
        model = booster["gbtree"]["model"]
        return model, np.asarray(booster["weight_drop"], np.float64)
    if name != "gbtree":
        raise TreesError(f"the booster is {name!r}; expected gbtree or dart, which have trees")
    return booster["model"], np.ones(len(booster["model"]["trees"]))


def _kept(booster: dict[str, Any], n_trees: int, iterations: int | None) -> int:
    """Trees of the first rounds."""
    if iterations is None:
        return n_trees
    ends = np.asarray(booster["iteration_indptr"], np.int64)
    return int(ends[min(iterations, len(ends) - 1)])


def _names(names: Any, n_features: int) -> tuple[str, ...] | None:
    known = names is not None and len(names) == n_features == len(set(names))
    return tuple(map(str, names)) if known else None


def _decision(objective: str, raw: bool) -> tuple[Kind, str]:
    if objective in LOGISTIC:
        return "binary", "logistic"
    if objective in SOFTMAX:
        return "argmax", "softmax"
    if not raw and objective not in PLAIN:
        raise TreesError(
            f"objective {objective!r} transforms its scores, which sums of gates can't: pass "
            "raw=True for the scores before that, as XGBoost's output_margin=True gives them"
        )
    return "regression", "none"


def _base(text: Any, objective: str, n_sums: int) -> NDArray[np.float64]:
    """The base score of each sum, before the link."""
    values = np.array(str(text).strip("[]").split(","), np.float64)
    if objective in ("binary:logistic", "reg:logistic"):
        values = np.log(values / (1 - values))
    elif objective.startswith(("count:", "survival:")) or objective in ("reg:gamma", "reg:tweedie"):
        values = np.log(values)
    return np.broadcast_to(values.astype(np.float32).astype(np.float64), n_sums).copy()


def _tree(tree: dict[str, Any], t: int, n_features: int) -> Tree:
    if int(tree["tree_param"].get("size_leaf_vector", 1)) > 1:
        raise TreesError("its leaves hold vectors; train with multi_strategy='one_output_per_tree'")
    left, right = (np.asarray(tree[f"{side}_children"], np.int64) for side in ("left", "right"))
    leaf = left < 0
    inner = np.concatenate([left[~leaf], right[~leaf]])
    # Nodes that pruning has left behind are nobody's children.
    if (inner >= len(left)).any() or (inner <= 0).any() or len(np.unique(inner)) < len(inner):
        raise TreesError(f"the children of tree {t} are no tree; the file is damaged")
    condition = np.asarray(tree["split_conditions"], np.float32)
    read = np.asarray(tree["split_indices"], np.int64)
    check_features(read[~leaf], n_features, t)
    feature = np.where(leaf, LEAF, read)
    return Tree(
        feature=feature,
        least=least_rounding_to(condition),
        missing_right=np.asarray(tree["default_left"], np.int64) == 0,
        left=left,
        right=right,
        value=np.where(leaf, condition, 0).astype(np.float64)[:, None],
        sets=dict(_sets(tree, leaf)),
    )


def _sets(tree: dict[str, Any], leaf: NDArray[np.bool_]) -> Iterator[tuple[int, Cuts]]:
    """Of splits by category: the cuts at which numbers begin and cease to go right."""
    nodes = np.asarray(tree.get("categories_nodes", []), np.int64)
    starts, sizes, listed = (
        np.asarray(tree.get(name, []), np.int64)
        for name in ("categories_segments", "categories_sizes", "categories")
    )
    for node, start, size in zip(nodes.tolist(), starts.tolist(), sizes.tolist(), strict=True):
        if not leaf[node]:
            yield node, category_cuts(listed[start : start + size], single=True)
