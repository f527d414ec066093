"""Places for signals in a small memory: those that are no longer read are used again."""

from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import N_CONSTANTS, Circuit, arity


@dataclass(frozen=True)
class Slots:
    """Where signals live.

    Attributes:
        of: (signals,) int64, the slot of each; -1 where nothing reads it.
        count: slots in all. Input j is in slot j.
    """

    of: NDArray[np.int64]
    count: int


def allocate(circuit: Circuit, order: NDArray[np.int64]) -> Slots:
    """Give slots to the signals of a circuit whose gates are computed in `order`.

    A gate may be written over an operand that it is the last to read. Outputs are never written
    over. Constants get slots behind those of the inputs where anything reads them.

    Args:
        circuit: the gates.
        order: (G,) permutation of the gates in which operands come before their readers.
    """
    n, gates = circuit.n_inputs, circuit.n_gates
    first = N_CONSTANTS + n
    last = np.full(circuit.n_signals, -1)
    for place, gate in enumerate(order):
        last[circuit.fanin[gate]] = place
    # Unused operands are signal 0, which is read where a table can tell.
    constants = _constants_read(circuit)
    last[:N_CONSTANTS] = np.where(constants, gates, -1)
    last[circuit.outputs] = gates
    of = np.full(circuit.n_signals, -1)
    of[N_CONSTANTS:first] = range(n)
    count = n
    for signal in range(N_CONSTANTS):
        if last[signal] >= 0:
            of[signal], count = count, count + 1
    free = [int(of[s]) for s in range(N_CONSTANTS, first) if last[s] < 0]
    fanin, of_list, last_list = circuit.fanin.tolist(), of.tolist(), last.tolist()
    for place, gate in enumerate(order.tolist()):
        for operand in set(fanin[gate]):
            if last_list[operand] == place and operand >= N_CONSTANTS:
                heappush(free, of_list[operand])
        if free:
            slot = heappop(free)
        else:
            slot, count = count, count + 1
        of_list[first + gate] = slot
        if last_list[first + gate] < 0:
            heappush(free, slot)
    return Slots(np.array(of_list, np.int64), count)


def _constants_read(circuit: Circuit) -> NDArray[np.bool_]:
    used = np.arange(circuit.width) < arity(circuit.fanin)[:, None]
    operands = circuit.fanin[used]
    return np.array([(operands == s).any() or (circuit.outputs == s).any() for s in (0, 1)])
