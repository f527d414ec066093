"""Where between two values a level lies, and between which values of a column levels lie.

A measurement such as 0.1 is one number as text and in float64, and another in float32. A level that
is 0.1 itself has them on two sides. So a level lies between values that occur, and it is the
smallest float32 that is not below a short decimal: every number of that many digits is then on the
same side of it whichever of the three it comes as.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Digits that no error of rounding in a midpoint or an evenly spaced level reaches.
_DIGITS = 12


def between(below: ArrayLike, above: ArrayLike, wanted: ArrayLike) -> NDArray[np.float64]:
    """Levels near `wanted` that have `below` on their lower side and `above` on the upper one.

    Args:
        below: values (...,), at most `wanted`; a level that is one has it on its lower side.
        above: values (...,) above `below`.
        wanted: (...,), from `below` to `above`.

    Returns:
        (...,) float64, at least `below` and less than `above`; where float32 tells the two apart,
        their float32 are on these sides too.
    """
    below, above, wanted = (np.asarray(v, np.float64) for v in (below, above, wanted))
    with np.errstate(over="ignore"):
        low = np.maximum(below, below.astype(np.float32))
        high = np.minimum(above, above.astype(np.float32))
    # Values so close or so large that float32 has one number for both.
    blurred = low >= high
    low, high = np.where(blurred, below, low), np.where(blurred, above, high)
    level = np.clip(wanted, low, np.nextafter(high, -np.inf))
    short = rounded_up(_shortened(level))
    return np.where((short >= low) & (short < high), short, level)


def rounded_up(values: ArrayLike) -> NDArray[np.float64]:
    """The smallest float32 that is not below each value, as float64."""
    values = np.asarray(values, np.float64)
    with np.errstate(over="ignore"):
        nearest = values.astype(np.float32)
        up = np.nextafter(nearest, np.float32(np.inf))
    return np.where(nearest < values, up, nearest).astype(np.float64)


def as_measured(values: NDArray) -> NDArray[np.float64]:
    """Numbers as float64, float32 and float16 as the shortest decimals that they stand for."""
    if values.dtype.kind == "f" and values.dtype.itemsize <= 4:
        return values.astype(str).astype(np.float64)
    return values.astype(np.float64)


def own_level(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The smallest level that neither a value nor its float32 exceeds."""
    with np.errstate(over="ignore"):
        single = values.astype(np.float32).astype(np.float64)
    return np.where(np.isfinite(single), np.maximum(values, single), values)


def midpoints(below: NDArray[np.float64], above: NDArray[np.float64]) -> NDArray[np.float64]:
    """Halfway between; `below` where one of the two is infinite."""
    with np.errstate(invalid="ignore"):
        middle = below / 2 + above / 2
    return np.where(np.isinf(below) | np.isinf(above), below, middle)


def quantile_cuts(counts: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """After which of a column's values its levels come, in order.

    Cut i comes after the smallest value that at least a fraction `(i + 1) / (count + 1)` of the
    rows do not exceed. Where a value of many rows would have several cuts for itself, values count
    for fewer rows, down to what one part has, so that the cuts spread over the other values.

    Args:
        counts: (V,) rows that have each distinct value, V >= 2.
        count: cuts, at least 1.

    Returns:
        (count,) from 0 to V - 2, non-decreasing; distinct where V > count.
    """
    n_cuts = len(counts) - 1
    if count >= n_cuts:
        return np.arange(count) * n_cuts // count
    total = np.cumsum(counts)
    ranks = -(-total[-1] * np.arange(1, count + 1) // (count + 1))
    cuts = np.minimum(np.searchsorted(total, ranks), n_cuts - 1)
    return cuts if (np.diff(cuts) > 0).all() else _spread(counts, count)


def _spread(counts: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The cuts where no value counts for more rows than one part of the column has."""
    part = _part(counts, count)
    total = np.cumsum(np.minimum(counts, part))
    # A little less, so that rounding never puts a rank beyond the value that it ends.
    ranks = part * np.arange(1, count + 1) * (1 - 1e-12)
    cuts = np.searchsorted(total, ranks)
    # Distinct from the left, then inside from the right.
    steps = np.arange(count)
    cuts = np.maximum.accumulate(cuts - steps) + steps
    return np.minimum(cuts, len(counts) - 1 - count + steps)


def _part(counts: NDArray[np.int64], count: int) -> float:
    """The t with `(count + 1) t = sum(min(counts, t))`, there being more than count + 1 values.

    With the j largest values cut down to t, `(count + 1 - j) t` is the sum of the others.
    """
    ordered = np.sort(counts)[::-1]
    rest = counts.sum() - np.concatenate([[0], np.cumsum(ordered[:count])])
    parts = rest / (count + 1 - np.arange(count + 1))
    return float(parts[np.argmax(ordered[: count + 1] <= parts)])


def _shortened(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The short decimals that values stand for but for errors of rounding."""
    texts = [f"{value:.{_DIGITS}g}" for value in values.ravel().tolist()]
    return np.array(texts, np.float64).reshape(values.shape)
