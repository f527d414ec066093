"""The netlist view against what its words say, computed the slow way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gategrad.circuit import (
    Circuit,
    CircuitError,
    Netlist,
    arity,
    decompose,
    difference,
    exhaustive_difference,
    gate_levels,
)
from tests.random_circuits import random_circuit
from tests.strategies import circuits


def slow_levels(circuit: Circuit) -> list[int]:
    """Level of each signal, by its definition."""
    levels = [0] * (2 + circuit.n_inputs)
    for operands in circuit.fanin.tolist():
        levels.append(1 + max((levels[s] for s in operands), default=0))
    return levels


def slow_cone(circuit: Circuit, roots: list[int]) -> set[int]:
    """All signals that the roots depend on, themselves included."""
    seen, waiting = set(), list(roots)
    while waiting:
        signal = waiting.pop()
        gate = signal - 2 - circuit.n_inputs
        if signal not in seen and gate >= 0:
            n_operands = int(arity(circuit.fanin)[gate])
            waiting.extend(circuit.fanin[gate, :n_operands].tolist())
        seen.add(signal)
    return seen


@given(circuits(max_width=4))
def test_levels_depth_and_their_gates(circuit: Circuit) -> None:
    netlist, expected = Netlist(circuit), slow_levels(circuit)
    assert netlist.levels.tolist() == expected[netlist.first_gate :]
    assert netlist.depth == max((expected[s] for s in circuit.outputs.tolist()), default=0)
    assert sorted(g for gates in netlist.by_level for g in gates.tolist()) == list(
        range(circuit.n_gates)
    )
    for level, gates in enumerate(netlist.by_level, 1):
        assert set(netlist.levels[gates].tolist()) == {level}
        assert (np.diff(gates) > 0).all()


@given(circuits(max_width=4))
def test_fan_out_and_readers(circuit: Circuit) -> None:
    netlist = Netlist(circuit)
    read: list[list[int]] = [[] for _ in range(circuit.n_signals)]
    for gate in range(circuit.n_gates):
        for signal in netlist.operands(gate).tolist():
            read[signal].append(gate)
    assert netlist.fan_out.tolist() == [len(gates) for gates in read]
    assert [netlist.readers(s).tolist() for s in range(circuit.n_signals)] == read


@given(circuits(max_width=4), st.data())
def test_the_live_cone_of_outputs_and_of_explicit_roots(circuit: Circuit, data) -> None:
    netlist = Netlist(circuit)
    chosen = data.draw(st.lists(st.integers(0, circuit.n_signals - 1), max_size=4))
    for roots, given_roots in ((circuit.outputs.tolist(), None), (chosen, chosen)):
        cone = slow_cone(circuit, roots)
        live = np.flatnonzero(netlist.live(given_roots)) + netlist.first_gate
        inputs = netlist.live_inputs(given_roots) + 2
        assert set(live.tolist()) == {s for s in cone if s >= netlist.first_gate}
        assert inputs.tolist() == sorted(s for s in cone if 2 <= s < netlist.first_gate)


def test_roots_that_are_no_signals_are_refused() -> None:
    netlist = Netlist(Circuit(2, [[2, 3]], [8], [4]))
    with pytest.raises(CircuitError, match="roots are signals -1 to -1, but the last signal is 4"):
        netlist.live([-1])
    with pytest.raises(CircuitError, match="roots are signals 2 to 5, but the last signal is 4"):
        netlist.live_inputs([5, 2])
    with pytest.raises(CircuitError, match="roots must be a list of signals, got float64"):
        netlist.live([0.5])
    assert not netlist.live([]).any()


def test_levels_with_a_cost_a_gate() -> None:
    chain = Circuit(1, [[2], [3], [4]], [1, 1, 1], [5])
    assert gate_levels(chain).tolist() == [1, 2, 3]
    assert gate_levels(chain, [1, 0, 5]).tolist() == [1, 1, 6]
    with pytest.raises(ValueError, match="a cost for each gate"):
        gate_levels(chain, [1, 2])


def test_a_deep_circuit_takes_time_for_its_operands_alone() -> None:
    n = 200_000
    fanin = np.arange(n)[:, None] + [2, 1]
    netlist = Netlist(Circuit(1, fanin, np.full(n, 6), [n + 2]))
    assert netlist.depth == n
    assert netlist.live().all()


@pytest.mark.parametrize("width", range(2, 7))
@given(circuit=circuits(max_width=6))
def test_decomposition_to_any_width_keeps_the_function(width: int, circuit: Circuit) -> None:
    narrow = decompose(circuit, width)
    assert narrow.width <= width
    assert exhaustive_difference(circuit, narrow) is None


def test_wider_gates_need_fewer_of_them() -> None:
    circuit = random_circuit(n_inputs=12, n_gates=300, n_outputs=40, width=6)
    sizes = [decompose(circuit, width).n_gates for width in range(2, 7)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > 2 * sizes[1]
    assert sizes[-1] == circuit.n_gates
    assert difference(circuit, decompose(circuit, 3)) is None


def test_a_multiplexer_is_one_gate_of_three_inputs() -> None:
    # f = c ? (a ^ b) : (a & d), of four inputs a, b, c, d
    table = sum(
        ((a ^ b) if c else (a & d)) << (a + 2 * b + 4 * c + 8 * d)
        for a in (0, 1) for b in (0, 1) for c in (0, 1) for d in (0, 1)
    )  # fmt: skip
    narrow = decompose(Circuit(4, [[2, 3, 4, 5]], [table], [6]), 3)
    assert narrow.n_gates == 3
    assert narrow.table[-1] == 0xCA
    with pytest.raises(CircuitError, match="width is 7; expected 2 to 6 operands a gate"):
        decompose(narrow, 7)
    with pytest.raises(CircuitError, match="width is 1"):
        decompose(narrow, 1)


def test_too_many_signals_are_an_error_of_the_circuit() -> None:
    many = Circuit(2**32 - 4, [[2, 3, 4]], [0xE8], [0])
    with pytest.raises(CircuitError, match="more than 2\\*\\*32 signals after decomposition"):
        decompose(many)
