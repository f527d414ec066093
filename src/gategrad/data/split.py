"""A seeded, stratified split into a training and a test part."""

import random

import numpy as np

from gategrad.data.errors import DataError


def split(
    x: np.ndarray, y: np.ndarray, *, test: float = 0.25, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Split rows so that each class gives the same share to the test part, and keeps another.

    The rows keep their order. The same seed gives the same parts on every platform and version
    (Python's `random` promises its sequence, numpy's generators do not).

    Args:
        x: (n, features), any dtype.
        y: (n,) labels; or (n, k) targets, which are split as if all rows were of one class.
        test: share of each class that goes to the test part, rounded to whole rows; 0 < test < 1.
            A class of two rows or more has one in each part; a single row is trained on.
        seed: of the split.

    Returns:
        x_train, y_train, x_test, y_test.

    Raises:
        DataError: lengths differ, or the share is not between 0 and 1.

    Examples:
        >>> x_train, y_train, x_test, y_test = split(np.eye(8), np.arange(8) % 2, test=0.25)
        >>> y_train.tolist(), y_test.tolist()
        ([0, 1, 0, 1, 0, 1], [0, 1])
    """
    if len(x) != len(y):
        raise DataError(f"x has {len(x):,} rows and y {len(y):,}; expected one label a row")
    if not 0 < test < 1:
        raise DataError(f"test is {test}; expected a share between 0 and 1, such as 0.25")
    chance = random.Random(seed)
    rank = np.array([chance.random() for _ in range(len(y))])
    held = np.zeros(len(y), bool)
    strata = y if np.ndim(y) == 1 else np.zeros(len(y), np.int64)
    for label in np.unique(strata):
        rows = np.flatnonzero(strata == label)
        held[rows[np.argsort(rank[rows])][: _count(test, len(rows))]] = True
    return x[~held], y[~held], x[held], y[held]


def _count(test: float, n: int) -> int:
    """How many rows of a class of `n` are tested on."""
    return min(max(round(test * n), 1), n - 1)
