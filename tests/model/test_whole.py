"""The whole count: gates, adders and comparators."""

import pytest

from gategrad import Circuit, Readout
from gategrad.encoding import Binned, OneHot, Table, Thermometer
from gategrad.model import WholeCount, whole_count


@pytest.mark.parametrize(
    ("encoder", "comparators"),
    [
        (None, 0),
        # Bits 0, 1 and 2 are read: two levels of the first column, one of the second.
        (Thermometer([[0.0, 1.0], [2.0, 3.0]]), 3),
        # Bins of one column below 1, from 1 to 2 and from 2 to 3: their ends are 1, 2 and 3.
        (Binned([[1.0], [2.0], [3.0]]), 3),
        # Categories that must be known are more than intervals: one comparison a bit.
        (OneHot((("a", "b", "c", "d"),), unknown="error"), 3),
        (Table((Thermometer([[0.0], [1.0]]), OneHot(((1.0, 2.0),))), ((0,), (1,))), 4),
    ],
    ids=str,
)
def test_all_parts_are_counted(encoder, comparators: int) -> None:
    # Two of the outputs are inputs; input 3 is read by a gate that no sum needs.
    circuit = Circuit(4, [[2, 3], [4, 5]], [6, 8], [6, 4, 2, 7])
    readout = Readout("argmax", [0, 2, 3], [0, 1, 2], [1, -1, 4], [0, 0], [1, 1], [0, 0])
    assert whole_count(circuit, readout, encoder) == WholeCount(2, 1, comparators)
