"""Intervals of numbers as comparisons and a gate each, for engines and exporters."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gategrad.encoding.intervals import Intervals

# Truth tables over the comparisons with the lower and with the upper end, or over the only one.
NOT, SAME, AND_NOT, TRUE = 0b01, 0b10, 0b0010, 0b1


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


@dataclass(frozen=True)
class Front:
    """Comparisons, and a gate for each bit of an encoder that makes the bit of them.

    Signals are numbered as in a circuit: 0 and 1 are false and true, 2 + j is comparison j.
    `gategrad.circuit.behind(Circuit(n, fanin, table, outputs), circuit)` puts a circuit behind it,
    where n is the number of comparisons and the outputs are the gates.

    Attributes:
        comparisons: each one once, sorted by feature and threshold.
        fanin: (n_inputs, 2) uint32; an operand that a gate lacks is signal 0.
        table: (n_inputs,) uint64 truth tables.
    """

    comparisons: Comparisons
    fanin: NDArray[np.uint32]
    table: NDArray[np.uint64]

    @property
    def outputs(self) -> NDArray[np.uint32]:
        """The signals of the gates, (n_inputs,)."""
        first = 2 + len(self.comparisons.feature)
        return np.arange(first, first + len(self.table), dtype=np.uint32)


def compare(
    intervals: Intervals, n_features: int, *, used: NDArray[np.bool_] | None = None
) -> Front:
    """Make every interval of two comparisons: above its lower end, and not above its upper end.

    Args:
        intervals: of an encoder, see `gategrad.encoding.intervals.number_intervals`.
        n_features: columns of a row.
        used: (n_inputs,) which bits something reads; for the others no comparison is made, and
            their gate is true. All where None.

    Returns:
        An interval without an upper end is its comparison, one without ends is true.

    Examples:
        >>> nan = np.nan
        >>> one = Intervals(np.uint32([0, 0]), np.array([nan, 2.0]), np.array([2.0, nan]))
        >>> front = compare(one, 1)
        >>> front.comparisons.threshold.tolist(), front.fanin.tolist(), front.table.tolist()
        ([2.0], [[2, 0], [2, 0]], [1, 2])
    """
    n = len(intervals.feature)
    feature = np.tile(intervals.feature.astype(np.float64), 2)
    ends = np.column_stack([feature, np.concatenate([intervals.low, intervals.high])])
    bounded = ~np.isnan(ends[:, 1])
    if used is not None:
        bounded &= np.tile(used, 2)
    found, place = np.unique(ends[bounded], axis=0, return_inverse=True)
    signal = np.zeros(2 * n, np.uint32)
    signal[bounded] = place.reshape(-1) + 2
    low, high = np.split(signal, 2)
    fanin = np.where(low > 0, (low, high), (high, np.zeros(n, np.uint32))).T
    table = np.select([(low > 0) & (high > 0), low > 0, high > 0], [AND_NOT, SAME, NOT], TRUE)
    comparisons = Comparisons(found[:, 0].astype(np.uint32), found[:, 1], n_features)
    return Front(comparisons, fanin.astype(np.uint32), table.astype(np.uint64))
