"""The logic that a class, or the decision on one row, rests on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import N_CONSTANTS, Circuit, Netlist, Readout, evaluate
from gategrad.export.dot import input_names
from gategrad.export.errors import ExportError
from gategrad.export.source import Source, n_features


@dataclass(frozen=True)
class Cone:
    """A part of a model.

    Attributes:
        gates: (n,) int64, rising: gates of the circuit that it consists of.
        inputs: (m,) int64, rising: inputs of the circuit that they read.
        roots: (k,) uint32, the signals at its end.
        classes: whose sums it is the logic of.
        terms: outputs that it ends at, of all that count for those classes.
        values: by signal, what the circuit has for the row; None of a class in general.
    """

    gates: NDArray[np.int64]
    inputs: NDArray[np.int64]
    roots: NDArray[np.uint32]
    classes: tuple[int, ...]
    terms: tuple[int, int]
    values: NDArray[np.bool_] | None = None


def class_cone(model: Source, number: int) -> Cone:
    """All that the sum of a class depends on.

    Raises:
        ExportError: there is no such class.
    """
    readout = model.readout
    if not 0 <= number < readout.n_classes:
        last = readout.n_classes - 1
        raise ExportError(f"class {number} is not there; the model has 0 to {last}")
    entries = _entries(readout, number)
    roots = model.circuit.outputs[readout.index[entries]]
    return _cone(model.circuit, roots, (number,), (len(roots), len(roots)))


def row_cone(model: Source, row: NDArray) -> Cone:
    """What decides one row: the outputs that tell the winner from the runner-up, and their causes.

    An output counts if it speaks for the winner more than for the runner-up (of other than argmax
    models: if it moves a sum away from 0). A gate's causes are the operands that alone, given the
    values of the row, already fix its value: one false input of an "and" is enough, and the first
    that is found stands for it.

    Args:
        model: a `gategrad.Model`.
        row: (features,) one row, as `predict` takes it.
    """
    bits = encoded(model, row)[0]
    values = _values(model.circuit, bits)
    sums = model.sums(np.asarray(row)[None])[0].astype(np.int64)
    classes, effect = _effects(model.readout, sums, model.circuit.n_outputs)
    outputs = model.circuit.outputs
    roots = outputs[np.where(values[outputs], effect, -effect) > 0]
    gates = _causes(model.circuit, roots, values)
    net, first = Netlist(model.circuit), N_CONSTANTS + model.circuit.n_inputs
    read = {s for g in gates for s in _fixing(net, g, values)} | {int(s) for s in roots}
    inputs = sorted(s - N_CONSTANTS for s in read if N_CONSTANTS <= s < first)
    total = int((effect != 0).sum())
    return Cone(
        np.array(gates, np.int64), np.array(inputs, np.int64), roots, classes,
        (len(roots), total), values,
    )  # fmt: skip


def _cone(
    circuit: Circuit, roots: NDArray[np.uint32], classes: tuple[int, ...], terms: tuple[int, int]
) -> Cone:
    net = Netlist(circuit)
    return Cone(np.flatnonzero(net.live(roots)), net.live_inputs(roots), roots, classes, terms)


def _entries(readout: Readout, number: int) -> slice:
    return slice(int(readout.indptr[number]), int(readout.indptr[number + 1]))


def encoded(model: Source, rows: NDArray) -> NDArray[np.bool_]:
    """Rows (n, features), or one row, as inputs of the circuit (n, inputs).

    Raises:
        ExportError: rows of another width.
    """
    rows = np.atleast_2d(rows)
    if rows.shape[1] != n_features(model):
        raise ExportError(f"a row has {rows.shape[1]} values; the model takes {n_features(model)}")
    return model.encoder.encode(rows) if model.encoder is not None else rows > 0


def _values(circuit: Circuit, bits: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What every signal is."""
    whole = Circuit(
        circuit.n_inputs,
        circuit.fanin,
        circuit.table,
        np.arange(circuit.n_signals, dtype=np.uint32),
    )
    return evaluate(whole, bits[None])[0]


