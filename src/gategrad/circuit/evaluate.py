"""The evaluator: slow and obvious, the definition of what a circuit computes.

Everything else in the library is tested against it. It is never optimized.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad.circuit.errors import CircuitError
from gategrad.circuit.ir import N_CONSTANTS, Circuit
from gategrad.circuit.readout import Readout, check_pair


def evaluate(circuit: Circuit, bits: ArrayLike) -> NDArray[np.bool_]:
    """Outputs of `circuit`, (n, O) bool, for input bits.

    Args:
        circuit: any.
        bits: (n, n_inputs) bool, a row a sample.

    Raises:
        CircuitError: bits has another shape or is not bool.
    """
    bits = np.asarray(bits)
    if bits.dtype != bool or bits.ndim != 2 or bits.shape[1] != circuit.n_inputs:
        raise CircuitError(
            f"expected bool bits of shape (n, {circuit.n_inputs}), "
            f"got {bits.dtype} of shape {bits.shape}"
        )
    n = len(bits)
    signals = [np.zeros(n, bool), np.ones(n, bool), *bits.T]
    for gate in range(circuit.n_gates):
        pattern = np.zeros(n, np.uint64)
        for j in range(circuit.width):
            pattern += signals[circuit.fanin[gate, j]].astype(np.uint64) << np.uint64(j)
        signals.append((circuit.table[gate] >> pattern & np.uint64(1)).astype(bool))
    assert len(signals) == N_CONSTANTS + circuit.n_inputs + circuit.n_gates
    columns = [signals[s] for s in circuit.outputs]
    return np.stack(columns, axis=1) if columns else np.zeros((n, 0), bool)


def evaluate_sums(circuit: Circuit, readout: Readout, bits: ArrayLike) -> NDArray[np.int32]:
    """Sums of `readout` over the outputs of `circuit`, (n, C) int32, for input bits.

    Args:
        circuit: any.
        readout: over its outputs.
        bits: (n, n_inputs) bool, a row a sample.

    Raises:
        CircuitError: the readout reads an output that the circuit lacks, or bits has another shape
            or is not bool.
    """
    check_pair(circuit, readout)
    outputs = evaluate(circuit, bits)
    sums = np.empty((len(outputs), readout.n_classes), np.int32)
    for c in range(readout.n_classes):
        entries = slice(readout.indptr[c], readout.indptr[c + 1])
        columns = outputs[:, readout.index[entries]].astype(np.int32)
        sums[:, c] = readout.bias[c] + columns @ readout.weight[entries]
    return sums
