"""Constants, wires and inverters."""

from gategrad import _core
from gategrad.circuit import Circuit, Readout, check_pair
from gategrad.passes.sweep import rebuild


def fold(circuit: Circuit, readout: Readout) -> tuple[Circuit, Readout]:
    """Leave only gates that depend on two or more signals, over exactly the signals they need.

    Constants, wires and inverters disappear into the tables of the gates that read them, and
    at the outputs into weights and bias; an operand that comes twice in a gate is read once.

    Raises:
        CircuitError: the readout reads an output that the circuit lacks.
    """
    check_pair(circuit, readout)
    swept = _core.fold(circuit.n_inputs, circuit.fanin, circuit.table, circuit.outputs)
    return rebuild(circuit.n_inputs, swept, readout)
