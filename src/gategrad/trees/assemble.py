"""Parts that readers share: trees side by side, and cuts that compare as libraries do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gategrad.trees.errors import TreesError
from gategrad.trees.forest import LEAF

Cuts = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Tree:
    """One tree as a reader found it, its nodes numbered from 0, the root.

    Attributes:
        feature: (N,) of each node; LEAF for a leaf.
        least: (N,) float64, the least number that goes right; not looked at in leaves.
        missing_right: (N,) whether a missing value goes right.
        left: (N,) children; not looked at in leaves.
        right: (N,)
        value: (N, V) float64, of leaves.
        sets: nodes whose numbers go right in several places: the cuts at which they begin and end
            to go right. They take the place of `least`.
    """

    feature: NDArray[np.int64]
    least: NDArray[np.float64]
    missing_right: NDArray[np.bool_]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    value: NDArray[np.float64]
    sets: Mapping[int, Cuts] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Nodes:
    """The nodes of many trees, as `Forest` has them."""

    roots: NDArray[np.int64]
    feature: NDArray[np.int64]
    first_cut: NDArray[np.int64]
    cuts: Cuts
    child: NDArray[np.int64]
    value: NDArray[np.float64]


def check_features(feature: NDArray[np.int64], n_features: int, tree: int) -> None:
    """TreesError where a split of a tree asks for a column that there isn't."""
    bad = (feature < 0) | (feature >= n_features)
    if bad.any():
        raise TreesError(
            f"tree {tree} splits by column {feature[bad][0]} of {n_features}; the file is damaged"
        )


def join(trees: Sequence[Tree]) -> Nodes:
    """Put trees side by side."""
    sizes = np.array([len(tree.feature) for tree in trees])
    roots = np.cumsum(sizes) - sizes
    feature = np.concatenate([tree.feature for tree in trees]).astype(np.int64)
    flip = np.concatenate([tree.missing_right for tree in trees]) & (feature != LEAF)
    sides = [np.concatenate([getattr(tree, side) for tree in trees]) for side in ("left", "right")]
    child = np.stack(sides, axis=1).astype(np.int64) + np.repeat(roots, sizes)[:, None]
    # A missing value goes to child 0.
    child = np.where(flip[:, None], child[:, ::-1], child)
    child[feature == LEAF] = 0
    least = np.concatenate([tree.least for tree in trees])
    sets = {
        int(root) + node: cuts
        for root, tree in zip(roots, trees, strict=True)
        for node, cuts in tree.sets.items()
    }
    first_cut, cuts = _cuts(feature, least, flip, sets)
    value = np.concatenate([tree.value for tree in trees])
    return Nodes(roots, feature, first_cut, cuts, child, value)


def _cuts(
    feature: NDArray[np.int64],
    least: NDArray[np.float64],
    flip: NDArray[np.bool_],
    sets: Mapping[int, Cuts],
) -> tuple[NDArray[np.int64], Cuts]:
    """First places and cuts; where `flip`, numbers below the first cut are told from missing."""
    inner = feature != LEAF
    # What no number reaches is no cut, and minus infinity twice is none either.
    odd = inner & ~np.isfinite(least)
    special = {int(i): _ends(least[i]) for i in np.flatnonzero(odd)} | dict(sets)
    special = {i: _toggled(cuts, bool(flip[i])) for i, cuts in special.items()}
    count = np.where(inner, 1 + flip, 0)
    for i, cuts in special.items():
        count[i] = len(cuts)
    first = np.concatenate([[0], np.cumsum(count)])
    found = np.full(first[-1], -np.inf)
    plain = inner.copy()
    plain[list(special)] = False
    found[first[1:][plain] - 1] = least[plain]
    for i, cuts in special.items():
        found[first[i] : first[i + 1]] = cuts
    return first, found


def _ends(least: float) -> Cuts:
    """The cut of a number that may be infinite, or NaN where no number goes right."""
    return np.zeros(0) if np.isnan(least) else np.array([least])


def _toggled(cuts: Cuts, flip: bool) -> Cuts:
    if not flip:
        return cuts
    return cuts[1:] if len(cuts) and cuts[0] == -np.inf else np.concatenate([[-np.inf], cuts])


def above(threshold: NDArray[np.float64]) -> NDArray[np.float64]:
    """The least float64 above each threshold; NaN above infinity, where there is none."""
    return np.where(threshold == np.inf, np.nan, np.nextafter(threshold, np.inf))


def least_rounding_to(least: NDArray[np.float32]) -> NDArray[np.float64]:
    """The least float64 that is at least `least` when rounded to float32.

    Libraries that compare in float32 round first, to the nearest and of two such to the even one.
    """
    below = np.nextafter(least, np.float32(-np.inf)).astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        middle = (below + least.astype(np.float64)) / 2
        # Beyond the largest float32 lies what would be the next one, were there room.
        middle = np.where(least == np.inf, _BEYOND_FLOAT32, middle)
        reached = middle.astype(np.float32) >= least
    found = np.where(reached, middle, np.nextafter(middle, np.inf))
    return np.where(least == -np.inf, -np.inf, found)


# Halfway between the largest float32 and 2**128: float64 from here on rounds to infinity.
_BEYOND_FLOAT32 = float(np.finfo(np.float32).max) + 2.0**103


def above_float32(threshold: NDArray[np.float64]) -> NDArray[np.float64]:
    """The least float64 that is above `threshold` when rounded to float32."""
    with np.errstate(over="ignore"):
        near = threshold.astype(np.float32)
    up = np.where(near > threshold, near, np.nextafter(near, np.float32(np.inf)))
    found = least_rounding_to(up.astype(np.float32))
    return np.where(threshold == np.inf, np.nan, found)


def run_ends(categories: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and last of each run of neighbours among categories."""
    found = np.unique(categories)
    gap = np.flatnonzero(np.diff(found) > 1)
    return found[np.concatenate([[0], gap + 1])], found[np.concatenate([gap, [len(found) - 1]])]


# Above the largest category that float32 tells from the next; what is below 0 is none either.
TOO_LARGE = 1 << 24
# The least float64 that rounds to a zero of float32: half of the least number above 0, negative.
_LEAST_ZERO = float(-(2.0**-150))


def category_cuts(categories: NDArray[np.int64], *, single: bool) -> Cuts:
    """Where numbers begin and cease to be of these categories, which are numbers without fraction.

    Args:
        categories: (n,) integers in any order.
        single: whether numbers are rounded to float32 first; what float32 can't tell apart is then
            left out.
    """
    own = categories[categories < TOO_LARGE] if single else categories
    if not len(own):
        return np.zeros(0)
    first, last = run_ends(own)
    begins, ends = first.astype(np.float64), (last + 1).astype(np.float64)
    if single:
        # Nothing below 0 is a category, minus 0 is.
        rounded = least_rounding_to(first.astype(np.float32))
        begins = np.where(first == 0, _LEAST_ZERO, rounded)
        ends = least_rounding_to((last + 1).astype(np.float32))
    return np.stack([begins, ends], axis=1).ravel()
