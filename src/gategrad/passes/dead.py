"""Gates and outputs that nothing needs."""

from dataclasses import replace

import numpy as np

from gategrad import _core
from gategrad.circuit import Circuit, Readout, check_pair


def remove_dead(circuit: Circuit, readout: Readout) -> tuple[Circuit, Readout]:
    """Drop outputs that no readout entry uses, and gates that no output left needs.

    Raises:
        CircuitError: the readout reads an output that the circuit lacks.
    """
    check_pair(circuit, readout)
    used, index = np.unique(readout.index, return_inverse=True)
    fanin, table, outputs = _core.remove_dead(
        circuit.n_inputs, circuit.fanin, circuit.table, circuit.outputs[used]
    )
    return Circuit(circuit.n_inputs, fanin, table, outputs), replace(readout, index=index)
