"""Whole numbers in place of the values of leaves, and how far sums are off by that."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gategrad.trees.errors import TreesError
from gategrad.trees.forest import LEAF, Forest

Values = NDArray[np.float64]

MOST_BITS = 24
# Sums and biases stay within int32.
MOST_SUM = 2**31 - 1
# Float32 results of one rounding each: the sum, its product and the offset.
ROUNDINGS = 3 * 2.0**-24


@dataclass(frozen=True, eq=False)
class Integers:
    """A forest's values as whole numbers of `scale`, a power of two.

    Attributes:
        value: (N, V) int64; 0 where a node is no leaf.
        base: (C,) int64, the whole numbers of `forest.base`.
        offset: (C,) float32, what of the base stays beside the sums of a regression.
        scale: a number of 1 stands for so much.
        bits: binary digits of a leaf's value above the least one of its tree, at most.
        bound: no score differs by more from that of the forest's values, added exactly.
    """

    value: NDArray[np.int64]
    base: NDArray[np.int64]
    offset: NDArray[np.float32]
    scale: float
    bits: int
    bound: float


def to_integers(forest: Forest, bits: int) -> Integers:
    """Round the values of leaves to as fine a power of two as `bits` digits and int32 allow.

    Args:
        forest: the trees.
        bits: digits of a leaf's value above the least of its tree, 1 to 24.

    Raises:
        TreesError: values that are not finite, or `bits` out of range.
    """
    _check(forest, bits)
    power = _finest(forest, bits)
    scale = 2.0**power
    leaf = forest.feature == LEAF
    value = np.where(leaf[:, None], np.rint(forest.value / scale), 0).astype(np.int64)
    # Nothing is decided on the sums of a regression, so its base need not be whole.
    whole = np.rint(forest.base / scale) if forest.kind != "regression" else 0 * forest.base
    offset = (forest.base if forest.kind == "regression" else 0 * forest.base).astype(np.float32)
    kept = whole * scale + offset.astype(np.float64)
    error = np.abs(kept - forest.base) + _per_sum(forest, np.abs(value * scale - forest.value))
    highest = np.abs(forest.base) + _per_sum(forest, np.abs(forest.value)) + error
    return Integers(
        value,
        whole.astype(np.int64),
        offset,
        scale,
        int(_spans(forest, value.astype(np.float64)).max()).bit_length(),
        float((error + ROUNDINGS * highest).max()),
    )


def _check(forest: Forest, bits: int) -> None:
    if isinstance(bits, bool) or not isinstance(bits, (int, np.integer)):
        raise TreesError(f"bits is {bits!r}; expected an integer from 1 to {MOST_BITS}")
    if not 1 <= bits <= MOST_BITS:
        raise TreesError(f"bits is {bits}; expected an integer from 1 to {MOST_BITS}")
    if not (np.isfinite(forest.value).all() and np.isfinite(forest.base).all()):
        raise TreesError("a leaf of the forest is infinite or NaN; expected finite values")


def _finest(forest: Forest, bits: int) -> int:
    """The exponent of the finest scale with which values have `bits` digits and sums 31."""
    largest = float(_spans(forest, forest.value).max())
    sums = np.abs(forest.base) * (forest.kind != "regression") + _per_sum(
        forest, np.abs(forest.value)
    )
    # Half a unit a leaf, twice for the least one and for what lies above it.
    room = MOST_SUM / 2 - forest.n_trees - 1
    finest = [-126]
    if largest > 0:
        finest.append(_power_for(largest, 2.0**bits - 1))
    if sums.max() > 0:
        finest.append(_power_for(float(sums.max()), room / 2))
    return min(max(finest), 127) if len(finest) > 1 else 0


def _power_for(size: float, most: float) -> int:
    """The least exponent p with `size / 2**p <= most - 1`, so that rounding stays below `most`."""
    return int(np.ceil(np.log2(size / max(1.0, most - 1))))


def _per_tree(forest: Forest, values: Values, ufunc: np.ufunc, other: float) -> Values:
    """(T, V): `ufunc` over the leaves of each tree; `other` changes nothing about it."""
    leaf = forest.feature == LEAF
    found: Values = ufunc.reduceat(np.where(leaf[:, None], values, other), forest.roots, axis=0)
    return found


def _spans(forest: Forest, values: Values) -> Values:
    """(T, V): from the least to the largest value of a tree's leaves."""
    highest = _per_tree(forest, values, np.maximum, -np.inf)
    return highest - _per_tree(forest, values, np.minimum, np.inf)


def _per_sum(forest: Forest, size: Values) -> Values:
    """(C,): the largest of `size` (N, V) in each tree, added up."""
    each = _per_tree(forest, size, np.maximum, 0.0)
    if forest.target is None:
        return each.sum(axis=0)
    return np.bincount(forest.target, each[:, 0], forest.n_sums).astype(np.float64)
