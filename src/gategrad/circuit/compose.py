"""A circuit behind another one, and circuits beside one another."""

from collections.abc import Sequence

import numpy as np

from gategrad.circuit.errors import CircuitError
from gategrad.circuit.ir import N_CONSTANTS, Circuit, reachable_entries


def behind(front: Circuit, circuit: Circuit) -> Circuit:
    """The circuit whose inputs go through `front`: input j of `circuit` is output j of `front`.

    Its gates are those of `front`, then those of `circuit`, and its outputs those of `circuit`.

    Raises:
        CircuitError: `front` has another number of outputs than `circuit` has inputs.

    Examples:
        >>> both = behind(Circuit(1, [[2]], [1], [3]), Circuit(1, [[2]], [1], [3, 2]))
        >>> both.fanin.tolist(), both.outputs.tolist()
        ([[2], [3]], [4, 3])
    """
    if front.n_outputs != circuit.n_inputs:
        raise CircuitError(
            f"the front has {front.n_outputs} outputs, but the circuit behind it takes "
            f"{circuit.n_inputs} inputs"
        )
    own = front.n_signals + np.arange(circuit.n_gates, dtype=np.int64)
    moved = np.concatenate([np.arange(N_CONSTANTS), front.outputs.astype(np.int64), own])
    fanin = np.zeros((front.n_gates + circuit.n_gates, max(front.width, circuit.width)), np.int64)
    fanin[: front.n_gates, : front.width] = front.fanin
    fanin[front.n_gates :, : circuit.width] = moved[circuit.fanin]
    table = np.concatenate([front.table, circuit.table])
    # A last operand that is false now is none, and what it can't select leaves the table.
    return Circuit(front.n_inputs, fanin, reachable_entries(fanin, table), moved[circuit.outputs])


def beside(circuits: Sequence[Circuit]) -> Circuit:
    """Circuits over the same inputs as one: their gates and outputs, one circuit after another.

    Raises:
        CircuitError: there are none, or they take different numbers of inputs.

    Examples:
        >>> both = beside([Circuit(1, [[2]], [1], [3]), Circuit(1, [[2]], [1], [3, 2])])
        >>> both.fanin.tolist(), both.outputs.tolist()
        ([[2], [2]], [3, 4, 2])
    """
    widths = {circuit.n_inputs for circuit in circuits}
    if len(widths) != 1:
        raise CircuitError(
            f"circuits beside one another take the same inputs; got {len(circuits)}, with "
            f"{', '.join(map(str, sorted(widths))) or 'no'} inputs"
        )
    n_inputs, width = widths.pop(), max(circuit.width for circuit in circuits)
    below = N_CONSTANTS + n_inputs
    fanin, outputs, first = [], [], below
    for circuit in circuits:
        own = first + np.arange(circuit.n_gates, dtype=np.int64)
        moved = np.concatenate([np.arange(below), own])
        wires = np.zeros((circuit.n_gates, width), np.int64)
        wires[:, : circuit.width] = moved[circuit.fanin]
        fanin.append(wires)
        outputs.append(moved[circuit.outputs])
        first += circuit.n_gates
    table = np.concatenate([circuit.table for circuit in circuits])
    return Circuit(n_inputs, np.concatenate(fanin), table, np.concatenate(outputs))
