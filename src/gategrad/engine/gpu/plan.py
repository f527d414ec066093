"""A circuit laid out for the GPU: gates by level, signals in slots that are used again."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import N_CONSTANTS, Circuit, Netlist, Readout, decompose

# A byte counts the outputs of a group in each of the kernel's lanes.
LANES = 64
MOST_OUTPUTS = 255 * LANES

Ints = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Plan:
    """What the kernels run; all arrays are int32.

    Slots 0 and 1 are false and true, then the inputs.

    Attributes:
        inputs: (I,) inputs of the circuit that something depends on; input i is in slot 2 + i.
        gates: (4, G) rows first operand, second operand, target (slots) and table, by level.
        level_starts: (L + 1,) where each level begins in `gates`.
        n_slots: signals that are held at a time.
        outputs: (N,) slots, group by group.
        groups: (3, M) rows first output, class and factor of each group: a class's sum is its bias
            plus for each of its groups the factor times the number of outputs that are true.
        group_ends: (M,) one past the last output of each group.
    """

    inputs: Ints
    gates: Ints
    level_starts: Ints
    n_slots: int
    outputs: Ints
    groups: Ints
    group_ends: Ints


def make_plan(circuit: Circuit, readout: Readout) -> Plan:
    """The plan of a circuit and its readout; gates that no sum depends on are left out."""
    circuit = decompose(circuit)
    netlist = Netlist(circuit)
    fanin = np.zeros((circuit.n_gates, 2), np.int64)
    fanin[:, : circuit.width] = circuit.fanin
    read = circuit.outputs[readout.index[readout.weight != 0]].astype(np.int64)
    first_gate = netlist.first_gate
    alive = np.flatnonzero(netlist.live(read))
    order = alive[np.argsort(netlist.levels[alive], kind="stable")]
    kept_levels, starts = np.unique(netlist.levels[order], return_index=True)
    starts = np.append(starts, len(order)).astype(np.int32)
    inputs = netlist.live_inputs(read)
    rank = np.repeat(np.arange(len(kept_levels)), np.diff(starts))
    slots, n_slots = _slots(circuit, fanin, order, rank, inputs, read)
    gates = np.stack([*slots[fanin[order]].T, slots[order + first_gate], circuit.table[order]])
    outputs, groups, ends = _groups(readout, slots[circuit.outputs.astype(np.int64)])
    return Plan(inputs.astype(np.int32), _ints(gates), starts, n_slots, outputs, groups, ends)


def _slots(
    circuit: Circuit,
    fanin: NDArray,
    order: NDArray,
    rank: NDArray,
    inputs: NDArray,
    read: NDArray,
) -> tuple[NDArray[np.int64], int]:
    """The slot of each signal, and how many there are.

    A slot is free again after the level that reads it last: within a level gates run in any order.
    """
    n_levels = int(rank[-1]) + 1 if len(rank) else 0
    last = np.full(circuit.n_signals, -1)
    np.maximum.at(last, fanin[order].ravel(), np.repeat(rank, 2))
    last[read] = n_levels
    last[:N_CONSTANTS] = n_levels
    slots = np.zeros(circuit.n_signals, np.int64)
    slots[1] = 1
    slots[N_CONSTANTS + inputs] = N_CONSTANTS + np.arange(len(inputs))
    n_slots = N_CONSTANTS + len(inputs)
    held = [(N_CONSTANTS + inputs)]
    free = np.zeros(0, np.int64)
    for step in range(n_levels):
        signals = order[rank == step] + N_CONSTANTS + circuit.n_inputs
        alive = np.concatenate(held)
        done = alive[last[alive] < step]
        free = np.concatenate([free, slots[done]])
        fresh = np.arange(n_slots, n_slots + max(0, len(signals) - len(free)))
        slots[signals] = np.concatenate([free, fresh])[: len(signals)]
        free = free[len(signals) :]
        n_slots += len(fresh)
        held = [alive[last[alive] >= step], signals]
    return slots, n_slots


def _groups(readout: Readout, slots: NDArray) -> tuple[Ints, Ints, Ints]:
    """Outputs of one class and one power of two in the weight, so that only numbers are counted."""
    outputs, groups, ends, total = [], [], [], 0
    magnitude, negative = np.abs(readout.weight.astype(np.int64)), readout.weight < 0
    for c in range(readout.n_classes):
        entries = np.arange(readout.indptr[c], readout.indptr[c + 1])
        for sign in (1, -1):
            signed = entries[negative[entries] == (sign < 0)]
            for shift in range(int(magnitude[signed].max(initial=0)).bit_length()):
                chosen = signed[magnitude[signed] >> shift & 1 == 1]
                for first in range(0, len(chosen), MOST_OUTPUTS):
                    part = chosen[first : first + MOST_OUTPUTS]
                    groups.append((total, c, _wrapped(sign << shift)))
                    total += len(part)
                    ends.append(total)
                    outputs.append(slots[readout.index[part]])
    joined = np.concatenate(outputs) if outputs else np.zeros(0)
    table = np.array(groups, np.int64).reshape(-1, 3).T
    return _ints(joined), _ints(table), _ints(np.array(ends, np.int64))


def _wrapped(factor: int) -> int:
    """`factor` modulo 2**32 as int32 holds it; sums wrap around and end within int32."""
    return (factor + 2**31) % 2**32 - 2**31


def _ints(values: NDArray) -> Ints:
    return np.ascontiguousarray(values.astype(np.int64).astype(np.int32))
