"""What makes a circuit and a readout valid, and what the errors say."""

import copy
import pickle

import numpy as np
import pytest

from gategrad.circuit import Circuit, CircuitError, Readout, check_pair
from tests.random_circuits import random_circuit


def test_arrays_have_fixed_types_and_can_not_be_written() -> None:
    circuit = Circuit(2, [[2, 3], [4, 0]], [8, 1], [5])
    assert (circuit.fanin.dtype, circuit.table.dtype) == (np.uint32, np.uint64)
    assert circuit.outputs.dtype == np.uint32
    with pytest.raises(ValueError, match="read-only"):
        circuit.table[0] = 6
    with pytest.raises(AttributeError):
        circuit.n_inputs = 3


def test_the_callers_arrays_are_copied() -> None:
    table = np.array([8], np.uint64)
    circuit = Circuit(2, [[2, 3]], table, [4])
    table[0] = 6
    assert circuit.table[0] == 8


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_are_equal_and_read_only(copied) -> None:
    for original in (Circuit(2, [[2, 3]], [8], [4]), Readout.group_sum(4, 2)):
        other = copied(original)
        assert other == original
        arrays = [value for value in vars(other).values() if isinstance(value, np.ndarray)]
        assert arrays
        assert not any(array.flags.writeable for array in arrays)


def test_sizes() -> None:
    circuit = Circuit(2, [[2, 3], [4, 0]], [8, 1], [5, 5, 1])
    sizes = (circuit.n_gates, circuit.width, circuit.n_outputs, circuit.n_signals)
    assert sizes == (2, 2, 3, 6)
    assert repr(circuit) == "Circuit(n_inputs=2, n_gates=2, n_outputs=3, width=2)"


def test_columns_that_no_gate_uses_are_dropped() -> None:
    circuit = Circuit(2, [[2, 3, 0, 0], [4, 0, 0, 0]], [8, 1], [5])
    assert circuit.width == 2
    assert circuit == Circuit(2, [[2, 3], [4, 0]], [8, 1], [5])
    assert Circuit(2, np.zeros((0, 2), int), [], [2]).width == 0


def test_equality_is_by_content() -> None:
    circuit = Circuit(2, [[2, 3]], [8], [4])
    assert circuit == Circuit(2, np.array([[2, 3]]), np.array([8]), np.array([4]))
    assert circuit != Circuit(2, [[2, 3]], [6], [4])
    assert circuit != Circuit(3, [[2, 3]], [8], [4])
    assert circuit != "circuit"


@pytest.mark.parametrize("tables", [[2**64 - 1, 0], [2**63, 1], [2**63 - 1, 5]])
def test_tables_of_64_bits_are_exact(tables: list[int]) -> None:
    circuit = Circuit(6, [[2, 3, 4, 5, 6, 7]] * 2, tables, [8])
    assert circuit.table.tolist() == tables


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1, [], [], []), "n_inputs must be an integer of at least 0, got -1"),
        ((1.5, [], [], []), "n_inputs must be an integer of at least 0, got 1.5"),
        ((2, [[2, 3]], [8, 8], [4]), "fanin has 1 rows and table 2 entries"),
        ((2, [[2, 4]], [8], [4]), r"gate 0 \(signal 4\): operand 1 is signal 4, but operands must"),
        ((2, [[2, 3], [9, 2]], [8, 8], [4]), r"gate 1 \(signal 5\): operand 0 is signal 9"),
        ((2, [[2, 3]], [16], [4]), "gate 0: table 0x10 has bits beyond the 4"),
        ((2, [[2, 0]], [8], [4]), "gate 0: table 0x8 has bits beyond the 2"),
        ((2, [[2, 3]], [8], [4, 5]), r"outputs\[1\] is signal 5, but the last signal is 4"),
        ((2, [[2, -1]], [8], [4]), r"fanin\[\[0, 1\]\] is -1, outside uint32"),
        ((2, [[2, 3]], [-8], [4]), r"table\[0\] is -8, outside uint64"),
        ((2, [[2, 3]], [8.5], [4]), "table must hold integers, got 8.5"),
        ((2, [[2, 3]], np.array([8.5]), [4]), "table must hold integers, got dtype float64"),
        ((2, [2, 3], [8], [4]), r"fanin must have 2 dimension\(s\), got shape \(2,\)"),
        ((8, [[2, 3, 4, 5, 6, 7, 8]], [8], [4]), "gate 0 has 7 operands; at most 6"),
        ((2, [[2, 3]], [2**64], [4]), "table must hold integers that fit 64 bits"),
    ],
)
def test_bad_circuits_name_the_element(arguments: tuple, message: str) -> None:
    with pytest.raises(CircuitError, match=message):
        Circuit(*arguments)


def _readout(**changes: object) -> Readout:
    fields = {
        "kind": "argmax",
        "indptr": [0, 2, 3],
        "index": [0, 2, 1],
        "weight": [1, -2, 3],
        "bias": [0, 5],
        "scale": [1.0, 0.5],
        "offset": [0.0, 0.0],
    }
    return Readout(**(fields | changes))


def test_a_readout_of_lists() -> None:
    readout = _readout()
    assert readout.n_classes == 2
    assert readout.rows.tolist() == [0, 0, 1]
    assert readout == _readout()
    assert readout != _readout(bias=[0, 6])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "vote"}, "unknown readout kind 'vote'; known: argmax, binary, multilabel"),
        ({"kind": "binary"}, "a binary readout has one sum, got 2"),
        ({"bias": []}, "at least one sum"),
        ({"scale": [1.0]}, "scale has 1 elements, but a bias of 2 needs 2"),
        ({"scale": [1.0, np.inf]}, "scale must be finite"),
        ({"indptr": [0, 2, 2]}, "indptr must rise from 0 to 3"),
        ({"index": [2, 0, 1]}, "entry 1: indices must rise within a row"),
        ({"index": [0, 0, 1]}, "entry 1: indices must rise within a row"),
        ({"weight": [1, 2]}, "weight has 2 elements and index 3"),
        ({"weight": [1.0, 2.0, 3.0]}, "weight must be one-dimensional int32"),
        ({"weight": [1, 2**40, 3]}, "weight has a value outside int32"),
        ({"weight": [2**30, 2**30, 3], "bias": [2**30, 0]}, "row 0 can sum to .* 3221225472"),
    ],
)
def test_bad_readouts_say_what_is_wrong(changes: dict, message: str) -> None:
    with pytest.raises(CircuitError, match=message):
        _readout(**changes)


def test_group_sum_needs_equal_groups() -> None:
    with pytest.raises(CircuitError, match="10 outputs can't be summed in 3 equal groups"):
        Readout.group_sum(10, 3)
    with pytest.raises(CircuitError, match=r"10 outputs can't be summed in 2\.0 equal groups"):
        Readout.group_sum(10, 2.0)
    for tau in (0, -1.0, float("nan"), float("inf")):
        with pytest.raises(CircuitError, match=f"tau must be a finite number above 0, got {tau}"):
            Readout.group_sum(10, 5, tau=tau)


def test_a_readout_must_fit_its_circuit() -> None:
    with pytest.raises(CircuitError, match="entry 1 reads output 2, but the circuit has 2"):
        check_pair(Circuit(2, [], [], [2, 3]), _readout())


def test_a_million_gates_are_checked_at_once() -> None:
    circuit = random_circuit(n_inputs=100, n_gates=1_000_000, n_outputs=10)
    assert circuit.n_gates == 1_000_000