def _effects(
    readout: Readout, sums: NDArray[np.int64], n_outputs: int
) -> tuple[tuple[int, ...], NDArray[np.int64]]:
    """The classes looked at, and what each output adds to their being decided as they are."""
    effect = np.zeros(n_outputs, np.int64)
    if readout.kind == "argmax" and readout.n_classes > 1:
        order = np.argsort(-sums, kind="stable")
        classes: tuple[int, ...] = (int(order[0]), int(order[1]))
        signs: tuple[int, ...] = (1, -1)
    else:
        classes = tuple(range(readout.n_classes))
        signs = tuple(1 if s > 0 else -1 for s in sums.tolist())
    for number, sign in zip(classes, signs, strict=True):
        entries = _entries(readout, number)
        effect[readout.index[entries]] += sign * readout.weight[entries].astype(np.int64)
    return classes, effect


def _causes(circuit: Circuit, roots: NDArray[np.uint32], values: NDArray[np.bool_]) -> list[int]:
    """Gates of the roots and, step by step, of the operands that fix each one's value."""
    net, first = Netlist(circuit), N_CONSTANTS + circuit.n_inputs
    found: set[int] = set()
    stack = [int(s) - first for s in roots if s >= first]
    while stack:
        gate = stack.pop()
        if gate in found:
            continue
        found.add(gate)
        stack += [s - first for s in _fixing(net, gate, values) if s >= first]
    return sorted(found)


def _fixing(net: Netlist, gate: int, values: NDArray[np.bool_]) -> Sequence[int]:
    """The fewest operands whose values fix that of a gate; the first such choice of several."""
    operands = net.operands(gate).tolist()
    table, own = int(net.circuit.table[gate]), bool(values[net.first_gate + gate])
    held = [bool(values[s]) for s in operands]
    for chosen in sorted(range(1 << len(operands)), key=lambda c: (c.bit_count(), c)):
        same = (
            pattern
            for pattern in range(1 << len(operands))
            if all(pattern >> j & 1 == held[j] for j in range(len(held)) if chosen >> j & 1)
        )
        if all(bool(table >> pattern & 1) == own for pattern in same):
            return [s for j, s in enumerate(operands) if chosen >> j & 1]
    return operands


def cone_text(model: Source, cone: Cone, *, most: int = 400) -> list[str]:
    """A line a gate: what it is called, its function of which operands, and its value for the row.

    Args:
        model: whose cone it is.
        cone: the gates.
        most: lines; the rest is counted.
    """
    circuit, net, names = model.circuit, Netlist(model.circuit), input_names(model)
    lines = []
    for gate in cone.gates[:most].tolist():
        operands = [signal_name(circuit, int(s), names) for s in net.operands(gate)]
        value = "" if cone.values is None else f"   is {int(cone.values[net.first_gate + gate])}"
        lines.append(f"g{gate} = {formula(int(circuit.table[gate]), operands)}{value}")
    if len(cone.gates) > most:
        lines.append(f"... and {len(cone.gates) - most:,} gates more")
    return lines


def formula(table: int, operands: Sequence[str]) -> str:
    """A truth table of named operands as text: "a and not b", or its patterns."""
    n = len(operands)
    if n == 2 and table in _WORDS:
        return _WORDS[table].format(*operands)
    if n == 1 and table in (0b01, 0b10):
        return operands[0] if table == 0b10 else f"not {operands[0]}"
    if n == 0:
        return str(table & 1)
    return f"table {table:x} of " + ", ".join(operands)


_WORDS = {
    0x8: "{0} and {1}", 0x2: "{0} and not {1}", 0x4: "not {0} and {1}", 0x1: "neither {0} nor {1}",
    0xE: "{0} or {1}", 0xB: "{0} or not {1}", 0xD: "not {0} or {1}", 0x7: "not both {0} and {1}",
    0x6: "{0} differs from {1}", 0x9: "{0} equals {1}",
}  # fmt: skip


def signal_name(circuit: Circuit, signal: int, names: Sequence[str]) -> str:
    """What a signal is called in text: its name in brackets, or its gate."""
    if signal < N_CONSTANTS:
        return ("false", "true")[signal]
    gate = signal - N_CONSTANTS - circuit.n_inputs
    return f"g{gate}" if gate >= 0 else f"[{names[signal - N_CONSTANTS]}]"
