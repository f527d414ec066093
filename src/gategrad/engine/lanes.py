"""Few columns of numbers on the 64 lanes in which the native core compares."""

import numpy as np
from numpy.typing import NDArray

from gategrad.encoding.comparisons import Comparisons

LANES = 64


def spread(comparisons: Comparisons) -> tuple[NDArray[np.intp], Comparisons]:
    """Share the comparisons of few columns out over the 64 that the core compares at a time.

    The core takes as many passes over 64 columns as one of them has comparisons, and a category of
    dozens of values makes them all wait for one column. So columns are repeated.

    Returns:
        `(columns, comparisons)`: which columns of x, up to 64, make the rows `x[:, columns]` for
        the comparisons.

    Raises:
        ValueError: more columns than 64.
    """
    n = comparisons.n_features
    if n > LANES:
        raise ValueError(f"{n} columns are more than {LANES}")
    count = np.bincount(comparisons.feature, minlength=n)
    passes = 1
    while (copies := np.maximum(1, -(-count // passes))).sum() > LANES:
        passes += 1
    first = np.cumsum(copies) - copies
    order = np.argsort(comparisons.feature, kind="stable")
    nth = np.empty(len(order), np.int64)
    nth[order] = np.arange(len(order)) - np.repeat(np.cumsum(count) - count, count)
    lane = first[comparisons.feature] + nth % copies[comparisons.feature]
    columns = np.repeat(np.arange(n), copies)
    shared = Comparisons(lane.astype(np.uint32), comparisons.threshold, len(columns))
    return columns, shared
