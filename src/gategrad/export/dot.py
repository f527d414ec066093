"""A circuit as DOT, the language of Graphviz: inputs on the left, classes on the right."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import N_CONSTANTS, Circuit, Netlist, Readout
from gategrad.export.artifact import Artifact
from gategrad.export.errors import ExportError
from gategrad.export.source import Source, checked_name, sha256

# More than this no program lays out, and nobody reads.
MOST_GATES = 2000
# By truth table: what a gate of two inputs is called, and which operands a circle complements.
_SHAPES = {
    0x8: ("AND", 0, 0), 0x2: ("AND", 0, 1), 0x4: ("AND", 1, 0), 0x1: ("NOR", 0, 0),
    0xE: ("OR", 0, 0), 0xB: ("OR", 0, 1), 0xD: ("OR", 1, 0), 0x7: ("NAND", 0, 0),
    0x6: ("XOR", 0, 0), 0x9: ("XNOR", 0, 0),
}  # fmt: skip


def dot(model: Source, *, name: str = "model") -> Artifact:
    """Draw the circuit of a model as a DOT graph, a rank a level.

    Inputs have their names ("age > 37.5"), gates their functions: a circle at the end of an edge
    complements what comes through it, and gates that no such word describes show their truth table
    in hexadecimal, with the number of its operand on each edge. A class is a box with its weights
    on the edges where they aren't 1. Only what the classes depend on is drawn.

    Args:
        model: a `gategrad.Model`; optimize it first, for a picture without detours.
        name: of the graph and the file.

    Returns:
        NAME.dot, for `dot -Tsvg NAME.dot`.

    Raises:
        ExportError: more than 2,000 gates to draw.
    """
    name = checked_name(name)
    roots = model.circuit.outputs[model.readout.index]
    head = f"// {name}, model {sha256(model)}\n"
    lines = graph_lines(
        model.circuit, name, roots, input_names(model), class_lines(model.readout, model)
    )
    return Artifact({f"{name}.dot": head + "".join(f"{line}\n" for line in lines)})


def input_names(model: Source) -> list[str]:
    """What each input of the circuit is called."""
    if model.encoder is None:
        return [f"in {j}" for j in range(model.circuit.n_inputs)]
    return model.encoder.input_names()


def graph_lines(
    circuit: Circuit,
    name: str,
    roots: NDArray[np.uint32],
    names: Sequence[str],
    ends: Sequence[str],
    part: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None,
) -> Iterator[str]:
    """A whole graph: what `roots` depend on, and behind it the lines of `ends`.

    Args:
        circuit: whose gates are drawn.
        name: of the graph.
        roots: signals at the end.
        names: of all inputs.
        ends: lines for what reads the roots.
        part: gates and inputs to draw instead of all that the roots depend on.

    Raises:
        ExportError: too many gates.
    """
    net = Netlist(circuit)
    gates, inputs = part or (np.flatnonzero(net.live(roots)), net.live_inputs(roots))
    if len(gates) > MOST_GATES:
        raise ExportError(
            f"{len(gates):,} gates make no picture that anybody reads; at most {MOST_GATES:,} are "
            "drawn: see `gategrad explain` for a class, or a row, alone"
        )
    yield f"digraph {name} {{"
    yield "  rankdir=LR; node [fontname=Helvetica, fontsize=11]; edge [arrowsize=0.6];"
    yield "  { rank=source;"
    yield from (f"    i{j} [label={quoted(names[j])}];" for j in inputs.tolist())
    yield "  }"
    for level in sorted(set(net.levels[gates].tolist())):
        yield f"  {{ rank=same; // level {level}"
        for gate in gates[net.levels[gates] == level].tolist():
            yield f"    g{gate} [shape=box, style=rounded, label={_label(circuit, net, gate)}];"
        yield "  }"
    constants = {s for g in gates.tolist() for s in net.operands(g).tolist()} | set(roots.tolist())
    yield from (f"  {('false', 'true')[s]} [shape=plain];" for s in (0, 1) if s in constants)
    drawn = {0, 1, *(inputs + N_CONSTANTS).tolist(), *(gates + net.first_gate).tolist()}
    for gate in gates.tolist():
        yield from _edges(circuit, net, gate, drawn)
    yield from ends
    yield "}"


def class_lines(readout: Readout, model: Source) -> list[str]:
    """A box a class, and an edge for each output that counts for it."""
    names = [f"class {c}" for c in range(readout.n_classes)]
    if model.labels is not None and readout.kind != "binary":
        names = [str(label) for label in model.labels]
    lines = []
    for c, text in enumerate(names):
        bias = int(readout.bias[c])
        label = quoted(text + (f"\nbias {bias}" if bias else ""))
        lines.append(f"  c{c} [shape=box, style=bold, label={label}];")
        for i in range(int(readout.indptr[c]), int(readout.indptr[c + 1])):
            source = _node(model.circuit, int(model.circuit.outputs[readout.index[i]]))
            weight = int(readout.weight[i])
            lines.append(f"  {source} -> c{c}" + ("" if weight == 1 else f' [label="{weight}"]'))
    return lines


def _label(circuit: Circuit, net: Netlist, gate: int) -> str:
    n, table = int(net.arity[gate]), int(circuit.table[gate])
    if n == 2 and table in _SHAPES:
        return quoted(_SHAPES[table][0])
    if n == 1:
        return quoted({0b01: "NOT", 0b10: "WIRE"}.get(table, str(table & 1)))
    return quoted(f"0x{table:x}")


def _edges(circuit: Circuit, net: Netlist, gate: int, drawn: set[int]) -> Iterator[str]:
    operands, table = net.operands(gate).tolist(), int(circuit.table[gate])
    shape = _SHAPES.get(table) if len(operands) == 2 else None
    for j, operand in enumerate(operands):
        if operand not in drawn:
            continue
        style = ""
        if shape is None and len(operands) > 1:
            style = f' [headlabel="{j}", fontsize=8]'
        elif shape is not None and shape[1 + j]:
            style = " [arrowhead=odot]"
        yield f"  {_node(circuit, operand)} -> g{gate}{style};"


def _node(circuit: Circuit, signal: int) -> str:
    if signal < N_CONSTANTS:
        return ("false", "true")[signal]
    gate = signal - N_CONSTANTS - circuit.n_inputs
    return f"g{gate}" if gate >= 0 else f"i{signal - N_CONSTANTS}"


def quoted(text: str) -> str:
    """Text as a DOT string, in UTF-8; line breaks stay, other control characters do not."""
    plain = "".join(c if c == "\n" or c.isprintable() else f"\\x{ord(c):02x}" for c in text)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
