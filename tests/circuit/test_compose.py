"""A circuit behind another one: the composition of their functions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gategrad.circuit import Circuit, CircuitError, all_patterns, behind, evaluate
from tests.strategies import circuits


@given(st.data())
def test_composition_is_one_function_after_the_other(data) -> None:
    circuit = data.draw(circuits(max_inputs=4, max_width=3))
    front = data.draw(circuits(max_inputs=4, max_width=4, max_outputs=8))
    signals = np.resize(front.outputs, circuit.n_inputs) if front.n_outputs else np.zeros(
        circuit.n_inputs, int
    )  # fmt: skip
    front = Circuit(front.n_inputs, front.fanin, front.table, signals)
    bits = all_patterns(front.n_inputs)
    both = behind(front, circuit)
    np.testing.assert_array_equal(evaluate(both, bits), evaluate(circuit, evaluate(front, bits)))


def test_an_operand_that_becomes_false_leaves_the_table() -> None:
    both = behind(Circuit(1, [], [], [2, 0]), Circuit(2, [[2, 3]], [0b1101], [4]))
    assert both.fanin.tolist() == [[2]]
    assert both.table.tolist() == [0b01]


def test_fronts_must_fit() -> None:
    with pytest.raises(CircuitError, match="the front has 1 outputs, but the circuit behind it"):
        behind(Circuit(1, [], [], [2]), Circuit(2, [], [], [2]))
