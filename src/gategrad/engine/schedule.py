"""The order in which the numpy engine evaluates gates: level by level, one arity at a time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import N_CONSTANTS, Circuit, arity


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
    level, width = levels(circuit), arity(circuit.fanin)
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


def levels(circuit: Circuit) -> NDArray[np.int64]:
    """Longest path in gates from an input or constant to each gate, (G,), from 0."""
    gate_of = circuit.fanin.astype(np.int64) - (N_CONSTANTS + circuit.n_inputs)
    readers, starts = _fan_out(gate_of)
    waiting = np.count_nonzero(gate_of >= 0, axis=1)
    level = np.zeros(circuit.n_gates, np.int64)
    front, depth = np.flatnonzero(waiting == 0), 0
    while len(front):
        level[front] = depth
        reached, times = np.unique(_concatenated(readers, starts, front), return_counts=True)
        waiting[reached] -= times
        front, depth = reached[waiting[reached] == 0], depth + 1
    return level


def _fan_out(gate_of: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Gates that read gate g, once a pin: `readers[starts[g]:starts[g + 1]]`."""
    n_gates, width = gate_of.shape
    source = gate_of.ravel()
    pins = np.flatnonzero(source >= 0)
    pins = pins[np.argsort(source[pins], kind="stable")]
    counts = np.bincount(source[pins], minlength=n_gates)
    return pins // max(1, width), np.concatenate(([0], np.cumsum(counts)))


def _concatenated(
    values: NDArray[np.int64], starts: NDArray[np.int64], rows: NDArray[np.int64]
) -> NDArray[np.int64]:
    """`values[starts[r]:starts[r + 1]]` for each r of `rows`, one after the other."""
    counts = starts[rows + 1] - starts[rows]
    skipped = np.repeat(np.cumsum(counts) - counts, counts)
    within = np.arange(len(skipped)) - skipped
    return values[np.repeat(starts[rows], counts) + within]
