"""Constants, wires and inverters."""

from gategrad.circuit import (
    Circuit,
    Readout,
    from_text,
    readout_from_text,
    readout_to_text,
    to_text,
)
from gategrad.passes import fold

TEN_GATES = """\
gategrad-circuit 1
inputs 3
5 = 0x1                 # true
6 = 0x2 2               # a
7 = 0x1 3               # ~b
8 = 0x8 6 7             # a & ~b
9 = 0x1 8               # ~(a & ~b)
10 = 0x6 9 5            # ~(a & ~b) ^ true
11 = 0x8 4 4            # c & c
12 = 0xfef8 10 11 0 3   # majority of a & ~b, c and b; the third operand is false
13 = 0x69 2 2 4         # ~(a ^ a ^ c)
14 = 0x7 12 1           # ~(majority & true)
outputs 12 13 14 5
"""

READOUT = """\
gategrad-readout 1
kind argmax
sum 1 1.0 0.0 : 0*1 1*1 2*5
sum 0 1.0 0.0 : 0*1 1*2 3*3
"""


def test_ten_gates():
    circuit, readout = fold(from_text(TEN_GATES), readout_from_text(READOUT))
    assert to_text(circuit) == (
        "gategrad-circuit 1\n"
        "inputs 3\n"
        "5 = 0x2 2 3\n"  # a & ~b
        "6 = 0xe8 5 4 3\n"  # the majority
        "outputs 4 6\n"
    )
    assert readout_to_text(readout) == (
        "gategrad-readout 1\n"
        "kind argmax\n"
        "sum 7 1.0 0.0 : 0*-1 1*-4\n"  # 1 + m + ~c + 5 ~m
        "sum 5 1.0 0.0 : 0*-2 1*1\n"  # m + 2 ~c + 3 true
    )


def test_gates_and_operands_keep_their_order_and_polarity():
    circuit = Circuit(2, [[3, 2], [2, 3]], [0xD, 0x7], [4, 5])
    assert fold(circuit, Readout.identity(2)) == (circuit, Readout.identity(2))


def test_dead_gates_stay():
    circuit = Circuit(2, [[3, 2], [2, 3]], [0xD, 0x7], [5])
    assert fold(circuit, Readout.identity(1))[0] == circuit


def test_a_wide_gate_that_needs_two_operands_becomes_narrow():
    table = 0xFF00FF00FF00FF00 ^ 0xFFFFFFFF00000000  # operand 3 xor operand 5
    circuit = Circuit(6, [[2, 3, 4, 5, 6, 7]], [table], [8])
    assert fold(circuit, Readout.identity(1))[0] == Circuit(6, [[5, 7]], [0x6], [8])
