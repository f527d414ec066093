"""Absorption of outputs into weights and bias."""

import numpy as np
import pytest

from gategrad.circuit import (
    KINDS,
    Circuit,
    Readout,
    evaluate_sums,
    from_text,
    readout_from_text,
    readout_to_text,
)
from gategrad.passes import absorb_outputs, optimize

LOWEST, HIGHEST = -(2**31), 2**31 - 1

TEN_GATES = """\
gategrad-circuit 1
inputs 2
4 = 0x8 2 3
5 = 0x1 4       # ~(a & b)
6 = 0x1 5       # a & b
7 = 0x2 2       # a
8 = 0x1 7       # ~a
9 = 0x1         # true
10 = 0x1 9      # false
11 = 0x6 4 9    # ~(a & b)
12 = 0x6 2 2    # false
13 = 0x6 2 3
outputs 13 5 6 8 9 10 11 12 4 1 0
"""

READOUT = """\
gategrad-readout 1
kind argmax
sum 0 1.0 0.0 : 0*1 1*1 2*1 3*2 4*4 5*8 6*1 7*8 8*1 9*1 10*1
sum 5 1.0 0.0 : 1*3 2*3 3*-1
sum 0 1.0 0.0 : 0*0 8*2
"""


def pair_of(text: str, weights: list[int], bias: int) -> tuple[Circuit, Readout]:
    """A circuit and one sum over all its outputs."""
    index = np.arange(len(weights))
    return from_text(text), Readout("binary", [0, len(weights)], index, weights, [bias], [1], [0])


def test_ten_gates():
    before = from_text(TEN_GATES)
    circuit, readout = absorb_outputs(before, readout_from_text(READOUT))
    assert circuit.outputs.tolist() == [2, 4, 13]
    np.testing.assert_array_equal(circuit.fanin, before.fanin)
    np.testing.assert_array_equal(circuit.table, before.table)
    assert readout_to_text(readout) == (
        "gategrad-readout 1\n"
        "kind argmax\n"
        # 1 and 6 are inverted and bring 1 each, 3 brings 2, and the constants 4 + 1
        "sum 9 1.0 0.0 : 0*-2 2*1\n"
        "sum 7 1.0 0.0 : 0*1\n"
        "sum 0 1.0 0.0 : 1*2\n"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_but_wires_and_constants_is_left_to_the_readout_of_any_kind(kind):
    circuit = from_text("gategrad-circuit 1\ninputs 1\n3 = 0x1 2\noutputs 3\n")
    small, readout = optimize(circuit, Readout.identity(1, kind))
    assert (small.n_gates, small.outputs.tolist()) == (0, [2])
    assert (readout.kind, readout.bias.tolist(), readout.weight.tolist()) == (kind, [1], [-1])


def test_a_long_chain_of_inverters():
    n = 100_001
    circuit = Circuit(1, np.arange(2, 2 + n)[:, None], np.ones(n, int), [2 + n])
    small, readout = absorb_outputs(circuit, Readout.identity(1))
    assert small.outputs.tolist() == [2]
    assert readout.weight.tolist() == [-1]


@pytest.mark.parametrize(
    ("outputs", "weights", "bias"),
    [
        ("3", [LOWEST], 0),  # -2**31 times an inverter is +2**31 times its input
        ("3", [HIGHEST], 0),
        ("3", [HIGHEST], LOWEST),
        ("1 3", [LOWEST, HIGHEST], 0),
        ("2 2 2", [HIGHEST, HIGHEST, 1], LOWEST),  # merged: 2**32 - 1
        ("2 2", [LOWEST, LOWEST + 1], HIGHEST),
        ("2 3", [HIGHEST, LOWEST], 0),  # merged: 2**32 - 1 again
        ("2 3", [LOWEST, HIGHEST], 0),
    ],
)
def test_weights_at_the_ends_of_int32_stay_exact(outputs, weights, bias):
    text = f"gategrad-circuit 1\ninputs 1\n3 = 0x1 2\noutputs {outputs}\n"
    before = pair_of(text, weights, bias)
    after = optimize(*before)
    bits = np.array([[False], [True]])
    np.testing.assert_array_equal(evaluate_sums(*after, bits), evaluate_sums(*before, bits))
    assert set(after[0].outputs.tolist()) <= {2}
    assert after[0].n_gates == 0
    assert optimize(*after) == after
