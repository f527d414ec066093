"""The sums and the decision as gates: compressor trees of full adders, then comparisons."""

from collections import deque

from gategrad.circuit import Circuit, Readout
from gategrad.export.builder import FALSE, TRUE, Builder
from gategrad.export.errors import ExportError
from gategrad.export.sums import Total, Totals, totals

# What a format may write of a model.
OUTPUTS = ("gates", "sums", "label")
# Bits of a column that adders take together. Three make the fewest gates of two inputs; six make
# three outputs of six inputs each, which are tables of a chip, and fewer.
AT_ONCE = (3, 6)


def decision_circuit(
    circuit: Circuit, readout: Readout, outputs: str, *, narrow: bool = False, at_once: int = 3
) -> Circuit:
    """The circuit with its readout as gates behind it.

    Args:
        circuit: the gates.
        readout: to be put behind them.
        outputs: "gates": the outputs as they are; "sums": each sum as a two's complement number of
            `sum_width` bits, lowest first, class after class; "label": the index of the class,
            lowest bit first, or the bits of a binary or multilabel readout.
        narrow: put gates of two inputs behind it, else of up to three.
        at_once: bits that adders take together, one of `AT_ONCE`.

    Raises:
        ExportError: "label" of a regression, which decides on nothing.
    """
    if outputs == "gates":
        return circuit
    if outputs == "label" and readout.kind == "regression":
        raise ExportError('a regression has no labels; its sums are its answer: outputs="sums"')
    made = totals(circuit, readout)
    builder = Builder(circuit, narrow=narrow)
    numbers = [added(builder, total, made.width, at_once) for total in made.totals]
    if outputs == "sums":
        width = sum_width(made)
        return builder.circuit(
            [bit for n in numbers for bit in _less(builder, n, made.offset, width)]
        )
    if readout.kind == "argmax":
        return builder.circuit(greatest(builder, numbers))
    return builder.circuit([_above(builder, n, made.offset) for n in numbers])


def sum_width(made: Totals) -> int:
    """Bits of a sum in two's complement: its total, which is never negative, less the offset."""
    highest = (1 << made.width) - 1 - made.offset
    return max(highest.bit_length(), (made.offset - 1).bit_length() if made.offset else 0) + 1


def added(builder: Builder, total: Total, width: int, at_once: int = 3) -> list[int]:
    """A class's total as `width` bits, lowest first: adders take three or six bits of a column.

    Every full adder removes one bit, so n bits take some n of them whatever the order; the oldest
    bits go first, which keeps the tree flat.
    """
    # Carries out of the highest bit are always 0.
    columns = [deque[int]() for _ in range(width + 2)]
    for k in range(width):
        if total.constant >> k & 1:
            columns[k].append(TRUE)
    for part in total.bits:
        for signal in part.signals.tolist():
            columns[part.shift].append(builder.inverted(signal) if part.inverted else signal)
    for k in range(width):
        column = columns[k]
        while len(column) > 1:
            taken = [column.popleft() for _ in range(min(at_once, len(column)))]
            for j, bit in enumerate(_counted(builder, taken)):
                columns[k + j].append(bit)
    return [column[0] if column else FALSE for column in columns[:width]]


def _counted(builder: Builder, bits: list[int]) -> tuple[int, ...]:
    """How many of two to six bits are true, in binary, lowest first."""
    a, b, c, d, e, f = bits + [FALSE] * (6 - len(bits))
    low, high = builder.add(a, b, c)
    if len(bits) <= 3:
        return low, high
    other_low, other_high = builder.add(d, e, f)
    low, carry = builder.add(low, other_low, FALSE)
    return low, *builder.add(high, other_high, carry)


def greatest(builder: Builder, numbers: list[list[int]]) -> list[int]:
    """The index, lowest bit first, of the greatest number; the lowest index of several."""
    width = max(1, (len(numbers) - 1).bit_length())
    leaders = [(number, _constant(i, width)) for i, number in enumerate(numbers)]
    while len(leaders) > 1:
        pairs = zip(leaders[::2], leaders[1::2], strict=False)
        ahead = [_better(builder, first, second) for first, second in pairs]
        leaders = ahead + leaders[len(ahead) * 2 :]
    return leaders[0][1]


def _better(
    builder: Builder, first: tuple[list[int], list[int]], second: tuple[list[int], list[int]]
) -> tuple[list[int], list[int]]:
    greater = _greater(builder, second[0], first[0])
    number, index = (
        [builder.choose(a, b, greater) for a, b in zip(old, new, strict=True)]
        for old, new in zip(first, second, strict=True)
    )
    return number, index


def _greater(builder: Builder, a: list[int], b: list[int]) -> int:
    found = FALSE
    for bit_a, bit_b in zip(a, b, strict=True):
        found = builder.greater(bit_a, bit_b, found)
    return found


def _above(builder: Builder, number: list[int], limit: int) -> int:
    return _greater(builder, number, _constant(limit, len(number)))


def _less(builder: Builder, number: list[int], offset: int, width: int) -> list[int]:
    """`number - offset` in two's complement of `width` bits."""
    bits, carry = [], FALSE
    less = -offset % (1 << width)
    for k, bit in enumerate(number + [FALSE] * (width - len(number))):
        other = less >> k & 1
        low, carry = builder.add(bit, other, carry)
        bits.append(low)
    return bits[:width]


def _constant(value: int, width: int) -> list[int]:
    return [value >> k & 1 for k in range(width)]


def output_names(circuit: Circuit, readout: Readout, outputs: str) -> list[str]:
    """What the outputs of `decision_circuit` are called: out_3, sum_2_0 (class, bit), label_1."""
    if outputs == "gates":
        return [f"out_{i}" for i in range(circuit.n_outputs)]
    if outputs == "sums":
        width = sum_width(totals(circuit, readout))
        return [f"sum_{c}_{k}" for c in range(readout.n_classes) for k in range(width)]
    n = readout.n_classes
    count = max(1, (n - 1).bit_length()) if readout.kind == "argmax" else n
    return [f"label_{k}" for k in range(count)]
