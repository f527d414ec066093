"""LightGBM's text format, which needs no LightGBM to be read.

What follows from values within `ZERO` of 0, which LightGBM takes for 0, and from missing values is
in its `Tree::NumericalDecision` and `Tree::CategoricalDecision` (include/LightGBM/tree.h, 4.x).
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gategrad.trees.assemble import Cuts, Tree, above, check_features, join, run_ends
from gategrad.trees.errors import TreesError
from gategrad.trees.forest import LEAF, Forest, Kind

# LightGBM's kZeroThreshold, a float32.
ZERO = float(np.float32(1e-35))
CATEGORICAL, DEFAULT_LEFT = 1, 2
NO_MISSING, ZERO_MISSING, NAN_MISSING = 0, 1, 2

Fields = dict[str, str]

# The decision and the link of each objective; an objective that isn't here adds up to a number.
OBJECTIVES: dict[str, tuple[Kind, str]] = {
    "binary": ("binary", "logistic"),
    "multiclass": ("argmax", "softmax"),
    "multiclassova": ("argmax", "logistic"),
}
PLAIN = (
    "regression", "regression_l1", "huber", "fair", "quantile", "mape", "lambdarank",
    "rank_xendcg", "custom", "none",
)  # fmt: skip


def read(text: str, *, raw: bool = False) -> Forest:
    """The forest that a model's text describes.

    Args:
        text: what `Booster.save_model` writes.
        raw: take scores as they are where the objective would transform them.

    Raises:
        TreesError: text that is no such model, or one that can't be expressed.
    """
    head, *blocks = text.split("\nTree=")
    fields = _fields(head)
    if not head.startswith("tree") or "max_feature_idx" not in fields:
        raise TreesError("it is no LightGBM model; expected text that begins with 'tree'")
    if not blocks:
        raise TreesError("the LightGBM model has no trees; train it first")
    sizes = fields.get("tree_sizes", "").split()
    if sizes and len(sizes) != len(blocks):
        raise TreesError(
            f"the model has {len(blocks)} trees and says that it has {len(sizes)}; the file is cut "
            "off"
        )
    n_features = int(fields["max_feature_idx"]) + 1
    trees = [_tree(_fields(block), t, n_features) for t, block in enumerate(blocks)]
    n_sums = int(fields.get("num_tree_per_iteration", "1"))
    kind, link, factor = _decision(fields.get("objective", "custom"), n_sums, raw)
    if "average_output" in head.split("\n"):
        factor /= len(trees) / n_sums
    nodes = join(trees)
    return Forest(
        n_features=n_features,
        names=_names(fields.get("feature_names", "").split(" "), n_features),
        roots=nodes.roots,
        feature=nodes.feature,
        first_cut=nodes.first_cut,
        cuts=nodes.cuts,
        child=nodes.child,
        value=nodes.value * factor,
        target=np.arange(len(trees)) % n_sums,
        base=np.zeros(n_sums),
        kind=kind,
        link=link,
    )


def _fields(block: str) -> Fields:
    """The lines `name=value` up to the first empty one after them."""
    found: Fields = {}
    for line in block.split("\n"):
        name, equals, value = line.partition("=")
        if equals:
            found.setdefault(name, value)
        elif not line and found:
            break
    return found


def _names(names: list[str], n_features: int) -> tuple[str, ...] | None:
    """Names that somebody gave; LightGBM's own say only the place."""
    if len(names) != n_features or names == [f"Column_{i}" for i in range(n_features)]:
        return None
    return tuple(names) if len(set(names)) == n_features else None


def _decision(objective: str, n_sums: int, raw: bool) -> tuple[Kind, str, float]:
    """What is decided on the sums, the link to probabilities, and a factor before it."""
    name, *options = objective.split(" ")
    settings = dict(option.split(":", 1) for option in options if ":" in option)
    if name in OBJECTIVES:
        kind, link = OBJECTIVES[name]
        return kind, link, float(settings.get("sigmoid", "1")) if link == "logistic" else 1.0
    if not raw and (name not in PLAIN or "sqrt" in options):
        raise TreesError(
            f"objective {objective!r} transforms its scores, which sums of gates can't: pass "
            "raw=True for the scores before that, as LightGBM's raw_score=True gives them"
        )
    return "regression", "none", 1.0


def _numbers(fields: Fields, name: str, dtype: type, n: int, t: int) -> NDArray:
    values = fields.get(name, "").split()
    try:
        found = np.array(values, np.float64 if dtype is float else np.int64)
    except ValueError as error:
        raise TreesError(f"tree {t} has {name} that is no list of numbers: {error}") from None
    if len(found) != n:
        raise TreesError(f"tree {t} has {len(found)} entries of {name}; expected {n}")
    return found


