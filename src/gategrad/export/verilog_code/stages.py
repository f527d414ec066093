"""Pipeline stages: which rank of registers each gate stands before, and who is delayed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import N_CONSTANTS, Circuit, Netlist, arity


@dataclass(frozen=True)
class Stages:
    """A schedule of gates on stages 1 to `count`, with a rank of registers behind each.

    Attributes:
        count: stages; 0 for combinational logic without a register.
        of: (signals,) int64, the stage that computes each signal; inputs and constants 1.
        last: (signals,) int64, the last stage that reads it; outputs are read behind the last
            rank. A signal is delayed once for every stage from its own to this one.
        depth: levels of gates in all.
    """

    count: int
    of: NDArray[np.int64]
    last: NDArray[np.int64]
    depth: int


def schedule(circuit: Circuit, count: int) -> Stages:
    """Share the levels of a circuit out over `count` stages as evenly as they divide.

    A stage's logic is at most `ceil(depth / count)` levels deep.
    """
    levels = Netlist(circuit).levels
    depth = int(levels.max(initial=0))
    of = np.ones(circuit.n_signals, np.int64)
    first = N_CONSTANTS + circuit.n_inputs
    if count:
        of[first:] = np.maximum(1, -(-levels * count // max(depth, 1)))
    last = of.copy()
    used = np.arange(circuit.width) < arity(circuit.fanin)[:, None]
    for j in range(circuit.width):
        np.maximum.at(last, circuit.fanin[used[:, j], j], of[first:][used[:, j]])
    last[circuit.outputs] = count + 1 if count else 1
    last[:N_CONSTANTS] = 1
    return Stages(count, of, last, depth)
