"""The order in which the numpy engine evaluates gates: level by level, one arity at a time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import N_CONSTANTS, Circuit, Netlist


@dataclass(frozen=True, eq=False)
class Step:
    """Gates of one level and arity; none reads another of them.

    Args:
        operands: (k, m) signals that the m gates read.
        table: (m,) truth tables.
        signals: (m,) signals that the gates drive.
    """

    operands: NDArray[np.uint32]
    table: NDArray[np.uint64]
    signals: NDArray[np.int64]


def schedule(circuit: Circuit) -> list[Step]:
    """Steps that evaluate all gates of `circuit` once, each after the gates that it reads."""
    if circuit.n_gates == 0:
        return []
    netlist = Netlist(circuit)
    level, width = netlist.levels, netlist.arity
    order = np.lexsort((width, level))
    changes = np.diff(level[order]).astype(bool) | np.diff(width[order]).astype(bool)
    first = N_CONSTANTS + circuit.n_inputs
    return [
        Step(
            operands=np.ascontiguousarray(circuit.fanin[gates, : width[gates[0]]].T),
            table=circuit.table[gates],
            signals=gates + first,
        )
        for gates in np.split(order, np.flatnonzero(changes) + 1)
    ]
