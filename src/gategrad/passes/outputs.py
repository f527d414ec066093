"""Outputs that are constants, inverters or duplicates, absorbed into the readout."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gategrad import _core
from gategrad.circuit import Circuit, Readout, check_pair

_INT32 = np.iinfo(np.int32)
# The sums of a row span at most 2**32 - 1, so its merged weights need at most three entries.
_MAX_PARTS = 3


def absorb_outputs(circuit: Circuit, readout: Readout) -> tuple[Circuit, Readout]:
    """Outputs that stand for another signal, plain or inverted, read from that signal instead.

    The gates stay. The new outputs are those of `absorb`.

    Raises:
        CircuitError: the readout reads an output that the circuit lacks.
    """
    check_pair(circuit, readout)
    signal, inverted = _core.output_literals(
        circuit.n_inputs, circuit.fanin, circuit.table, circuit.outputs
    )
    outputs, readout = absorb(signal, inverted.view(bool), readout)
    return Circuit(circuit.n_inputs, circuit.fanin, circuit.table, outputs), readout


def absorb(
    signal: NDArray[np.uint32], inverted: NDArray[np.bool_], readout: Readout
) -> tuple[NDArray[np.uint32], Readout]:
    """The same sums over plain, distinct signals.

    `w * not x = w - w * x` turns an inverted output into bias, and a constant leaves nothing else;
    equal signals of a row add their weights, and what weighs nothing is dropped.

    Args:
        signal: (O,) the signal that each present output stands for; 0 is constant false.
        inverted: (O,) whether the output is the signal's complement; constant true is signal 0,
            inverted.
        readout: over these outputs.

    Returns:
        The outputs, rising, each in use, and the readout over them. A signal comes twice only
        where a merged weight leaves int32 and two entries have to share it.
    """
    row, weight = readout.rows, readout.weight.astype(np.int64)
    of_entry, flipped = signal[readout.index].astype(np.int64), inverted[readout.index]
    bias = readout.bias.astype(np.int64)
    np.add.at(bias, row[flipped], weight[flipped])
    row, of_entry, weight = _merge(row, of_entry, np.where(flipped, -weight, weight))
    row, of_entry, part, weight = _split(row, of_entry, weight)
    keys, index = np.unique(of_entry * _MAX_PARTS + part, return_inverse=True)
    indptr = np.searchsorted(row, np.arange(readout.n_classes + 1))
    # A readout takes any integers, and checks that they fit.
    merged = replace(readout, indptr=indptr, index=index, weight=weight, bias=bias)  # type: ignore[arg-type]
    return (keys // _MAX_PARTS).astype(np.uint32), merged


def _merge(
    row: NDArray[np.int64], signal: NDArray[np.int64], weight: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """One entry a row and signal, sorted; none for constant false."""
    order = np.lexsort([signal, row])
    row, signal, weight = row[order], signal[order], weight[order]
    new = np.ones(len(row), bool)
    new[1:] = (row[1:] != row[:-1]) | (signal[1:] != signal[:-1])
    first = np.flatnonzero(new)
    total = np.add.reduceat(weight, first) if len(first) else weight
    kept = signal[first] != 0
    return row[first][kept], signal[first][kept], total[kept]


def _split(
    row: NDArray[np.int64], signal: NDArray[np.int64], weight: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Each entry in as many parts as its weight needs to fit int32, none for weight 0.

    `part` numbers them within an entry.
    """
    limit = np.where(weight > 0, _INT32.max, -_INT32.min)
    n_parts = -(-np.abs(weight) // limit)
    entry = np.repeat(np.arange(len(weight)), n_parts)
    part = np.arange(len(entry)) - (np.cumsum(n_parts) - n_parts)[entry]
    rest = np.abs(weight)[entry] - part * limit[entry]
    shared = np.sign(weight)[entry] * np.minimum(rest, limit[entry])
    return row[entry], signal[entry], part, shared
