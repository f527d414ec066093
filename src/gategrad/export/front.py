"""Encoder and circuit as one circuit behind comparisons, which is what every format writes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import N_CONSTANTS, Circuit, arity
from gategrad.encoding.intervals import Intervals
from gategrad.export.source import Source, checked_choice, intervals_of

ROWS = ("uint8", "int16", "int32", "float32", "float64")
"""Types of a row's values, in exported C."""


@dataclass(frozen=True)
class Integers:
    """Values that are integers of a range, each `2**fraction` times what it stands for."""

    lowest: int
    highest: int
    fraction: int = 0

    @property
    def dtype(self) -> np.dtype:
        """A type that holds what thresholds become."""
        return np.dtype(np.int64)


@dataclass(frozen=True)
class Floats:
    """Values that are floating-point numbers; NaN is a missing value."""

    dtype: np.dtype


def values_of(rows: str) -> Integers | Floats:
    """What a type of rows holds.

    Raises:
        ExportError: an unknown type; lists those known.
    """
    dtype = np.dtype(checked_choice("rows", rows, ROWS))
    if dtype.kind == "f":
        return Floats(dtype)
    limits = np.iinfo(dtype)
    return Integers(int(limits.min), int(limits.max))


@dataclass(frozen=True)
class Front:
    """A circuit whose input j is `x[feature[j]] >= least[j]`.

    Attributes:
        circuit: the interval gates of the encoder, then the model's gates; inputs that nothing
            reads are left out.
        feature: (n,) uint32, rising; column of a row.
        least: (n,) int64, or of the type of rows where that is floating. Minus infinity: the value
            is a number.
        bit: (n,) int64, which bit of the encoder, or input of the model's circuit, is this
            comparison, or -1.
        n_features: values of a row.
    """

    circuit: Circuit
    feature: NDArray[np.uint32]
    least: NDArray
    bit: NDArray[np.int64]
    n_features: int


def front(model: Source, values: Integers | Floats) -> Front:
    """Put the encoder of `model` before its circuit.

    Args:
        model: whose encoder is None (a value above 0 is a true bit) or one of intervals.
        values: of rows. They are compared as the encoder does it, in float64; thresholds are
            rounded such that comparing values of this type gives the same.

    Raises:
        ExportError: an encoder that no comparisons express.
    """
    circuit = model.circuit
    intervals = _intervals(model)
    used = np.zeros(circuit.n_signals, bool)
    used[circuit.fanin] = used[circuit.outputs] = True
    used = used[N_CONSTANTS : N_CONSTANTS + circuit.n_inputs]
    low = _Comparisons.of(intervals.feature, intervals.low, used, values)
    high = _Comparisons.of(intervals.feature, intervals.high, used, values)
    # A missing value is above no threshold: what has only an upper end must ask for a number.
    floats = isinstance(values, Floats)
    gaps = np.zeros_like(used) if intervals.gaps is None else used & intervals.gaps & floats
    passed = intervals.missing or intervals.gaps is not None
    asks = used & np.isnan(intervals.low) & passed & floats | gaps
    no_end = np.zeros_like(asks)
    number = _Comparisons(intervals.feature, np.full(len(used), -np.inf), asks, no_end, no_end)
    return _put_before(model, (low, high, number), gaps, values.dtype)


def _intervals(model: Source) -> Intervals:
    n = model.circuit.n_inputs
    if model.encoder is None:
        return Intervals(np.arange(n, dtype=np.uint32), np.zeros(n), np.full(n, np.nan))
    return intervals_of(model.encoder)


@dataclass(frozen=True)
class _Comparisons:
    """One end of every interval: `x[feature] >= least` where `asked`, else nothing or a constant.

    `least` is float64. Where a comparison can't be true or can't be false for values of a type,
    it is not asked: `never` and `always`.
    """

    feature: NDArray[np.uint32]
    least: NDArray[np.float64]
    asked: NDArray[np.bool_]
    never: NDArray[np.bool_]
    always: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        feature: NDArray[np.uint32],
        threshold: NDArray[np.float64],
        used: NDArray[np.bool_],
        values: Integers | Floats,
    ) -> "_Comparisons":
        bounded = used & ~np.isnan(threshold)
        if isinstance(values, Floats):
            never, always = bounded & (threshold == np.inf), np.zeros_like(bounded)
            return cls(
                feature, _float_above(threshold, values.dtype), bounded & ~never, never, always
            )
        with np.errstate(over="ignore"):
            least = np.floor(np.ldexp(threshold, values.fraction)) + 1
        never, always = bounded & (least > values.highest), bounded & (least <= values.lowest)
        return cls(feature, least, bounded & ~never & ~always, never, always)


