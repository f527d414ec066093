"""The text form: one line a gate, for goldens, bug reports and people.

gategrad-circuit 1
inputs 2
4 = 0x6 2 3
outputs 4
"""

import numpy as np

from gategrad.circuit.errors import CircuitError
from gategrad.circuit.ir import N_CONSTANTS, Circuit, arity
from gategrad.circuit.readout import Readout

_HEADER = "gategrad-circuit 1"
_READOUT = "gategrad-readout 1"


def to_text(circuit: Circuit) -> str:
    """`circuit` as text: a header, `signal = table operands...` a gate, and the outputs."""
    first = N_CONSTANTS + circuit.n_inputs
    lines = [_HEADER, f"inputs {circuit.n_inputs}"]
    for gate, n_operands in enumerate(arity(circuit.fanin)):
        operands = "".join(f" {s}" for s in circuit.fanin[gate, :n_operands])
        lines.append(f"{first + gate} = {int(circuit.table[gate]):#x}{operands}")
    lines.append("outputs" + "".join(f" {s}" for s in circuit.outputs))
    return "\n".join(lines) + "\n"


def from_text(text: str) -> Circuit:
    """The circuit of `to_text`'s form; `#` starts a comment, empty lines are skipped.

    Raises:
        CircuitError: a line can't be read, or the circuit breaks a rule.
    """
    lines = _lines(text, _HEADER)
    n_inputs = _field(lines, 0, "inputs")
    outputs = _field(lines, len(lines) - 1, "outputs")
    if len(n_inputs) != 1:
        raise CircuitError(f"line {lines[0][0]}: expected 'inputs N', got {lines[0][1]!r}")
    gates = [
        _gate(number, line, N_CONSTANTS + n_inputs[0] + i)
        for i, (number, line) in enumerate(lines[1:-1])
    ]
    width = max((len(operands) for _, operands in gates), default=0)
    fanin = np.zeros((len(gates), width), np.int64)
    for row, (_, operands) in zip(fanin, gates, strict=True):
        row[: len(operands)] = operands
    return Circuit(n_inputs[0], fanin, [table for table, _ in gates], outputs)


def readout_to_text(readout: Readout) -> str:
    """`readout` as text: `sum bias scale offset : index*weight ...`, a line a sum."""
    lines = [_READOUT, f"kind {readout.kind}"]
    for c in range(readout.n_classes):
        entries = range(readout.indptr[c], readout.indptr[c + 1])
        terms = "".join(f" {readout.index[i]}*{readout.weight[i]}" for i in entries)
        lines.append(f"sum {readout.bias[c]} {readout.scale[c]!s} {readout.offset[c]!s} :{terms}")
    return "\n".join(lines) + "\n"


def readout_from_text(text: str) -> Readout:
    """The readout of `readout_to_text`'s form.

    Raises:
        CircuitError: a line can't be read, or the readout breaks a rule.
    """
    (number, kind), *rows = _lines(text, _READOUT)
    if not kind.startswith("kind "):
        raise CircuitError(f"line {number}: expected 'kind NAME', got {kind!r}")
    parsed = [_sum(number, line) for number, line in rows]
    terms = [term for *_, row in parsed for term in row]
    return Readout(
        kind=kind.split()[1],  # type: ignore[arg-type]
        indptr=np.cumsum([0] + [len(row) for *_, row in parsed]),
        index=np.array([i for i, _ in terms], np.int64),
        weight=np.array([w for _, w in terms], np.int64),
        bias=np.array([b for b, *_ in parsed], np.int64),
        scale=np.array([s for _, s, _, _ in parsed], np.float32),
        offset=np.array([o for _, _, o, _ in parsed], np.float32),
    )


def _lines(text: str, header: str) -> list[tuple[int, str]]:
    """Numbered lines after the header, without comments and empty lines."""
    lines = [(i, line.split("#")[0].strip()) for i, line in enumerate(text.splitlines(), 1)]
    lines = [(i, line) for i, line in lines if line]
    if not lines or lines[0][1] != header:
        first = lines[0][1] if lines else ""
        raise CircuitError(f"expected {header!r} in the first line, got {first!r}")
    if len(lines) < 3:
        raise CircuitError(f"the text ends after line {lines[-1][0]}; it is not complete")
    return lines[1:]


def _field(lines: list[tuple[int, str]], place: int, name: str) -> list[int]:
    number, line = lines[place]
    word, *values = line.split()
    if word != name:
        raise CircuitError(f"line {number}: expected '{name} ...', got {line!r}")
    return [_integer(number, v) for v in values]


def _gate(number: int, line: str, signal: int) -> tuple[int, list[int]]:
    name, equals, rest = line.partition("=")
    words = rest.split()
    if not equals or not words:
        raise CircuitError(f"line {number}: expected 'signal = table operands', got {line!r}")
    if _integer(number, name.strip()) != signal:
        raise CircuitError(f"line {number}: expected signal {signal} next, got {name.strip()}")
    table, *operands = (_integer(number, word) for word in words)
    if operands and operands[-1] == 0:
        raise CircuitError(f"line {number}: leave out the last operand instead of naming signal 0")
    return table, operands


def _sum(number: int, line: str) -> tuple[int, float, float, list[tuple[int, int]]]:
    head, colon, tail = line.partition(":")
    words = head.split()
    if not colon or len(words) != 4 or words[0] != "sum":
        raise CircuitError(f"line {number}: expected 'sum bias scale offset : ...', got {line!r}")
    pairs = [term.partition("*") for term in tail.split()]
    terms = [(_integer(number, i), _integer(number, w)) for i, _, w in pairs]
    try:
        return _integer(number, words[1]), float(words[2]), float(words[3]), terms
    except ValueError:
        raise CircuitError(f"line {number}: scale and offset must be numbers: {line!r}") from None


def _integer(number: int, word: str) -> int:
    try:
        return int(word, 0)
    except ValueError:
        raise CircuitError(f"line {number}: expected an integer, got {word!r}") from None
