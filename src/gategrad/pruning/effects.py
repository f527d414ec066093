"""What a change of each gate would do to the loss, estimated for all gates at once.

The derivative of the loss by the sums goes back through the gates: on a row, a gate passes to an
operand what it got, times the difference that the operand makes there, -1, 0 or 1. With it goes
the curvature, times the square of that difference. Both are exact where what an operand does
reaches the sums on one path, and a screen for the rest: whoever changes gates measures afterwards.

A gate's figures are kept by the pattern of its two operands. They are enough to estimate any other
table of the same operands, constants and wires too:

    loss(table') - loss(table) = sum over the patterns p on which the tables differ of
                                 slope[p] * (table'[p] - table[p]) + curve[p] / 2

This is the second-order score of a Taylor expansion, as in the literature on pruning (LeCun,
Denker, Solla, *Optimal Brain Damage*, 1990), with Boolean signals in the place of weights.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gategrad import _core
from gategrad.circuit import Circuit, Readout
from gategrad.pruning.losses import derivatives


@dataclass(frozen=True, eq=False)
class Effects:
    """Means over rows.

    Attributes:
        slope: (G, 4), of the loss by the gate's value, over the rows of each pattern.
        curve: (G, 4), likewise the second derivative.
    """

    slope: NDArray[np.float64]
    curve: NDArray[np.float64]


def effects(
    circuit: Circuit,
    readout: Readout,
    bits: NDArray[np.bool_],
    sums: NDArray[np.int32],
    targets: NDArray,
) -> Effects:
    """The effects of a circuit's gates on rows, in the native core.

    Args:
        circuit: with gates of at most two operands.
        readout: over its outputs.
        bits: (n, n_inputs), C-contiguous.
        sums: (n, C) of these rows.
        targets: (n,) or (n, C), as `losses.derivatives` takes them.
    """
    slope, curve = _core.gate_effects(
        circuit.n_inputs,
        circuit.fanin,
        circuit.table,
        readout.indptr,
        circuit.outputs[readout.index],
        readout.weight.astype(np.float32),
        bits.view(np.uint8),
        *derivatives(readout, sums.T, targets),
    )
    return Effects(slope / len(bits), curve / len(bits))
