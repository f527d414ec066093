"""What `fold` and `strash` have in common: new gates, and output literals for the readout."""

from numpy.typing import NDArray

from gategrad.circuit import Circuit, Readout
from gategrad.passes.outputs import absorb


def rebuild(
    n_inputs: int, swept: tuple[NDArray, NDArray, NDArray, NDArray], readout: Readout
) -> tuple[Circuit, Readout]:
    """Circuit and readout of a native sweep: fanin, table, and signal and polarity of outputs."""
    fanin, table, signal, inverted = swept
    outputs, readout = absorb(signal, inverted.view(bool), readout)
    return Circuit(n_inputs, fanin, table, outputs), readout
