"""The text form, both ways, and what it says about lines that it can't read."""

import pytest
from hypothesis import given

from gategrad.circuit import (
    Circuit,
    CircuitError,
    Readout,
    from_text,
    readout_from_text,
    readout_to_text,
    to_text,
)
from tests.strategies import pairs

FULL_ADDER = """\
gategrad-circuit 1
inputs 3
5 = 0x96 2 3 4
6 = 0xe8 2 3 4
7 = 0x1
outputs 5 6 7
"""


def test_golden() -> None:
    fanin = [[2, 3, 4], [2, 3, 4], [0, 0, 0]]
    circuit = Circuit(3, fanin, [0x96, 0xE8, 1], [5, 6, 7])
    assert to_text(circuit) == FULL_ADDER
    assert from_text(FULL_ADDER) == circuit


def test_readout_golden() -> None:
    readout = Readout.group_sum(4, 2, tau=10.0)
    text = "gategrad-readout 1\nkind argmax\nsum 0 0.1 0.0 : 0*1 1*1\nsum 0 0.1 0.0 : 2*1 3*1\n"
    assert readout_to_text(readout) == text
    assert readout_from_text(text) == readout


@given(pairs(max_width=6))
def test_round_trip(pair: tuple[Circuit, Readout]) -> None:
    circuit, readout = pair
    assert from_text(to_text(circuit)) == circuit
    assert readout_from_text(readout_to_text(readout)) == readout


def test_comments_and_empty_lines_are_skipped() -> None:
    text = FULL_ADDER.replace("\n", "  # a comment\n\n")
    assert from_text(text) == from_text(FULL_ADDER)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("gategrad-circuit 1", "something", "expected 'gategrad-circuit 1' in the first line"),
        ("inputs 3", "inputs", "line 2: expected 'inputs N', got 'inputs'"),
        ("inputs 3", "input 3", "line 2: expected 'inputs ...', got 'input 3'"),
        ("6 = ", "9 = ", "line 4: expected signal 6 next, got 9"),
        ("6 = ", "6 : ", "line 4: expected 'signal = table operands'"),
        ("0xe8", "and", "line 4: expected an integer, got 'and'"),
        ("0xe8 2 3 4", "0x8 2 0", "line 4: leave out the last operand"),
        ("0xe8 2 3 4", "0x8 2 8", "gate 1 .signal 6.: operand 1 is signal 8"),
        ("outputs 5 6 7\n", "", "line 5: expected 'outputs ...'"),
    ],
)
def test_messages_name_the_line(old: str, new: str, message: str) -> None:
    with pytest.raises(CircuitError, match=message):
        from_text(FULL_ADDER.replace(old, new))


def test_a_text_that_ends_early() -> None:
    with pytest.raises(CircuitError, match="the text ends after line 2; it is not complete"):
        from_text("gategrad-circuit 1\ninputs 3\n")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("kind argmax", "argmax", "line 2: expected 'kind NAME'"),
        ("sum 0 0.1", "sum 0 x", "line 3: scale and offset must be numbers"),
        ("0*1 1*1", "0 1", "line 3: expected an integer"),
        (" : 0", " 0", "line 3: expected 'sum bias scale offset : ...'"),
    ],
)
def test_readout_messages_name_the_line(old: str, new: str, message: str) -> None:
    text = readout_to_text(Readout.group_sum(4, 2, tau=10.0)).replace(old, new)
    with pytest.raises(CircuitError, match=message):
        readout_from_text(text)
