"""The readout with positive weights of single bits, the form that adders are built from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import Circuit, Readout


@dataclass(frozen=True)
class Bits:
    """Signals that count `2**shift` each, as they are or complemented.

    Attributes:
        shift: of the weight.
        inverted: whether a signal counts where it is false.
        signals: (n,) int64.
    """

    shift: int
    inverted: bool
    signals: NDArray[np.int64]


@dataclass(frozen=True)
class Total:
    """Sum c of the readout plus `Totals.offset`: `constant` plus its bits; never negative."""

    constant: int
    bits: tuple[Bits, ...]


@dataclass(frozen=True)
class Totals:
    """All sums of a readout as unsigned numbers of one width.

    Attributes:
        totals: one a class.
        offset: sum c is total c minus this, for every class.
        width: bits that hold every total, at least 1.
    """

    totals: tuple[Total, ...]
    offset: int
    width: int


def totals(circuit: Circuit, readout: Readout) -> Totals:
    """Write `w x` as `|w| x`, or `|w| (1 - x) - |w|` where w is negative, bit by bit of |w|."""
    signals = circuit.outputs.astype(np.int64)[readout.index]
    weight = readout.weight.astype(np.int64)
    lowest, highest, parts = [], [], []
    for c in range(readout.n_classes):
        row = slice(int(readout.indptr[c]), int(readout.indptr[c + 1]))
        low = int(readout.bias[c]) + int(np.minimum(weight[row], 0).sum())
        lowest.append(low)
        highest.append(low + int(np.abs(weight[row]).sum()))
        parts.append(tuple(_bits(signals[row], weight[row])))
    offset = -min(lowest, default=0)
    made = tuple(Total(low + offset, bits) for low, bits in zip(lowest, parts, strict=True))
    return Totals(made, offset, max(1, (max(highest, default=0) + offset).bit_length()))


def _bits(signals: NDArray[np.int64], weight: NDArray[np.int64]) -> list[Bits]:
    found = []
    size = np.abs(weight)
    for shift in range(int(size.max(initial=0)).bit_length()):
        has = (size >> shift & 1).astype(bool)
        for inverted in (False, True):
            chosen = signals[has & ((weight < 0) == inverted)]
            if len(chosen):
                found.append(Bits(shift, inverted, chosen))
    return found
