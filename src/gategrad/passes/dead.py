"""Gates and outputs that nothing needs."""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad import _core
from gategrad.circuit import Circuit, CircuitError, Readout, check_pair


def remove_dead(
    circuit: Circuit, readout: Readout, *, keep: ArrayLike = ()
) -> tuple[Circuit, Readout]:
    """Drop outputs that no readout entry uses, and gates that no output left needs.

    Args:
        circuit: any circuit.
        readout: over its outputs.
        keep: positions in `circuit.outputs` of outputs that stay although no entry reads them, such
            as the state that the next step will read. The outputs left keep their order.

    Raises:
        CircuitError: the readout, or `keep`, names an output that the circuit lacks.
    """
    check_pair(circuit, readout)
    kept = _positions(keep, circuit.n_outputs)
    used = np.unique(np.concatenate([readout.index, kept]))
    index = np.searchsorted(used, readout.index).astype(np.uint32)
    fanin, table, outputs = _core.remove_dead(
        circuit.n_inputs, circuit.fanin, circuit.table, circuit.outputs[used]
    )
    return Circuit(circuit.n_inputs, fanin, table, outputs), replace(readout, index=index)


def _positions(keep: ArrayLike, n_outputs: int) -> NDArray[np.uint32]:
    positions = np.asarray(keep)
    if positions.size == 0:
        return np.zeros(0, np.uint32)
    if positions.ndim != 1 or positions.dtype.kind not in "iu":
        raise CircuitError(
            f"keep must be a list of positions of outputs, got {positions.dtype} of shape "
            f"{positions.shape}"
        )
    if positions.min() < 0 or positions.max() >= n_outputs:
        raise CircuitError(
            f"keep names the outputs {positions.min()} to {positions.max()}, but the circuit has "
            f"{n_outputs} outputs"
        )
    return positions.astype(np.uint32)