def _float_above(threshold: NDArray[np.float64], dtype: np.dtype) -> NDArray[np.float64]:
    """The least value of `dtype` above each threshold, as float64."""
    with np.errstate(over="ignore", invalid="ignore"):
        rounded = threshold.astype(dtype)
        below = np.where(rounded > threshold, np.nextafter(rounded, dtype.type(-np.inf)), rounded)
        return np.nextafter(below, dtype.type(np.inf)).astype(np.float64)


def _put_before(
    model: Source,
    ends: tuple[_Comparisons, _Comparisons, _Comparisons],
    gaps: NDArray[np.bool_],
    dtype: np.dtype,
) -> Front:
    circuit, n = model.circuit, model.circuit.n_inputs
    asked = np.concatenate([end.asked for end in ends])
    keys = np.column_stack(
        [
            np.concatenate([end.feature for end in ends]).astype(np.float64),
            np.concatenate([end.least for end in ends]),
        ]
    )[asked]
    found, place = np.unique(keys, axis=0, return_inverse=True)
    signal = np.zeros(3 * n, np.int64)
    signal[asked] = place.reshape(-1) + N_CONSTANTS
    low, high, number = np.split(signal, 3)
    fanin, table, new = _interval_gates(low, high, number, ends, gaps, N_CONSTANTS + len(found))
    first = N_CONSTANTS + n
    moved = np.arange(circuit.n_signals) - first + N_CONSTANTS + len(found) + len(table)
    moved[:N_CONSTANTS] = range(N_CONSTANTS)
    moved[N_CONSTANTS:first] = new
    width = max(3, circuit.width)
    gates = np.zeros((len(table) + circuit.n_gates, width), np.int64)
    gates[: len(table), :3] = fanin
    gates[len(table) :, : circuit.width] = moved[circuit.fanin]
    tables = np.concatenate([table, _selectable(circuit.table, gates[len(table) :])])
    whole = Circuit(len(found), gates, tables, moved[circuit.outputs])
    bit = np.full(len(found), -1)
    direct = np.flatnonzero((low > 0) & (high == 0) & (number == 0))[::-1]
    bit[low[direct] - N_CONSTANTS] = direct
    n_features = n if model.encoder is None else model.encoder.n_features
    return Front(whole, found[:, 0].astype(np.uint32), found[:, 1].astype(dtype), bit, n_features)


def _selectable(table: NDArray[np.uint64], fanin: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Tables without the entries for a last operand that is true and has become the constant 0."""
    unused = np.uint64(64) - (np.uint64(1) << arity(fanin).astype(np.uint64))
    return table & (np.uint64(2**64 - 1) >> unused)


def _interval_gates(
    low: NDArray[np.int64],
    high: NDArray[np.int64],
    number: NDArray[np.int64],
    ends: tuple[_Comparisons, _Comparisons, _Comparisons],
    gaps: NDArray[np.bool_],
    first: int,
) -> tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.int64]]:
    """Gates that make intervals of comparisons, and the signal of each interval.

    Args:
        low: (n,) signal of the comparison with each interval's lower end, or 0.
        high: (n,) the same for the upper end.
        number: (n,) the same for "is a number".
        ends: what of them is constant.
        gaps: (n,) intervals that a missing value is in; all of them ask for a number.
        first: signal of the first gate.

    Returns:
        Operands (G, 3), tables (G,), and the signal (n,) that each of the circuit's inputs is.
    """
    never = ends[0].never | ends[1].always
    new = np.where(low > 0, low, 1)
    new[never] = 0
    gated = np.flatnonzero(((high > 0) | (number > 0)) & (~never | gaps))
    new[gated] = first + np.arange(len(gated))
    fanin = np.zeros((len(gated), 3), np.int64)
    table = np.zeros(len(gated), np.uint64)
    for row, i in enumerate(gated):
        operands = [(s, wanted) for s, wanted in ((low[i], 1), (number[i], 1), (high[i], 0)) if s]
        fanin[row, : len(operands)] = [s for s, _ in operands]
        pattern = sum(wanted << j for j, (_, wanted) in enumerate(operands))
        table[row] = 0 if never[i] else 1 << pattern
        # A missing value is in no comparison, that with the smallest number included.
        table[row] |= np.uint64(gaps[i])
    return fanin, table, new
