"""Thresholds as integers: a comparison of floats that no rounding or flushing can change."""

import numpy as np
from numpy.typing import NDArray


def integer_keys(threshold: NDArray[np.float64]) -> NDArray[np.int32]:
    """K with `x > threshold` just where `x > k`, for x that are uint8 or bool."""
    return np.floor(np.clip(threshold, -1.0, 255.0)).astype(np.int32)


def single_keys(threshold: NDArray[np.float64]) -> NDArray[np.int32]:
    """K with `x > threshold` just where `key(x) > k`, for x in float32.

    The key of a float is its bits, all but the sign flipped where it is negative.
    """
    with np.errstate(over="ignore"):
        single = threshold.astype(np.float32)
    above = single.astype(np.float64) > threshold
    single[above] = np.nextafter(single[above], np.float32(-np.inf))
    return _ordered((single + np.float32(0.0)).view(np.int32))


def double_keys(threshold: NDArray[np.float64]) -> NDArray[np.int64]:
    """The same for x in float64."""
    return _ordered((threshold + 0.0).view(np.int64))


def _ordered(bits: NDArray) -> NDArray:
    return bits ^ (bits >> (8 * bits.itemsize - 1) & np.iinfo(bits.dtype).max)
