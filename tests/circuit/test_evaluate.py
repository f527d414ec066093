"""The definition of what a circuit computes, against truth tables written out by hand."""

import numpy as np
import pytest

from gategrad.circuit import (
    Circuit,
    CircuitError,
    Readout,
    all_patterns,
    decide,
    evaluate,
    evaluate_sums,
    scores,
)

AND_XOR_NOT = Circuit(2, [[2, 3], [2, 3], [2, 0]], [8, 6, 1], [4, 5, 6])


def test_gates_on_all_patterns() -> None:
    patterns = [[0, 0], [1, 0], [0, 1], [1, 1]]
    np.testing.assert_array_equal(all_patterns(2), np.array(patterns, bool))
    expected = [[0, 0, 1], [0, 1, 0], [0, 1, 1], [1, 0, 0]]
    np.testing.assert_array_equal(evaluate(AND_XOR_NOT, all_patterns(2)), np.array(expected, bool))


def test_the_first_operand_is_the_least_significant_bit() -> None:
    for k in range(1, 7):
        circuit = Circuit(k, [range(2, 2 + k)], [1 << 1], [2 + k])
        on = np.flatnonzero(evaluate(circuit, all_patterns(k))[:, 0])
        assert on.tolist() == [1]  # only the first input is true


def test_outputs_may_be_constants_inputs_and_repeat() -> None:
    out = evaluate(Circuit(1, [], [], [0, 1, 2, 2]), np.array([[False], [True]]))
    np.testing.assert_array_equal(out, np.array([[0, 1, 0, 0], [0, 1, 1, 1]], bool))


def test_no_rows_no_outputs_no_inputs() -> None:
    assert evaluate(AND_XOR_NOT, np.zeros((0, 2), bool)).shape == (0, 3)
    assert evaluate(Circuit(2, [], [], []), np.zeros((5, 2), bool)).shape == (5, 0)
    assert evaluate(Circuit(0, [[0]], [1], [2]), np.zeros((3, 0), bool)).all()


def test_sums_decisions_and_scores() -> None:
    readout = Readout(
        kind="argmax",
        indptr=[0, 2, 3],
        index=[0, 2, 1],
        weight=[1, -2, 1],
        bias=[2, 0],
        scale=[0.5, 2.0],
        offset=[0.0, 1.0],
    )
    sums = evaluate_sums(AND_XOR_NOT, readout, all_patterns(2))
    np.testing.assert_array_equal(sums, [[0, 0], [2, 1], [0, 1], [3, 0]])
    assert sums.dtype == np.int32
    assert decide(readout, sums).tolist() == [0, 0, 1, 0]  # a tie goes to the lowest class
    np.testing.assert_array_equal(
        scores(readout, sums), np.array([[0, 1], [1, 3], [0, 3], [1.5, 1]], np.float32)
    )


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("binary", [0, 0, 1]), ("multilabel", [[0], [0], [1]]), ("regression", [[-1], [0], [1]])],
)
def test_decisions_of_other_kinds(kind: str, expected: list) -> None:
    readout = Readout.identity(1, kind=kind)
    assert decide(readout, np.array([[-1], [0], [1]], np.int32)).tolist() == expected


@pytest.mark.parametrize("bits", [np.zeros((1, 3), bool), np.zeros(2, bool), np.zeros((1, 2))])
def test_other_than_bits_of_the_right_width_is_refused(bits: np.ndarray) -> None:
    with pytest.raises(CircuitError, match=r"expected bool bits of shape \(n, 2\), got"):
        evaluate(AND_XOR_NOT, bits)
