"""A model as AIGER 1.9, the format of and-inverter graphs: binary or ASCII."""

from collections.abc import Iterator

from gategrad.circuit import Circuit, arity, decompose
from gategrad.export.arithmetic import OUTPUTS, decision_circuit, output_names
from gategrad.export.artifact import Artifact
from gategrad.export.meaning import described_inputs
from gategrad.export.source import Source, checked_choice, checked_name, sha256


def aiger(
    model: Source, *, name: str = "model", outputs: str = "gates", ascii: bool = False
) -> Artifact:
    """Write the circuit of a model, and if wanted its sums or labels, as an and-inverter graph.

    Args:
        model: a `gategrad.Model`, optimized or not.
        name: of the file.
        outputs: "gates", "sums" or "label", as for `gategrad.export.blif`; the symbols are those
            names.
        ascii: write the form for people, NAME.aag, instead of the binary NAME.aig.

    Returns:
        The file. Inputs and outputs have symbols; a comment says which comparison each input is.

    Raises:
        ExportError: an unknown option.
    """
    name = checked_name(name)
    outputs = checked_choice("outputs", outputs, OUTPUTS)
    narrow = decompose(model.circuit) if model.circuit.width > 2 else model.circuit
    circuit = decision_circuit(narrow, model.readout, outputs, narrow=True)
    graph = _Graph(circuit)
    names = output_names(model.circuit, model.readout, outputs)
    tail = "".join(_symbols(model, name, circuit, names)).encode()
    content = _ascii(graph) if ascii else _binary(graph)
    return Artifact({f"{name}.{'aag' if ascii else 'aig'}": content + tail})


class _Graph:
    """And nodes of a circuit; a literal is twice a variable, plus 1 for its complement."""

    def __init__(self, circuit: Circuit) -> None:
        self.n_inputs = circuit.n_inputs
        self.nodes: list[tuple[int, int]] = []
        self._known: dict[tuple[int, int], int] = {}
        literal = [0, 1, *(2 * (j + 1) for j in range(circuit.n_inputs))]
        counts = arity(circuit.fanin).tolist()
        for operands, n, table in zip(
            circuit.fanin.tolist(), counts, circuit.table.tolist(), strict=True
        ):
            literal.append(self._gate(table, [literal[s] for s in operands[:n]]))
        self.outputs = [literal[s] for s in circuit.outputs.tolist()]

    def _gate(self, table: int, operands: list[int]) -> int:
        if len(operands) == 0:
            return table & 1
        if len(operands) == 1:
            low, high = table & 1, table >> 1 & 1
            return low if low == high else operands[0] ^ low
        a, b = operands
        ones = table.bit_count()
        if ones == 1 or ones == 3:
            # One pattern differs from the others: an and of the operands that select it.
            pattern = (table if ones == 1 else table ^ 0b1111).bit_length() - 1
            found = self._and(a ^ (~pattern & 1), b ^ (~pattern >> 1 & 1))
            return found ^ (ones == 3)
        if table in (0b0110, 0b1001):
            both, neither = self._and(a, b), self._and(a ^ 1, b ^ 1)
            return self._and(both ^ 1, neither ^ 1) ^ (table == 0b1001)
        return {0b0000: 0, 0b1111: 1, 0b1010: a, 0b0101: a ^ 1, 0b1100: b, 0b0011: b ^ 1}[table]

    def _and(self, a: int, b: int) -> int:
        a, b = max(a, b), min(a, b)
        if b == 0 or a == b ^ 1:
            return 0
        if b == 1 or a == b:
            return a
        if (a, b) not in self._known:
            self._known[a, b] = 2 * (self.n_inputs + len(self.nodes) + 1)
            self.nodes.append((a, b))
        return self._known[a, b]


def _header(graph: _Graph, form: str) -> str:
    n, gates = graph.n_inputs, len(graph.nodes)
    return f"{form} {n + gates} {n} 0 {len(graph.outputs)} {gates}\n"


def _ascii(graph: _Graph) -> bytes:
    lines = [_header(graph, "aag")]
    lines += [f"{2 * (j + 1)}\n" for j in range(graph.n_inputs)]
    lines += [f"{literal}\n" for literal in graph.outputs]
    first = graph.n_inputs + 1
    lines += [f"{2 * (first + i)} {a} {b}\n" for i, (a, b) in enumerate(graph.nodes)]
    return "".join(lines).encode()


def _binary(graph: _Graph) -> bytes:
    """Nodes as differences: of a node to its greater operand, and of that to the other."""
    text = _header(graph, "aig") + "".join(f"{literal}\n" for literal in graph.outputs)
    out = bytearray(text.encode())
    first = graph.n_inputs + 1
    for i, (a, b) in enumerate(graph.nodes):
        for delta in (2 * (first + i) - a, a - b):
            while delta >= 128:
                out.append(delta & 127 | 128)
                delta >>= 7
            out.append(delta)
    return bytes(out)


def _symbols(model: Source, name: str, circuit: Circuit, names: list[str]) -> Iterator[str]:
    yield from (f"i{j} in_{j}\n" for j in range(circuit.n_inputs))
    yield from (f"o{k} {text}\n" for k, text in enumerate(names))
    yield f"c\n{name}, model {sha256(model)}\n"
    yield from (f"{line}\n" for line in described_inputs(model))
