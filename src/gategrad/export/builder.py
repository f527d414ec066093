"""Gates put behind a circuit: full adders, comparisons and choices, constants folded away."""

from collections.abc import Sequence

import numpy as np

from gategrad.circuit import Circuit

FALSE, TRUE = 0, 1
# Truth tables by operands a, b, c; see `gategrad.circuit.Circuit`.
AND, OR, XOR, AND_NOT, OR_NOT = 0x8, 0xE, 0x6, 0x2, 0xB
XOR3, MAJORITY = 0x96, 0xE8
# b ? c : a, the third operand being the choice.
CHOOSE = 0xCA
# (a > b) where they differ, else c: one step of a comparison from the lowest bit up.
GREATER = 0xB2


class Builder:
    """Adds gates to those of a circuit; signals are numbered as in the circuit.

    Args:
        circuit: to begin with; its outputs are ignored.
        narrow: make gates of two inputs only.
    """

    def __init__(self, circuit: Circuit, *, narrow: bool = False) -> None:
        self._circuit = circuit
        self._narrow = narrow
        self._next = circuit.n_signals
        self._gates: list[tuple[int, tuple[int, ...]]] = []
        self._known: dict[tuple[int, tuple[int, ...]], int] = {}

    def gate(self, table: int, *operands: int) -> int:
        """The signal of a gate, or what it is where operands are constant or equal."""
        table, kept = _reduced(table, operands)
        if not kept:
            return table & 1
        if len(kept) == 1 and table == 0b10:
            return kept[0]
        key = table, kept
        if key not in self._known:
            self._known[key] = self._next
            self._gates.append(key)
            self._next += 1
        return self._known[key]

    def inverted(self, signal: int) -> int:
        """Its complement."""
        return self.gate(0b01, signal)

    def add(self, a: int, b: int, c: int) -> tuple[int, int]:
        """Sum and carry of three bits: two gates, or in gates of two inputs five."""
        if not self._narrow:
            return self.gate(XOR3, a, b, c), self.gate(MAJORITY, a, b, c)
        differ = self.gate(XOR, a, b)
        both, passed = self.gate(AND, a, b), self.gate(AND, differ, c)
        return self.gate(XOR, differ, c), self.gate(OR, both, passed)

    def choose(self, a: int, b: int, chosen: int) -> int:
        """`b` where `chosen` is true, else `a`."""
        if not self._narrow:
            return self.gate(CHOOSE, a, b, chosen)
        return self.gate(OR, self.gate(AND, b, chosen), self.gate(AND_NOT, a, chosen))

    def greater(self, a: int, b: int, before: int) -> int:
        """A step of a comparison from the lowest bit up: a > b, or `before` where they are equal.

        `before` decides where both are equal, so a and not b, or a or not b and before.
        """
        if not self._narrow:
            return self.gate(GREATER, a, b, before)
        at_least = self.gate(OR_NOT, a, b)
        return self.gate(OR, self.gate(AND_NOT, a, b), self.gate(AND, at_least, before))

    def circuit(self, outputs: Sequence[int]) -> Circuit:
        """All gates so far, with these outputs."""
        old = self._circuit
        width = max([old.width, *(len(operands) for _, operands in self._gates)], default=0)
        fanin = np.zeros((old.n_gates + len(self._gates), width), np.int64)
        fanin[: old.n_gates, : old.width] = old.fanin
        for row, (_, operands) in zip(fanin[old.n_gates :], self._gates, strict=True):
            row[: len(operands)] = operands
        tables = [int(t) for t in old.table] + [table for table, _ in self._gates]
        return Circuit(old.n_inputs, fanin, np.array(tables, np.uint64), list(outputs))


def _reduced(table: int, operands: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    """The table over the distinct operands that are no constants and that it depends on."""
    kept: list[int] = []
    for signal in operands:
        if signal not in (FALSE, TRUE) and signal not in kept:
            kept.append(signal)
    table = _restricted(table, operands, kept)
    for signal in list(kept):
        fewer = [s for s in kept if s != signal]
        low = _restricted(table, tuple(kept), fewer, {signal: FALSE})
        if low == _restricted(table, tuple(kept), fewer, {signal: TRUE}):
            table, kept = low, fewer
    return table, tuple(kept)


def _restricted(
    table: int, operands: tuple[int, ...], kept: list[int], fixed: dict[int, int] | None = None
) -> int:
    """The table over `kept`, where operands that are constants, or in `fixed`, have their value."""
    found = 0
    for pattern in range(1 << len(kept)):
        value = {FALSE: 0, TRUE: 1, **(fixed or {})}
        value |= {signal: pattern >> j & 1 for j, signal in enumerate(kept)}
        index = sum(value[signal] << j for j, signal in enumerate(operands))
        found |= (table >> index & 1) << pattern
    return found
