"""Gates as C expressions: one that a single other gate reads stands within that one's statement.

So it is computed in a register, and its value is never stored.
"""

from collections.abc import Iterator

import numpy as np

from gategrad.circuit import N_CONSTANTS, Circuit, Netlist, arity
from gategrad.export.c_code.gates import FUNCTIONS, full_tables
from gategrad.export.slots import Step, allocate

# Gates of one statement: more would need more registers than processors have.
_MOST_IN_ONE = 12
# A function of this many gates compiles in a fraction of a second.
_CHUNK = 400


class Cones:
    """The statements of a circuit of at most two inputs a gate.

    Attributes:
        steps: in the order of computation: each gate that is stored, and the stored signals and
            inputs that its statement reads. What no output depends on is left out.
        slots: of the signals that are stored.
    """

    def __init__(self, circuit: Circuit) -> None:
        self._first = N_CONSTANTS + circuit.n_inputs
        self._tables = full_tables(circuit).tolist()
        counts = arity(circuit.fanin).tolist()
        self._operands = [row[:n] for row, n in zip(circuit.fanin.tolist(), counts, strict=True)]
        self._within = self._inlined(circuit)
        self.steps = list(self._ordered(circuit))
        self.slots = allocate(circuit, self.steps)

    def _inlined(self, circuit: Circuit) -> list[bool]:
        """Which gates stand within the statement of their reader."""
        once = Netlist(circuit).fan_out[self._first :] == 1
        outputs = circuit.outputs.astype(np.int64) - self._first
        once[outputs[outputs >= 0]] = False
        within, size = [False] * circuit.n_gates, [1] * circuit.n_gates
        for gate, operands in enumerate(self._operands):
            for signal in operands:
                below = signal - self._first
                if below >= 0 and once[below] and size[gate] + size[below] <= _MOST_IN_ONE:
                    within[below] = True
                    size[gate] += size[below]
        return within

    def _leaves(self, gate: int) -> list[int]:
        """What the statement of a gate reads: inputs and stored gates."""
        found, stack = [], list(reversed(self._operands[gate]))
        while stack:
            signal = stack.pop()
            if signal >= self._first and self._within[signal - self._first]:
                stack += reversed(self._operands[signal - self._first])
            elif signal >= N_CONSTANTS:
                found.append(signal)
        return found

    def _ordered(self, circuit: Circuit) -> Iterator[Step]:
        """Each stored gate right before the first that reads it, as far as that goes."""
        done: set[int] = set()
        for output in circuit.outputs.tolist():
            stack = [output]
            while stack:
                signal = stack[-1]
                if signal < self._first or signal in done:
                    stack.pop()
                    continue
                leaves = self._leaves(signal - self._first)
                missing = [s for s in leaves if s >= self._first and s not in done]
                if missing:
                    stack += reversed(missing)
                    continue
                stack.pop()
                done.add(signal)
                yield signal, leaves

    def text(self, name: str) -> str:
        """Functions of some hundred gates each, and one that calls them."""
        word = f"{name}_word"
        parts: list[str] = []
        lines: list[str] = []
        size = 0
        for signal, _ in self.steps:
            expression = self._expression(signal - self._first)
            lines.append(f"  s[{self.slots.of[signal]}] = ({word})({expression});")
            size += 1 + expression.count("(")
            if size >= _CHUNK:
                parts.append(_function(name, len(parts), lines))
                lines, size = [], 0
        for signal in range(N_CONSTANTS):
            if self.slots.of[signal] >= 0:
                lines.append(f"  s[{self.slots.of[signal]}] = ({word})({self._name(signal)});")
        if lines:
            parts.append(_function(name, len(parts), lines))
        calls = [f"  {name}_gates_{i}(s);" for i in range(len(parts))] or ["  (void)s;"]
        parts.append("\n".join([f"static void {name}_gates({word} *s) {{", *calls, "}\n"]))
        return "\n".join(parts)

    def _expression(self, gate: int) -> str:
        text = FUNCTIONS[self._tables[gate]]
        names = [self._name(signal) for signal in self._operands[gate]]
        # Both at once, as a name may hold the letters of the other.
        return text.translate(dict(zip(map(ord, "AB"), names, strict=False)))

    def _name(self, signal: int) -> str:
        if signal < N_CONSTANTS:
            return ("ZERO", "~ZERO")[signal]
        if signal >= self._first and self._within[signal - self._first]:
            return f"({self._expression(signal - self._first)})"
        return f"s[{self.slots.of[signal]}]"


def _function(name: str, number: int, lines: list[str]) -> str:
    body = [line.replace("ZERO", f"({name}_word){{0}}") for line in lines]
    return "\n".join([f"static void {name}_gates_{number}({name}_word *s) {{", *body, "}\n"])
