"""How much of a circuit hangs on each column of the rows."""

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import N_CONSTANTS, Circuit, Readout
from gategrad.encoding import Table
from gategrad.encoding.origins import columns_of_bits


def importances(circuit: Circuit, readout: Readout, encoder: Table) -> NDArray[np.float64]:
    """The share of each column in the sums, (n_features,), 1 together; zeros for a constant model.

    An output of the circuit counts what its weights in the sums are together. What a gate counts it
    passes on to its operands in proportion to their influence: the share of its table in which the
    gate changes with that operand alone. What arrives at the bits of a column is its importance.
    """
    count = np.zeros(circuit.n_signals)
    np.add.at(count, circuit.outputs[readout.index], np.abs(readout.weight.astype(np.float64)))
    shares = _influences(circuit) if circuit.n_gates else count
    first = N_CONSTANTS + circuit.n_inputs
    for gate in range(circuit.n_gates - 1, -1, -1):
        passed = count[first + gate]
        if passed:
            np.add.at(count, circuit.fanin[gate], passed * shares[gate])
    found = np.bincount(columns_of_bits(encoder), count[N_CONSTANTS:first], encoder.n_features)
    return found / found.sum() if found.sum() > 0 else found


def _influences(circuit: Circuit) -> NDArray[np.float64]:
    """The influence (G, K) of each operand of each gate, 1 together for each gate."""
    width = circuit.fanin.shape[1]
    entries = np.arange(1 << width)
    # Entries beyond a gate's own operands repeat its table.
    used = np.maximum((circuit.fanin > 0).sum(axis=1), 1)
    own = entries[None, :] & ((1 << used) - 1)[:, None]
    values = (circuit.table[:, None] >> own.astype(np.uint64)) & np.uint64(1)
    found = np.stack(
        [(values != values[:, entries ^ (1 << k)]).mean(axis=1) for k in range(width)], axis=1
    )
    total = found.sum(axis=1, keepdims=True)
    return found / np.where(total > 0, total, 1)
