"""Places for signals in a small memory: those that are no longer read are used again."""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import N_CONSTANTS, Circuit, arity

# A signal that is computed, None where no slot takes what is, and the signals that this reads.
Step = tuple[int | None, Sequence[int]]


@dataclass(frozen=True)
class Slots:
    """Where signals live.

    Attributes:
        of: (signals,) int64, the slot of each; -1 where nothing reads it.
        count: slots in all. Input j is in slot j.
    """

    of: NDArray[np.int64]
    count: int


def gate_steps(circuit: Circuit, order: NDArray[np.int64]) -> list[Step]:
    """A step a gate, in `order`, a permutation in which operands come before their readers."""
    first = N_CONSTANTS + circuit.n_inputs
    fanin, counts = circuit.fanin.tolist(), arity(circuit.fanin).tolist()
    return [(first + g, fanin[g][: counts[g]]) for g in order.tolist()]


def allocate(
    circuit: Circuit, steps: Sequence[Step], outputs: Sequence[int] | None = None
) -> Slots:
    """Give slots to the signals that `steps` compute, one after the other, and to all inputs.

    A step may write over an operand that it is the last to read. Outputs, those of the circuit
    where None, are never written over. Constants get slots behind those of the inputs where a step
    or an output reads them.
    """
    first, end = N_CONSTANTS + circuit.n_inputs, len(steps)
    last = [-1] * circuit.n_signals
    for place, (_, operands) in enumerate(steps):
        for operand in operands:
            last[operand] = place
    outputs = circuit.outputs.tolist() if outputs is None else outputs
    for signal in chain(outputs, (s for s in (0, 1) if last[s] >= 0)):
        last[signal] = end
    of = [-1] * N_CONSTANTS + list(range(circuit.n_inputs)) + [-1] * circuit.n_gates
    count = circuit.n_inputs
    for signal in range(N_CONSTANTS):
        if last[signal] >= 0:
            of[signal], count = count, count + 1
    free = [of[s] for s in range(N_CONSTANTS, first) if last[s] < 0]
    for place, (signal, operands) in enumerate(steps):
        for operand in set(operands):
            if last[operand] == place:
                heappush(free, of[operand])
        if signal is None:
            continue
        if free:
            of[signal] = heappop(free)
        else:
            of[signal], count = count, count + 1
        if last[signal] < 0:
            heappush(free, of[signal])
    return Slots(np.array(of, np.int64), count)
