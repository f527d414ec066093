"""Structural hashing."""

from gategrad import _core
from gategrad.circuit import Circuit, Readout, check_pair
from gategrad.passes.sweep import rebuild


def strash(circuit: Circuit, readout: Readout) -> tuple[Circuit, Readout]:
    """Fold, and build each function of the same signals once, in one forward sweep.

    Gates are put into a normal form, operands rising and the output false where all operands
    are, so that a gate is found again under any order of its operands and as its complement, and
    whole equal cones with it. A two-operand gate is also read through the two-operand gates that
    drive it: where the up to four signals behind them reduce to two, it reads those, as in
    `a & (a & b)`.

    Raises:
        CircuitError: the readout reads an output that the circuit lacks.
    """
    check_pair(circuit, readout)
    swept = _core.strash(circuit.n_inputs, circuit.fanin, circuit.table, circuit.outputs)
    return rebuild(circuit.n_inputs, swept, readout)
