"""Gates as C expressions: one that a single other gate reads stands within that one's statement.

So it is computed in a register, and its value is never stored.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from gategrad.circuit import N_CONSTANTS, Circuit, Netlist, arity
from gategrad.export.c_code.adders import Adders
from gategrad.export.c_code.gates import FUNCTIONS, full_tables
from gategrad.export.slots import Step, allocate
from gategrad.export.sums import Totals

# Gates of one statement: more would need more registers than processors have.
_MOST_IN_ONE = 12
# A function of this many gates compiles in a fraction of a second.
_CHUNK = 400


class Term(NamedTuple):
    """A bit of a sum."""

    signal: int
    shift: int
    inverted: bool


class Cones:
    """The statements of a circuit of at most two inputs a gate.

    Attributes:
        steps: in the order of computation: each gate that is stored, or None for a bit of a sum,
            and the stored signals and inputs that its statement reads. What no output depends on
            is left out.
        slots: of the signals that are stored.
    """

    def __init__(self, circuit: Circuit, sums: Totals | None = None) -> None:
        """Take a circuit, and the sums that statements add up; where None, outputs are stored."""
        self._first = N_CONSTANTS + circuit.n_inputs
        self._sums = sums
        self._tables = full_tables(circuit).tolist()
        counts = arity(circuit.fanin).tolist()
        self._operands = [row[:n] for row, n in zip(circuit.fanin.tolist(), counts, strict=True)]
        kept = circuit.outputs.astype(np.int64) if sums is None else np.zeros(0, np.int64)
        self._within = self._inlined(circuit, kept)
        # What each step is for: nothing, a term, or the class that is finished.
        self._purposes: list[Term | int | None] = []
        self.steps: list[Step] = []
        self._order(kept.tolist())
        self.slots = allocate(circuit, self.steps, kept.tolist())

    def _inlined(self, circuit: Circuit, kept: np.ndarray) -> list[bool]:
        """Which gates stand within the statement of their only reader."""
        terms = [t.signal for _, part in self._terms() for t in part]
        uses = Netlist(circuit).fan_out + np.bincount(terms, minlength=circuit.n_signals)
        once = uses[self._first :] == 1
        once[kept[kept >= self._first] - self._first] = False
        within, size = [False] * circuit.n_gates, [1] * circuit.n_gates
        for gate, operands in enumerate(self._operands):
            for signal in operands:
                below = signal - self._first
                if below >= 0 and once[below] and size[gate] + size[below] <= _MOST_IN_ONE:
                    within[below] = True
                    size[gate] += size[below]
        for signal in terms:
            if signal >= self._first and once[signal - self._first]:
                within[signal - self._first] = True
        return within

    def _terms(self) -> Iterator[tuple[int, list[Term]]]:
        """The bits of each class."""
        for c, total in enumerate(self._sums.totals if self._sums else ()):
            bits = ((part, signal) for part in total.bits for signal in part.signals.tolist())
            yield c, [Term(signal, part.shift, part.inverted) for part, signal in bits]

    def _leaves(self, signal: int) -> list[int]:
        """What the statement of a gate reads: inputs and stored gates."""
        found, stack = [], list(reversed(self._operands[signal - self._first]))
        while stack:
            signal = stack.pop()
            if self._stands_within(signal):
                stack += reversed(self._operands[signal - self._first])
            elif signal >= N_CONSTANTS:
                found.append(signal)
        return found

    def _stands_within(self, signal: int) -> bool:
        return signal >= self._first and self._within[signal - self._first]

    def _order(self, kept: list[int]) -> None:
        """Each stored gate right before the first that reads it, as far as that goes."""
        done: set[int] = set()
        for output in kept:
            self._store([output], done)
        for c, terms in self._terms():
            for term in terms:
                within = self._stands_within(term.signal)
                leaves = self._leaves(term.signal) if within else [term.signal]
                self._store(leaves, done)
                self._step(None, [s for s in leaves if s >= N_CONSTANTS], term)
            self._step(None, [], c)

    def _store(self, goals: list[int], done: set[int]) -> None:
        """Steps for stored gates, and what they need, that are not done yet."""
        stack = list(reversed(goals))
        while stack:
            signal = stack[-1]
            if signal < self._first or signal in done:
                stack.pop()
                continue
            leaves = self._leaves(signal)
            missing = [s for s in leaves if s >= self._first and s not in done]
            if missing:
                stack += reversed(missing)
                continue
            stack.pop()
            done.add(signal)
            self._step(signal, leaves, None)

    def _step(self, signal: int | None, leaves: Sequence[int], purpose: Term | int | None) -> None:
        self.steps.append((signal, leaves))
        self._purposes.append(purpose)

    def text(self, name: str) -> str:
        """Functions of some hundred gates each, and one that calls them."""
        adders = Adders(name, self._sums.width if self._sums else 0, self.slots.count)
        parts: list[str] = []
        size = 0
        for step, purpose in zip(self.steps, self._purposes, strict=True):
            before = len(adders.lines)
            self._write(adders, step[0], purpose)
            size += sum(1 + line.count("(") for line in adders.lines[before:])
            if size >= _CHUNK:
                adders.save()
                parts.append(_function(name, len(parts), adders.lines))
                adders.lines, size = [], 0
        for signal in range(N_CONSTANTS):
            if self.slots.of[signal] >= 0:
                adders.store(self.slots.of[signal], self._name(signal))
        if adders.lines:
            parts.append(_function(name, len(parts), adders.lines))
        calls = [f"  {name}_gates_{i}(s);" for i in range(len(parts))] or ["  (void)s;"]
        parts.append("\n".join([f"static void {name}_gates({name}_word *s) {{", *calls, "}\n"]))
        return "\n".join(parts)

    def _write(self, adders: Adders, signal: int | None, purpose: Term | int | None) -> None:
        """The lines of one step."""
        if signal is not None:
            adders.store(self.slots.of[signal], self._expression(signal - self._first))
        elif isinstance(purpose, Term):
            adders.add(self._term(purpose), purpose.shift)
        elif self._sums is not None and purpose is not None:
            adders.finish(purpose, self._sums.totals[purpose])

    def _term(self, term: Term) -> str:
        if self._stands_within(term.signal):
            return self._expression(term.signal - self._first, inverted=term.inverted)
        return "~" * term.inverted + self._name(term.signal)

    def _expression(self, gate: int, *, inverted: bool = False) -> str:
        text = FUNCTIONS[self._tables[gate] ^ (15 if inverted else 0)]
        names = [self._name(signal) for signal in self._operands[gate]]
        # Both at once, as a name may hold the letters of the other.
        return text.translate(dict(zip(map(ord, "AB"), names, strict=False)))

    def _name(self, signal: int) -> str:
        if signal < N_CONSTANTS:
            return ("ZERO", "~ZERO")[signal]
        if self._stands_within(signal):
            return f"({self._expression(signal - self._first)})"
        return f"s[{self.slots.of[signal]}]"


def _function(name: str, number: int, lines: list[str]) -> str:
    body = [line.replace("ZERO", f"({name}_word){{0}}") for line in lines]
    return "\n".join([f"static void {name}_gates_{number}({name}_word *s) {{", *body, "}\n"])
