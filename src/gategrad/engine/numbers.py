"""A circuit behind intervals, as a circuit behind comparisons, which the native core makes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import N_CONSTANTS, Circuit
from gategrad.encoding.intervals import Intervals

NOT, AND_NOT = 0b01, 0b0010
LANES = 64


@dataclass(frozen=True)
class Comparisons:
    """Bit j of a row x is `x[feature[j]] > threshold[j]`; no other encoder's way of `encode`.

    Attributes:
        feature: (n,) uint32.
        threshold: (n,) float64.
        n_features: columns of a row.
    """

    feature: NDArray[np.uint32]
    threshold: NDArray[np.float64]
    n_features: int

    def thresholds(self) -> tuple[NDArray[np.uint32], NDArray[np.float64]]:
        """As encoders say it."""
        return self.feature, self.threshold


def behind_comparisons(
    circuit: Circuit, intervals: Intervals, n_features: int
) -> tuple[Circuit, Comparisons]:
    """Put a gate before each input of `circuit` that makes its interval of two comparisons.

    Args:
        circuit: whose input j is bit j of `intervals`.
        intervals: of every input.
        n_features: columns of a row.

    Returns:
        A circuit whose inputs are the comparisons that gates or outputs need, each one once, and
        these.
    """
    feature = np.tile(intervals.feature.astype(np.float64), 2)
    ends = np.column_stack([feature, np.concatenate([intervals.low, intervals.high])])
    read = np.zeros(circuit.n_signals, bool)
    read[circuit.fanin] = read[circuit.outputs] = True
    used = read[N_CONSTANTS : N_CONSTANTS + circuit.n_inputs]
    bounded = ~np.isnan(ends[:, 1]) & np.tile(used, 2)
    found, place = np.unique(ends[bounded], axis=0, return_inverse=True)
    signal = np.zeros(len(ends), np.int64)
    signal[bounded] = place.reshape(-1) + N_CONSTANTS
    low, high = np.split(signal, 2)
    n = circuit.n_inputs
    fanin = np.zeros((n + circuit.n_gates, max(2, circuit.width)), np.int64)
    fanin[:n, :2] = np.where(low > 0, (low, high), (high, np.zeros(n, np.int64))).T
    # An interval without ends holds every number, one without an upper end is its comparison.
    table = np.select([(low > 0) & (high > 0), low > 0, high > 0], [AND_NOT, 0b10, NOT], 1)
    moved = np.arange(circuit.n_signals) + len(found)
    moved[:N_CONSTANTS] = range(N_CONSTANTS)
    fanin[n:, : circuit.width] = moved[circuit.fanin]
    front = Circuit(
        len(found),
        fanin,
        np.concatenate([table.astype(np.uint64), circuit.table]),
        moved[circuit.outputs],
    )
    return front, Comparisons(found[:, 0].astype(np.uint32), found[:, 1], n_features)


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
