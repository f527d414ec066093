"""Circuits handed to the native core."""

import numpy as np
from numpy.typing import NDArray

from gategrad import _core
from gategrad.circuit import Circuit, Readout
from gategrad.engine.convolution import inputs_as_bits


def source_of(
    circuit: Circuit,
    readout: Readout,
    thresholds: tuple[NDArray[np.uint32], NDArray[np.float64]],
    n_features: int,
    bits: bool,
    missing: bool,
) -> _core.Source:
    """The core's own copy of what it lowers, now and later."""
    return _core.source(
        circuit.n_inputs,
        circuit.fanin,
        circuit.table,
        circuit.outputs,
        readout.indptr,
        readout.index,
        readout.weight,
        readout.bias,
        readout.kind == "argmax",
        *thresholds,
        n_features,
        bits,
        missing,
    )


def bits_source(circuit: Circuit, readout: Readout) -> _core.Source:
    """A circuit whose rows are its inputs, as bits."""
    bits = inputs_as_bits(circuit.n_inputs)
    return source_of(circuit, readout, bits, circuit.n_inputs, True, missing=False)
