"""Truth tables of up to 16 operands, split into gates of up to six."""

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import MAX_WIDTH, N_CONSTANTS

Bools = NDArray[np.bool_]
# Of operands d0, d1, s: d1 where s, else d0; and the same of d0 to d3, s0, s1.
_MUX2 = 0xCA
_MUX4 = sum(1 << i for i in range(64) if i >> (2 * (i >> 5 & 1) + (i >> 4 & 1)) & 1)


class Builder:
    """Gates in causal order, each there once.

    Args:
        n_inputs: of the circuit.
    """

    def __init__(self, n_inputs: int) -> None:
        self.first = N_CONSTANTS + n_inputs
        self.fanin: list[tuple[int, ...]] = []
        self.table: list[int] = []
        self._known: dict[tuple[tuple[int, ...], int], int] = {}
        self._split: dict[tuple[tuple[int, ...], bytes, bytes], int] = {}

    def function(self, values: Bools, operands: list[int], care: Bools | None = None) -> int:
        """The signal of a function.

        Args:
            values: (2**n,), the first operand being the least significant bit.
            operands: n signals.
            care: (2**n,), patterns that occur; on all others the function may be anything. All
                where None.
        """
        values, operands, care = _shrunk(values, operands, care)
        if len(operands) <= MAX_WIDTH:
            return self.gate(operands, _number(values))
        key = tuple(operands), values.tobytes(), b"" if care is None else care.tobytes()
        if key not in self._split:
            self._split[key] = self._mux(values, operands, care)
        return self._split[key]

    def _mux(self, values: Bools, operands: list[int], care: Bools | None) -> int:
        """By the last operand, or the last two: those that decide most are there."""
        n = 1 if len(operands) == MAX_WIDTH + 1 else 2
        rest, chosen = operands[:-n], operands[-n:]
        parts = np.split(values, 2**n)
        cares = [None] * 2**n if care is None else np.split(care, 2**n)
        data = [self.function(v, rest, c) for v, c in zip(parts, cares, strict=True)]
        return self.gate([*data, *chosen], _MUX2 if n == 1 else _MUX4)

    def gate(self, operands: list[int], table: int) -> int:
        """The signal of one gate, whose operands may be constants or recur."""
        distinct = sorted({o for o in operands if o >= N_CONSTANTS})
        values = np.empty(1 << len(distinct), bool)
        for pattern in range(len(values)):
            known = {0: 0, 1: 1} | {o: pattern >> j & 1 for j, o in enumerate(distinct)}
            values[pattern] = table >> sum(known[o] << j for j, o in enumerate(operands)) & 1
        values, distinct, _ = _shrunk(values, distinct, None)
        if not distinct:
            return int(values[0])
        number = _number(values)
        if len(distinct) == 1 and number == 2:
            return distinct[0]
        key = tuple(distinct), number
        if key not in self._known:
            self._known[key] = self.first + len(self.table)
            self.fanin.append(key[0])
            self.table.append(number)
        return self._known[key]

    def arrays(self) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        """`fanin` and `table` of a `Circuit`."""
        fanin = np.zeros((len(self.fanin), MAX_WIDTH), np.int64)
        for gate, operands in enumerate(self.fanin):
            fanin[gate, : len(operands)] = operands
        return fanin, np.array(self.table, np.uint64)


def _shrunk(
    values: Bools, operands: list[int], care: Bools | None
) -> tuple[Bools, list[int], Bools | None]:
    """Without operands that make no difference on patterns that occur.

    As the restriction of Coudert and Madre (ICCAD 1990): the two halves become one, each where it
    is cared for.
    """
    operands, place = list(operands), 0
    while place < len(operands):
        low, high = _halves(values, place)
        if care is None:
            same = np.array_equal(low, high)
        else:
            c0, c1 = _halves(care, place)
            same = not ((low != high) & c0 & c1).any()
        if not same:
            place += 1
            continue
        if care is not None:
            low, care = np.where(c0, low, high), c0 | c1
        values = low
        del operands[place]
        # What came before may make no difference now.
        place = 0 if care is not None else place
    return values, operands, care


def _halves(values: Bools, place: int) -> tuple[Bools, Bools]:
    """Those with operand `place` 0, and those with 1."""
    split = values.reshape(-1, 2, 1 << place)
    return split[:, 0].ravel(), split[:, 1].ravel()


def _number(values: Bools) -> int:
    return int.from_bytes(np.packbits(values, bitorder="little").tobytes(), "little")
