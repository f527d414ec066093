"""Structural hashing: what is found to be the same."""

import numpy as np
import pytest

from gategrad.circuit import (
    Circuit,
    Readout,
    difference,
    from_text,
    live_gates,
    readout_to_text,
    to_text,
)
from gategrad.passes import optimize, remove_dead, strash

TEN_GATES = """\
gategrad-circuit 1
inputs 3
5 = 0x8 2 3     # a & b
6 = 0x8 3 2     # the same, other order
7 = 0x7 2 3     # its complement
8 = 0x1 4       # ~c
9 = 0x6 5 4     # (a & b) ^ c
10 = 0x6 8 7    # ~c ^ ~(a & b): the same cone
11 = 0x9 4 6    # its complement, other order
12 = 0xe 9 2    # ((a & b) ^ c) | a
13 = 0xb 2 11   # a | ~11: the same
14 = 0x6 12 13  # false
outputs 10 11 12 13 14
"""


def test_ten_gates():
    circuit, readout = optimize(from_text(TEN_GATES), Readout.group_sum(5, 1))
    assert to_text(circuit) == (
        "gategrad-circuit 1\n"
        "inputs 3\n"
        "5 = 0x8 2 3\n"
        "6 = 0x6 4 5\n"
        "7 = 0xe 2 6\n"
        "outputs 7\n"  # 10 and its complement 11 leave a one
    )
    assert readout_to_text(readout) == ("gategrad-readout 1\nkind argmax\nsum 1 1.0 0.0 : 0*2\n")


@pytest.mark.parametrize("table", range(16))
def test_each_function_is_found_in_both_orders_and_polarities(table):
    exchanged = (table & 0b1001) | (table >> 1 & 0b0010) | (table << 1 & 0b0100)
    tables = [table, exchanged, table ^ 0xF, exchanged ^ 0xF]
    circuit = Circuit(2, [[2, 3], [3, 2]] * 2, tables, [4, 5, 6, 7])
    after = strash(circuit, Readout.identity(4))
    assert after[0].n_gates <= 1
    assert after[0].n_outputs <= 1
    assert difference((circuit, Readout.identity(4)), after) is None


@pytest.mark.parametrize("flipped", range(8))
def test_inverters_in_front_of_a_gate_do_not_hide_it(flipped):
    """`a & b | c` of inverted inputs: the table flipped accordingly undoes them."""
    table = sum((0xF8 >> (p ^ flipped) & 1) << p for p in range(8))
    pins = [5 + j if flipped >> j & 1 else 2 + j for j in range(3)]
    fanin = [[2, 0, 0], [3, 0, 0], [4, 0, 0], [2, 3, 4], pins]
    circuit = Circuit(3, fanin, [1, 1, 1, 0xF8, table], [8, 9])
    after = strash(circuit, Readout.identity(2))
    assert after[0].n_gates == 1
    assert after[0].n_outputs == 1


def test_wide_gates_are_found_in_any_order_of_operands_and_keep_the_first():
    """`~a & ~b & c`, three times."""
    circuit = Circuit(3, [[4, 2, 3], [2, 3, 4], [3, 4, 2]], [0x02, 0x10, 0x04], [5, 6, 7])
    small, readout = strash(circuit, Readout.group_sum(3, 1))
    assert small == Circuit(3, [[4, 2, 3]], [0x02], [5])
    assert readout.weight.tolist() == [3]


def test_equal_tables_over_other_operands_stay_apart():
    circuit = Circuit(3, [[2, 3], [2, 4], [3, 4]], [0x8] * 3, [5, 6, 7])
    assert strash(circuit, Readout.identity(3))[0] == circuit


def test_equal_operands_under_other_tables_stay_apart():
    circuit = Circuit(2, [[2, 3]] * 3, [0x8, 0x6, 0xE], [4, 5, 6])
    assert strash(circuit, Readout.identity(3))[0] == circuit


@pytest.mark.parametrize(
    ("driver", "fanin", "table", "n_gates"),
    [
        (0x8, [2, 4], 0x8, 1),  # a & (a & b) = a & b
        (0x8, [2, 4], 0xE, 0),  # a | (a & b) = a
        (0x8, [2, 4], 0x4, 0),  # ~a & (a & b) = false
        (0x6, [2, 4], 0x6, 0),  # a ^ (a ^ b) = b
        (0x6, [3, 4], 0xE, 1),  # b | (a ^ b) = a | b
        (0x8, [4, 2], 0x6, 1),  # (a & b) ^ a = a & ~b
    ],
)
def test_a_gate_reads_through_the_gate_that_drives_it(driver, fanin, table, n_gates):
    before = Circuit(2, [[2, 3], fanin], [driver, table], [5]), Readout.identity(1)
    after = optimize(*before)
    assert difference(before, after) is None
    assert after[0].n_gates == n_gates


def test_a_gate_reads_through_both_gates_that_drive_it():
    """`(a & b) | (a & ~b) = a`, and with c between: `(b ^ c) ^ (c ^ a) = a ^ b`."""
    circuit = Circuit(
        3,
        [[2, 3], [2, 3], [5, 6], [3, 4], [4, 2], [8, 9]],
        [0x8, 0x2, 0xE, 0x6, 0x6, 0x6],
        [7, 10],
    )
    small, readout = remove_dead(*strash(circuit, Readout.identity(2)))
    assert small == Circuit(3, [[2, 3]], [0x6], [2, 5])
    assert readout == Readout.identity(2)


def test_a_gate_reads_through_one_driver_that_reads_the_other():
    """`(a & b) & ((a & b) & c) = (a & b) & c`."""
    circuit = Circuit(3, [[2, 3], [5, 4], [5, 6]], [0x8] * 3, [7])
    small, _ = strash(circuit, Readout.identity(1))
    assert small == Circuit(3, [[2, 3], [4, 5]], [0x8, 0x8], [6])


def test_four_signals_that_matter_are_left_alone():
    circuit = Circuit(4, [[2, 3], [4, 5], [6, 7]], [0x8, 0x8, 0x6], [8])
    assert strash(circuit, Readout.identity(1))[0] == circuit


def test_a_chain_collapses_in_one_sweep():
    """Each gate `x & a` of a chain reads the one before: all are the first."""
    fanin = [[2, 3]] + [[2, 3 + g] for g in range(1, 50)]
    small, _ = strash(Circuit(2, fanin, [0x8] * 50, [53]), Readout.identity(1))
    assert small == Circuit(2, [[2, 3]], [0x8], [4])


def test_wide_gates_take_no_more_live_gates_than_before():
    """Their decomposition depends on the order of operands: sorting them would cost gates."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        table = rng.integers(2**64, dtype=np.uint64)
        circuit = Circuit(6, [2 + rng.permutation(6)], [table], [8])
        after = optimize(circuit, Readout.identity(1))
        assert live_gates(after[0]) <= live_gates(circuit)
