"""Gates and outputs that nothing needs."""

import pytest

from gategrad.circuit import (
    Circuit,
    CircuitError,
    Readout,
    from_text,
    readout_from_text,
    readout_to_text,
    to_text,
)
from gategrad.passes import optimize, remove_dead

TEN_GATES = """\
gategrad-circuit 1
inputs 3
5 = 0x8 2 3
6 = 0x6 3 4         # dead
7 = 0xe 5 4
8 = 0x8 6 5         # dead, reads a dead and a live gate
9 = 0x2 7           # a wire stays
10 = 0x6 7 8        # only an unused output
11 = 0x1            # a constant stays
12 = 0x96 9 5 11
13 = 0x8 12 10      # dead
14 = 0x8 13 13      # dead
outputs 3 10 12 7 12
"""

READOUT = """\
gategrad-readout 1
kind multilabel
sum 2 0.5 1.0 : 2*3 4*-1
sum 0 0.5 2.0 : 0*1 3*0
"""


def test_ten_gates():
    circuit, readout = remove_dead(from_text(TEN_GATES), readout_from_text(READOUT))
    assert to_text(circuit) == (
        "gategrad-circuit 1\n"
        "inputs 3\n"
        "5 = 0x8 2 3\n"
        "6 = 0xe 5 4\n"
        "7 = 0x2 6\n"
        "8 = 0x1\n"
        "9 = 0x96 7 5 8\n"
        "outputs 3 9 6 9\n"
    )
    assert readout_to_text(readout) == (
        "gategrad-readout 1\nkind multilabel\nsum 2 0.5 1.0 : 1*3 3*-1\nsum 0 0.5 2.0 : 0*1 2*0\n"
    )


def test_gates_whose_outputs_cancel_are_dead():
    circuit = from_text("gategrad-circuit 1\ninputs 2\n4 = 0x8 2 3\n5 = 0x7 2 3\noutputs 4 5\n")
    small, readout = optimize(circuit, Readout.group_sum(2, 1))
    assert small.n_gates == small.n_outputs == 0
    assert readout.bias.tolist() == [1]


def test_no_used_output_leaves_no_gate():
    circuit = from_text(TEN_GATES)
    readout = Readout("binary", [0, 0], [], [], [3], [1], [0])
    assert remove_dead(circuit, readout)[0].n_gates == 0


def test_outputs_that_no_readout_reads_are_kept_on_request() -> None:
    circuit = Circuit(2, [[2, 3], [2, 3], [4, 5], [3, 2]], [8, 6, 14, 2], [7, 4, 6, 5])
    readout = Readout("regression", [0, 1], [2], [1], [0], [1.0], [0.0])
    without, _ = remove_dead(circuit, readout)
    assert without == Circuit(2, [[2, 3], [2, 3], [4, 5]], [8, 6, 14], [6])
    kept, still = remove_dead(circuit, readout, keep=[3, 0, 0])
    assert kept.outputs.tolist() == [7, 6, 5]
    assert still.index.tolist() == [1]
    assert kept.n_gates == 4
    with pytest.raises(CircuitError, match="keep names the outputs 1 to 4, but the circuit has 4"):
        remove_dead(circuit, readout, keep=[4, 1])
    with pytest.raises(CircuitError, match="keep must be a list of positions of outputs"):
        remove_dead(circuit, readout, keep=[[1]])
