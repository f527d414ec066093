"""Live gates, depth, histogram and decomposition."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gategrad.circuit import (
    FUNCTIONS,
    Circuit,
    Readout,
    adders,
    decompose,
    depth,
    difference,
    exhaustive_difference,
    function_histogram,
    live_gates,
    support_size,
    to_text,
)
from tests.random_circuits import random_circuit
from tests.strategies import circuits, readouts

FULL_ADDER = Circuit(3, [[2, 3, 4], [2, 3, 4]], [0x96, 0xE8], [5, 6])


@pytest.mark.parametrize("table", range(16))
def test_support_of_every_function(table: int) -> None:
    values = np.array([table >> i & 1 for i in range(4)]).reshape(2, 2)  # [b][a]
    expected = int((values[:, 0] != values[:, 1]).any()) + int((values[0] != values[1]).any())
    circuit = Circuit(2, [[2, 3]], [table], [4])
    assert support_size(circuit).tolist() == [expected]
    assert live_gates(circuit) == (expected == 2)
    assert depth(circuit) == (expected == 2)


def test_every_function_has_its_name_formula_and_id() -> None:
    a, b = np.array([0, 1, 0, 1], bool), np.array([0, 0, 1, 1], bool)
    for table, function in enumerate(FUNCTIONS):
        values = np.broadcast_to(eval(function.formula, {"a": a, "b": b}), 4).astype(bool)
        assert function.table == table == sum(int(v) << i for i, v in enumerate(values))
        f = values.reshape(2, 2).astype(int)  # [b][a]
        assert function.gate_id == 8 * f[0, 0] + 4 * f[1, 0] + 2 * f[0, 1] + f[1, 1]
        said = function.name.replace("-and-", " & ").replace("-or-", " | ").replace("not-", "~")
        known = {"and": a & b, "or": a | b, "nor": ~(a | b), "nand": ~(a & b), "xor": a ^ b,
                 "xnor": ~(a ^ b), "true": a | ~a, "false": a & ~a}  # fmt: skip
        named = known[function.name] if function.name in known else eval(said, {"a": a, "b": b})
        assert named.tolist() == values.tolist()


def test_histogram_counts_narrow_gates_by_function() -> None:
    circuit = Circuit(3, [[2, 3, 4], [2, 3, 0], [3, 4, 0], [2, 0, 0], [0, 0, 0]],
                      [0x96, 8, 8, 1, 1], [5])  # fmt: skip
    assert function_histogram(circuit) == {"and": 2, "lut3": 1, "true": 1, "not-a": 1}
    assert function_histogram(Circuit(1, [], [], [2])) == {}


def test_decomposition_of_a_full_adder() -> None:
    narrow = decompose(FULL_ADDER)
    assert live_gates(FULL_ADDER) == live_gates(narrow) == narrow.n_gates == 7
    assert to_text(narrow).splitlines()[2:4] == ["5 = 0x6 2 3", "6 = 0x6 5 4"]
    assert depth(FULL_ADDER) == 1


@given(circuits(max_width=6))
def test_decomposition_keeps_the_function(circuit: Circuit) -> None:
    narrow = decompose(circuit)
    assert narrow.width <= 2
    assert exhaustive_difference(circuit, narrow) is None


def test_narrow_gates_are_decomposed_to_themselves() -> None:
    circuit = random_circuit(n_inputs=5, n_gates=50, n_outputs=5)
    assert decompose(circuit) == circuit


def test_depth_counts_the_longest_path_to_an_output() -> None:
    fanin = [[2, 3], [4, 2], [5, 0], [6, 3]]
    circuit = Circuit(2, fanin, [8, 8, 1, 8], [7, 5])
    assert depth(circuit) == 3
    assert depth(Circuit(2, fanin, [8, 8, 1, 8], [5])) == 2
    assert depth(Circuit(2, fanin, [8, 8, 1, 8], [])) == 0


def test_comparison_finds_the_one_row_that_differs() -> None:
    wide = Circuit(14, [[2, 3], [16, 4]], [8, 8], [17])
    same = Circuit(14, [[3, 4], [16, 2]], [8, 8], [17])
    other = Circuit(14, [[2, 3], [16, 4]], [8, 0], [17])
    assert difference(wide, same) is None
    assert exhaustive_difference(wide, same) is None
    row = difference(wide, other)
    assert row is not None
    assert row[:3].all()


@given(st.data())
def test_adders_are_those_of_a_sum_bit_by_bit(data) -> None:
    circuit = data.draw(circuits(max_width=2))
    readout = data.draw(readouts(circuit))
    expected = 0
    for c in range(readout.n_classes):
        bits: Counter[int] = Counter()
        for weight in readout.weight[readout.indptr[c] : readout.indptr[c + 1]].tolist():
            bits.update(k for k in range(32) if abs(weight) >> k & 1)
        for k in range(70):
            while bits[k] > 1:
                bits[k] -= 2 if bits[k] > 2 else 1  # a full adder leaves its sum, or a half adder
                bits[k + 1] += 1
                expected += 1
    assert adders(readout) == expected


def test_nothing_to_add_takes_no_adders() -> None:
    assert adders(Readout.identity(5)) == 0
    assert adders(Readout.group_sum(8, 1)) == 7
    assert adders(Readout.group_sum(7, 1)) == 4
