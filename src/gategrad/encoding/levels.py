"""Where to cut a numeric column: the thresholds of thermometers and the edges of bins."""

import operator
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad.encoding.cuts import as_measured, between, midpoints, own_level, quantile_cuts
from gategrad.encoding.encoder import Arrays, Config
from gategrad.encoding.errors import EncodingError
from gategrad.encoding.fields import check_fields, read_array, read_kind
from gategrad.encoding.names import column_labels


def check_levels(values: ArrayLike, what: str) -> NDArray[np.float64]:
    """Copy thresholds or edges into a read-only array after checking them.

    Args:
        values: (T, F) numbers, not NaN, non-decreasing down each column.
        what: "thresholds" or "edges", for messages.

    Raises:
        EncodingError: another shape, dtype or order.
    """
    levels = np.asarray(values)
    if levels.dtype.kind not in "buif" or levels.dtype.itemsize > 8:
        raise EncodingError(f"{what} have dtype {levels.dtype}; expected float64")
    if levels.ndim != 2 or 0 in levels.shape:
        raise EncodingError(
            f"{what} have shape {levels.shape}; expected (levels, features), at least one of each"
        )
    # Adding 0.0 turns -0.0 into 0.0: equal encoders have equal bytes.
    levels = np.ascontiguousarray(levels, dtype=np.float64) + 0.0
    if np.isnan(levels).any():
        raise EncodingError(f"{what} hold NaN in column {_first_column(np.isnan(levels))}")
    falling = levels[1:] < levels[:-1]
    if falling.any():
        raise EncodingError(
            f"{what} fall in column {_first_column(falling)}; expected non-decreasing: sort them "
            "with np.sort(..., axis=0)"
        )
    levels.setflags(write=False)
    return levels


def read_levels(config: Config, arrays: Arrays, *, kind: str, name: str) -> NDArray[np.float64]:
    """Read the state of an encoder that is one array of levels.

    Raises:
        EncodingError: another kind, or other keys, arrays, dtypes or dimensions.
    """
    read_kind(config, (kind,))
    check_fields(config, arrays, keys=set(), names={name})
    return read_array(arrays, name, np.float64, ndim=2)


def check_count(count: int, option: str, *, smallest: int = 1) -> int:
    """Check a number of bits or bins.

    Raises:
        EncodingError: not an integer, or below `smallest`.
    """
    try:
        valid = not isinstance(count, bool) and operator.index(count) >= smallest
    except TypeError:
        valid = False
    if not valid:
        raise EncodingError(f"{option} is {count!r}; expected an integer of at least {smallest}")
    return operator.index(count)


def quantile_levels(
    x: NDArray,
    count: int,
    *,
    labels: Sequence[str] | None = None,
    times: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]:
    """Cut each column into `count + 1` parts of equally many rows, as far as its values allow.

    Level i of `count` is midway between two values that occur: the smallest that at least a
    fraction `(i + 1) / (count + 1)` of the rows do not exceed, and the next larger one. See `cuts`
    for its last digits, and for values of so many rows that levels would be equal. A column of V
    values has V - 1 places for levels; further levels are repeated, so the width is always `count`.
    In a constant column all levels are its value.

    Args:
        x: (n, F) numbers, n >= 1, not NaN.
        count: levels a column, at least 1.
        labels: the columns' names in messages.
        times: (n,) how often each row counts; once where None.

    Returns:
        (count, F) float64, non-decreasing down each column.

    Raises:
        EncodingError: no rows.
    """
    if len(x) == 0:
        label = "x" if labels is None else labels[0]
        raise EncodingError(f"{label} has no rows; quantiles need at least one row to fit")
    return np.stack([_column_levels(column, count, times) for column in x.T], axis=1)


def _column_levels(
    column: NDArray, count: int, times: NDArray[np.int64] | None
) -> NDArray[np.float64]:
    values, place, counts = np.unique(column, return_inverse=True, return_counts=True)
    if times is not None:
        counts = np.zeros(len(values), np.int64)
        np.add.at(counts, place.reshape(-1), times)
    values = as_measured(values)
    if len(values) == 1:
        return np.repeat(own_level(values), count)
    cuts = quantile_cuts(counts, count)
    below, above = values[cuts], values[cuts + 1]
    return between(below, above, midpoints(below, above))


def uniform_levels(
    x: NDArray,
    count: int,
    *,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    labels: Sequence[str] | None = None,
    times: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]:
    """Space `count` levels evenly, strictly inside each column's range.

    Level i is `low + (high - low) * (i + 1) / (count + 1)`, its last digits as `cuts` says. In a
    constant column all levels are its value.

    Args:
        x: (n, F) numbers, not NaN; n >= 1 unless both ends are given.
        count: levels a column, at least 1.
        low: number or (F,): where the range starts; the column's minimum where None.
        high: number or (F,): where it ends; the column's maximum where None.
        labels: the columns' names in messages.
        times: how often each row counts, which changes nothing here.

    Returns:
        (count, F) float64, non-decreasing down each column, at least `low` and, unless constant,
        below `high`.

    Raises:
        EncodingError: no rows, an infinite range, or `low` above `high`.
    """
    if len(x) == 0 and (low is None or high is None):
        raise EncodingError("x has no rows to take a range from; pass rows, or both low= and high=")
    both_given = low is not None and high is not None
    low = as_measured(x.min(axis=0)) if low is None else low
    high = as_measured(x.max(axis=0)) if high is None else high
    low, high = _end(low, "low", x.shape[1]), _end(high, "high", x.shape[1])
    _check_range(low, high, both_given, labels or column_labels(None, x.shape[1]))
    steps = np.arange(1, count + 1)[:, None]
    with np.errstate(over="ignore"):
        offset = (high - low) * steps / (count + 1)
    if not np.isfinite(offset).all():
        raise EncodingError("the range low..high is too wide for float64; scale the column down")
    constant = low == high
    # Any place does in a constant column, whose levels are set afterwards.
    above = np.where(constant, np.nextafter(low, np.inf), high)
    levels = np.clip(low + offset, low, np.nextafter(above, low))
    levels = between(*np.broadcast_arrays(low, above, levels))
    return np.where(constant, own_level(low), levels)


def _end(value: ArrayLike, option: str, n_features: int) -> NDArray[np.float64]:
    value = np.asarray(value)
    if value.dtype.kind not in "buif" or value.shape not in ((), (n_features,)):
        raise EncodingError(
            f"{option} has shape {value.shape} and dtype {value.dtype}; expected a number or "
            f"({n_features},) numbers"
        )
    return np.broadcast_to(value.astype(np.float64), (n_features,))


def _check_range(low: NDArray, high: NDArray, both_given: bool, labels: Sequence[str]) -> None:
    infinite = ~(np.isfinite(low) & np.isfinite(high))
    if infinite.any():
        i = int(np.argmax(infinite))
        raise EncodingError(
            f"{labels[i]} ranges from {low[i]} to {high[i]}; even spacing needs finite ends: pass "
            "low= and high=, or use quantiles"
        )
    wrong = low >= high if both_given else low > high
    if wrong.any():
        i = int(np.argmax(wrong))
        raise EncodingError(
            f"{labels[i]} has low {low[i]} and high {high[i]}; expected low below high"
        )


def _first_column(bad: NDArray[np.bool_]) -> int:
    return int(np.argmax(bad.any(axis=0)))
