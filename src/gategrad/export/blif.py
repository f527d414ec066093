"""A model as BLIF, the text form of logic synthesis: a table a gate."""

from collections.abc import Iterable, Iterator

from gategrad.circuit import N_CONSTANTS, Circuit, arity
from gategrad.export.arithmetic import OUTPUTS, decision_circuit, output_names
from gategrad.export.artifact import Artifact
from gategrad.export.meaning import described_inputs
from gategrad.export.source import Source, checked_choice, checked_name, sha256

_LINE = 96


def blif(model: Source, *, name: str = "model", outputs: str = "gates") -> Artifact:
    """Write the circuit of a model, and if wanted its sums or labels, as BLIF.

    Inputs `in_J` are the bits of the encoder, or the model's inputs; the file says which
    comparison each one is.

    Args:
        model: a `gategrad.Model`, optimized or not.
        name: of the BLIF model and the file.
        outputs: "gates": `out_I`, the circuit's outputs; "sums": `sum_C_K`, bit K of class C's
            sum in two's complement; "label": `label_K`, bits of the class's index, or the bits of a
            binary or multilabel model.

    Returns:
        NAME.blif.

    Raises:
        ExportError: an unknown option.
    """
    name = checked_name(name)
    outputs = checked_choice("outputs", outputs, OUTPUTS)
    circuit = decision_circuit(model.circuit, model.readout, outputs, narrow=True)
    names = output_names(model.circuit, model.readout, outputs)
    return Artifact({f"{name}.blif": "".join(_lines(model, name, circuit, names))})


def circuit_blif(circuit: Circuit, name: str) -> str:
    """A circuit alone as BLIF, with inputs `in_J` and outputs `out_I`."""
    return "".join(_body(name, circuit, [f"out_{i}" for i in range(circuit.n_outputs)]))


def _lines(model: Source, name: str, circuit: Circuit, names: list[str]) -> Iterator[str]:
    yield f"# {name}: {circuit.n_gates} gates, a table each, and {len(names)} outputs\n"
    yield f"# model {sha256(model)}\n"
    yield from (f"# {line}\n" for line in described_inputs(model))
    yield from _body(name, circuit, names)


def _body(name: str, circuit: Circuit, names: list[str]) -> Iterator[str]:
    yield f".model {name}\n"
    yield from _folded(".inputs", (f"in_{j}" for j in range(circuit.n_inputs)))
    yield from _folded(".outputs", names)
    yield ".names false\n.names true\n1\n"
    for gate, n in enumerate(arity(circuit.fanin).tolist()):
        operands = [_signal(circuit, int(s)) for s in circuit.fanin[gate, :n]]
        yield from _table(int(circuit.table[gate]), operands, f"n_{gate}")
    for output, signal in zip(names, circuit.outputs.tolist(), strict=True):
        yield f".names {_signal(circuit, signal)} {output}\n1 1\n"
    yield ".end\n"


def _table(table: int, operands: list[str], name: str) -> Iterator[str]:
    """The patterns of the rarer value, which is the rule of the table; a constant reads nothing."""
    n_patterns = 1 << len(operands)
    if table in (0, (1 << n_patterns) - 1):
        yield f".names {name}\n" + ("1\n" if table else "")
        return
    yield f".names {' '.join([*operands, name])}\n"
    value = 1 if table.bit_count() * 2 <= n_patterns else 0
    for pattern in range(n_patterns):
        if table >> pattern & 1 == value:
            bits = "".join(str(pattern >> j & 1) for j in range(len(operands)))
            yield f"{bits} {value}\n"


def _signal(circuit: Circuit, signal: int) -> str:
    if signal < N_CONSTANTS:
        return ("false", "true")[signal]
    gate = signal - N_CONSTANTS - circuit.n_inputs
    return f"n_{gate}" if gate >= 0 else f"in_{signal - N_CONSTANTS}"


def _folded(head: str, words: Iterable[str]) -> Iterator[str]:
    line = head
    for word in words:
        if len(line) + len(word) > _LINE:
            yield line + " \\\n"
            line = " "
        line += " " + word
    yield line + "\n"
