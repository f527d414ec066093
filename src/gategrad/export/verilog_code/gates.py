"""Statements of a Verilog module: comparisons, gates and the registers between stages."""

from collections.abc import Iterator

import numpy as np

from gategrad.circuit import N_CONSTANTS, Circuit, arity
from gategrad.export.builder import CHOOSE, GREATER, MAJORITY, XOR3
from gategrad.export.front import Front
from gategrad.export.verilog_code.stages import Stages

# Verilog of functions by number of operands and truth table; others are choices between two of
# these. (A constant shifted by its operands is shorter, but yosys takes minutes to read thousands.)
_FUNCTIONS = {
    (0, 0b0): "1'b0", (0, 0b1): "1'b1",
    (1, 0b00): "1'b0", (1, 0b01): "~A", (1, 0b10): "A", (1, 0b11): "1'b1",
    (2, 0x0): "1'b0", (2, 0x1): "~(A | B)", (2, 0x2): "A & ~B", (2, 0x3): "~B",
    (2, 0x4): "~A & B", (2, 0x5): "~A", (2, 0x6): "A ^ B", (2, 0x7): "~(A & B)",
    (2, 0x8): "A & B", (2, 0x9): "~(A ^ B)", (2, 0xA): "A", (2, 0xB): "A | ~B",
    (2, 0xC): "B", (2, 0xD): "~A | B", (2, 0xE): "A | B", (2, 0xF): "1'b1",
    (3, XOR3): "A ^ B ^ C", (3, MAJORITY): "(A & B) | (A & C) | (B & C)",
    (3, CHOOSE): "C ? B : A", (3, GREATER): "(A & ~B) | (~(A ^ B) & C)",
}  # fmt: skip


def name_at(circuit: Circuit, stages: Stages, signal: int, stage: int) -> str:
    """What a signal is called where `stage` reads it, delayed by the ranks in between."""
    if signal < N_CONSTANTS:
        return ("1'b0", "1'b1")[signal]
    gate = signal - N_CONSTANTS - circuit.n_inputs
    name = f"n{gate}" if gate >= 0 else f"c{signal - N_CONSTANTS}"
    delay = stage - int(stages.of[signal])
    return f"{name}_d{delay}" if delay else name


def comparison_lines(front: Front, value_bits: int, *, signed: bool) -> Iterator[str]:
    """A wire `cK` for each comparison."""
    for k, (feature, least) in enumerate(
        zip(front.feature.tolist(), front.least.tolist(), strict=True)
    ):
        if value_bits == 1:
            yield f"wire c{k} = in_data[{feature}];"
            continue
        value = f"in_data[{value_bits * feature} +: {value_bits}]"
        if signed:
            constant = (
                f"-{value_bits + 1}'sd{-least}" if least < 0 else f"{value_bits + 1}'sd{least}"
            )
            yield f"wire c{k} = $signed({value}) >= {constant};"
        else:
            yield f"wire c{k} = {value} >= {value_bits}'d{least};"


def gate_lines(circuit: Circuit, stages: Stages) -> Iterator[str]:
    """A wire `nG` for each gate, in the order of the circuit."""
    first = N_CONSTANTS + circuit.n_inputs
    for gate, (n, table) in enumerate(
        zip(arity(circuit.fanin).tolist(), circuit.table.tolist(), strict=True)
    ):
        stage = int(stages.of[first + gate])
        names = [name_at(circuit, stages, int(s), stage) for s in circuit.fanin[gate, :n]]
        yield f"wire n{gate} = {_expression(table, names)};"


def _expression(table: int, names: list[str]) -> str:
    text = _FUNCTIONS.get((len(names), table))
    if text is None:
        return _choice(table, names)
    for letter, name in zip("ABC", names, strict=False):
        text = text.replace(letter, name)
    return text


def _choice(table: int, names: list[str]) -> str:
    """A table by its last operand, which chooses between the two halves."""
    half = 1 << (len(names) - 1)
    low, high = table & (1 << half) - 1, table >> half
    if low == high:
        return _expression(low, names[:-1])
    texts = (f"({_expression(part, names[:-1])})" for part in (high, low))
    return f"{names[-1]} ? {' : '.join(texts)}"


def register_lines(circuit: Circuit, stages: Stages) -> Iterator[str]:
    """The ranks of registers: each signal delayed as often as a later stage reads it."""
    delays = stages.last - stages.of
    delays[:N_CONSTANTS] = 0
    delayed = np.flatnonzero(delays)
    steps = [
        (name_at(circuit, stages, s, stage), name_at(circuit, stages, s, stage + 1))
        for s in delayed.tolist()
        for stage in range(int(stages.of[s]), int(stages.last[s]))
    ]
    if not steps:
        return
    yield from (f"reg {new};" for _, new in steps)
    yield "always @(posedge clk) begin"
    yield from (f"  {new} <= {old};" for old, new in steps)
    yield "end"
