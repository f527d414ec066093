"""Levels of gates."""

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import N_CONSTANTS, Circuit


def gates_by_level(circuit: Circuit) -> NDArray[np.int64]:
    """Level (G,) of each gate: one above its highest operand's; inputs have level 0."""
    first = N_CONSTANTS + circuit.n_inputs
    levels = [0] * circuit.n_signals
    for gate, operands in enumerate(circuit.fanin.tolist()):
        levels[first + gate] = 1 + max((levels[s] for s in operands), default=0)
    return np.array(levels[first:], np.int64)
