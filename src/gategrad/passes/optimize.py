"""All passes in a fixed order, until nothing changes."""

from collections.abc import Callable

from gategrad.circuit import Circuit, Readout
from gategrad.passes.dead import remove_dead
from gategrad.passes.strash import strash

Pass = Callable[[Circuit, Readout], tuple[Circuit, Readout]]
"""From a circuit and its readout to both, of the same function and never larger."""

# `strash` folds and absorbs outputs as it goes; dead gates go first, so that it has less to do.
ORDER: tuple[Pass, ...] = (remove_dead, strash, remove_dead)
"""The passes of a round of `optimize`."""
MOST_ROUNDS = 32


def optimize(circuit: Circuit, readout: Readout) -> tuple[Circuit, Readout]:
    """A circuit and readout with the same sums, never larger; deterministic and idempotent.

    Idempotent but for circuits made to need more than `MOST_ROUNDS` rounds: time stays linear in
    the size of any circuit, and trained ones need two or three.

    No constant, wire or inverter is left, no gate twice, no gate or output without use; outputs
    are in rising order. Inputs stay, also those that nothing reads.

    Raises:
        CircuitError: the readout reads an output that the circuit lacks.
    """
    for _ in range(MOST_ROUNDS):
        before = circuit, readout
        for apply in ORDER:
            circuit, readout = apply(circuit, readout)
        if (circuit, readout) == before:
            break
    return circuit, readout
