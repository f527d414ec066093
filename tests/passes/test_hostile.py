"""Circuits that are made to be slow: work and memory grow with their gates alone.

Work is counted, not timed: in steps of the sweep, and in bytes.
"""

import tracemalloc
from importlib import import_module

import numpy as np
import pytest

from gategrad import _core
from gategrad.circuit import Circuit, Readout, decompose, live_gates
from gategrad.passes import absorb_outputs, fold, optimize, remove_dead, strash
from gategrad.passes.optimize import MOST_ROUNDS

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def steps(circuit: Circuit) -> int:
    return _core.strash_steps(circuit.n_inputs, circuit.fanin, circuit.table, circuit.outputs)


def unkeyed_hash(table: int, a: np.uint64, b: np.ndarray) -> np.ndarray:
    """A good hash that everybody can compute, and so choose what collides in it."""
    h = np.uint64(table)
    for operand in (a, b):
        h = (h ^ operand) * GOLDEN
        h = h ^ (h >> np.uint64(32))
    return h


def flooding(n_gates: int) -> Circuit:
    """Gates `a & b` of inputs, chosen such that an unkeyed hash has them all in one place."""
    low = np.uint64(2 * (1 << n_gates.bit_length()) - 1)
    found, a = [], 2
    with np.errstate(over="ignore"):
        while len(found) < n_gates:
            b = np.arange(a + 1, 1 << 22, dtype=np.uint64)
            hit = b[unkeyed_hash(8, np.uint64(a), b) & low == 0]
            found += [(a, int(other)) for other in hit]
            a += 1
    fanin = found[:n_gates]
    return Circuit(1 << 22, fanin, np.full(n_gates, 8), [(1 << 22) + 2])


def ladder(n_rungs: int, n_tops: int) -> Circuit:
    """Gates that look through as many rungs as there are: `(u ^ m) ^ (v ^ m) = u ^ v`."""
    n_inputs = n_rungs + 2
    u, v, fanin = 2, 3, []
    first = n_inputs + 2
    for rung in range(n_rungs):
        fanin += [(u, 4 + rung), (v, 4 + rung)]
        u, v = first + 2 * rung, first + 2 * rung + 1
    fanin += [(u, v)] * n_tops
    outputs = first + len(fanin) - 1 - np.arange(n_tops)
    return Circuit(n_inputs, fanin, np.full(len(fanin), 6), outputs)


def test_colliding_gates_take_no_more_steps_than_others() -> None:
    circuit = flooding(2_000)
    assert steps(circuit) < 2 * circuit.n_gates


def test_gates_that_lead_far_down_have_a_budget() -> None:
    circuit = ladder(3_000, 3_000)
    assert steps(circuit) < 20 * circuit.n_gates
    swept, _ = optimize(circuit, Readout.identity(circuit.n_outputs))
    assert live_gates(swept) <= circuit.n_gates
    short = ladder(40, 1)
    assert optimize(short, Readout.identity(1))[0] == Circuit(42, [[2, 3]], [6], [44])


def test_the_result_does_not_depend_on_the_key_of_the_process() -> None:
    # Positions in the table of gates are drawn anew by each process; tests in other processes and
    # the reproducible files of tests/model hold the rest.
    circuit = flooding(500)
    swept, _ = strash(circuit, Readout.identity(1))
    assert swept.fanin.tolist() == circuit.fanin.tolist()


def test_rounds_are_limited(monkeypatch) -> None:
    calls = []

    def never_done(circuit: Circuit, readout: Readout) -> tuple[Circuit, Readout]:
        calls.append(1)
        return Circuit(1, [], [], [1 + len(calls) % 2]), readout

    monkeypatch.setattr(import_module("gategrad.passes.optimize"), "ORDER", (never_done,))
    optimize(Circuit(1, [], [], [1]), Readout.identity(1))
    assert len(calls) == MOST_ROUNDS


@pytest.mark.parametrize("apply", [fold, strash, remove_dead, absorb_outputs, optimize, decompose])
def test_inputs_that_nothing_reads_cost_nothing(apply) -> None:
    # As a circuit of three gates the file has a kilobyte, whatever number of inputs it says.
    n_inputs = 2**32 - 40
    first = n_inputs + 2
    circuit = Circuit(
        n_inputs, [[2, first - 1, 3], [first, 4, 0], [first, 4, 0]], [0x96, 8, 8], [first + 2]
    )
    optimize(Circuit(1, [], [], [2]), Readout.identity(1))  # imports what numpy has left
    tracemalloc.start()
    try:
        apply(circuit, Readout.identity(1)) if apply is not decompose else apply(circuit)
        live_gates(circuit)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_arrays_changed_behind_the_circuits_back_are_refused() -> None:
    circuit = Circuit(2, [[2, 3], [4, 2]], [8, 6], [5])
    for name in ("fanin", "table", "outputs"):
        with pytest.raises(ValueError, match="cannot set WRITEABLE flag to True"):
            getattr(circuit, name).setflags(write=True)
    object.__setattr__(circuit, "fanin", np.array([[2, 99], [4, 2]], np.uint32))
    readout = Readout.identity(1)
    for apply in (fold, strash, remove_dead, absorb_outputs):
        with pytest.raises(ValueError, match="were changed after its checks"):
            apply(circuit, readout)
    object.__setattr__(circuit, "fanin", np.zeros((1, 2), np.uint32))
    with pytest.raises(ValueError, match="a row of operands and a table for each gate"):
        strash(circuit, readout)


def test_distinct_wide_tables_keep_few_plans() -> None:
    # Tables that collide where a hash is the number itself, as in the standard library.
    prime = 1_056_323
    tables = (np.arange(20_000, dtype=np.uint64) + np.uint64(1)) * np.uint64(prime * 2**20)
    circuit = Circuit(6, np.tile([2, 3, 4, 5, 6, 7], (20_000, 1)), tables, [8])
    assert decompose(circuit).width == 2