def _tree(fields: Fields, t: int, n_features: int) -> Tree:
    if fields.get("is_linear", "0").strip() == "1":
        raise TreesError(
            "its leaves are linear models, which no leaf value replaces; train with "
            "linear_tree=False"
        )
    n_leaves = int(fields.get("num_leaves", "0"))
    leaf_value = _numbers(fields, "leaf_value", float, n_leaves, t)
    n = n_leaves - 1
    if n == 0:
        return _one_leaf(leaf_value)
    feature, left, right, kinds = (
        _numbers(fields, name, int, n, t)
        for name in ("split_feature", "left_child", "right_child", "decision_type")
    )
    threshold = _numbers(fields, "threshold", float, n, t)
    _check_children(left, right, n, t)
    check_features(feature, n_features, t)
    missing = kinds >> 2 & 3
    default_right = kinds & DEFAULT_LEFT == 0
    sets = dict(_sets(fields, kinds, threshold, t))
    sets |= dict(_around_zero(kinds, threshold))
    # Without a rule for missing values they are 0.
    missing_right = np.where(missing == NO_MISSING, threshold < 0, default_right)
    missing_right |= kinds & CATEGORICAL == CATEGORICAL
    leaves = np.zeros(n_leaves)
    return Tree(
        feature=np.concatenate([feature, np.full(n_leaves, LEAF)]),
        least=np.concatenate([_least(threshold), leaves]),
        missing_right=np.concatenate([missing_right, leaves.astype(bool)]),
        left=np.concatenate([_places(left, n), leaves.astype(np.int64)]),
        right=np.concatenate([_places(right, n), leaves.astype(np.int64)]),
        value=np.concatenate([np.zeros(n), leaf_value])[:, None],
        sets=sets,
    )


def _one_leaf(value: NDArray[np.float64]) -> Tree:
    none = np.zeros(1)
    whole = none.astype(np.int64)
    return Tree(whole + LEAF, none, none.astype(bool), whole, whole, value[:, None])


def _check_children(left: NDArray[np.int64], right: NDArray[np.int64], n: int, t: int) -> None:
    """Every node and leaf but the root is one node's child, which comes before it."""
    both = np.stack([left, right], axis=1)
    late = (both >= 0) & (both <= np.arange(n)[:, None])
    all_but_root = np.delete(np.arange(-n - 1, n), n + 1)
    if late.any() or not np.array_equal(np.sort(both.ravel()), all_but_root):
        raise TreesError(f"the children of tree {t} are no tree; the file is damaged")


def _places(child: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Leaves follow the n splits; LightGBM numbers them downwards from -1."""
    return np.where(child >= 0, child, n + ~child)


def _least(threshold: NDArray[np.float64]) -> NDArray[np.float64]:
    """The least number that goes right, those within `ZERO` of 0 being 0."""
    just_above = np.where(threshold >= 0, np.nextafter(ZERO, 1.0), -ZERO)
    return np.where((threshold >= -ZERO) & (threshold < ZERO), just_above, above(threshold))


def _around_zero(
    kinds: NDArray[np.int64], threshold: NDArray[np.float64]
) -> Iterator[tuple[int, Cuts]]:
    """Where 0 is a missing value it goes the way of missing values, whatever the threshold."""
    after = float(np.nextafter(ZERO, 1.0))
    for node in np.flatnonzero((kinds >> 2 & 3 == ZERO_MISSING) & (kinds & CATEGORICAL == 0)):
        right, least = not kinds[node] & DEFAULT_LEFT, float(_least(threshold[node]))
        if np.isnan(least):
            yield int(node), np.array([-ZERO, after] if right else [])
        elif least > after:
            yield int(node), np.array([-ZERO, after, least] if right else [least])
        elif least >= -ZERO:
            yield int(node), np.array([-ZERO if right else after])
        else:
            yield int(node), np.array([least] if right else [least, -ZERO, after])


def _sets(
    fields: Fields, kinds: NDArray[np.int64], threshold: NDArray[np.float64], t: int
) -> Iterator[tuple[int, Cuts]]:
    """Of splits by category: the cuts at which numbers begin and cease to go right.

    A number counts without its fraction, and what is listed goes left: with category 0 also what
    lies between -1 and 0. All else goes right, missing values too.
    """
    nodes = np.flatnonzero(kinds & CATEGORICAL)
    if not len(nodes):
        return
    n = int(fields.get("num_cat", "0"))
    ends = _numbers(fields, "cat_boundaries", int, n + 1, t)
    words = _numbers(fields, "cat_threshold", int, int(ends[-1]), t)
    for node in nodes.tolist():
        place = int(threshold[node])
        if not 0 <= place < n:
            raise TreesError(f"split {node} of tree {t} has no set of categories")
        own = words[ends[place] : ends[place + 1]].astype(np.uint32)
        listed = np.flatnonzero(np.unpackbits(own.view(np.uint8), bitorder="little"))
        yield node, _left_of(listed)


def _left_of(categories: NDArray[np.int64]) -> Cuts:
    """Cuts of numbers that all go right, but for these categories; -infinity begins."""
    if not len(categories):
        return np.array([-np.inf])
    first, last = run_ends(categories)
    starts = np.where(first == 0, np.nextafter(-1.0, 0.0), first)
    return np.concatenate([[-np.inf], np.stack([starts, last + 1.0], axis=1).ravel()])
