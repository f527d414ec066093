"""The model as BLIF by other means than the exporters', to compare them with.

Written from the model's definition alone: comparisons bit by bit, gates as their minterms, sums
by adders and comparisons of its own. It shares no code with `export.blif`,
`export.builder` or `export.arithmetic`. What it takes over is the order in which bits are added,
how many at a time, and the form of a full adder in each format (`FORMS`): equivalence checkers find
equal inner points where adders are alike, and give up on sums of hundreds of terms where they
aren't. A form is no matter of trust: whatever a full adder of the file computes, it is compared
with this one.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import Circuit, Readout, arity

# How full adders and comparisons are put together: of tables of two inputs; of ands, exclusive or
# being three of them; or with three products a carry, exclusive or as before.
FORMS = ("tables", "gates", "products")


@dataclass
class Reference:
    """Lines of BLIF that grow: each method adds what computes a name, and returns it.

    Attributes:
        form: of full adders, one of `FORMS`.
        at_once: bits of a column that are added together, three or up to six.
    """

    form: str = "tables"
    at_once: int = 3
    lines: list[str] = field(default_factory=list)

    def new(self, operands: Sequence[str], cubes: Sequence[str]) -> str:
        """The name of a table that is 1 on `cubes`, a `0`, `1` or `-` an operand."""
        name = f"r{len(self.lines)}"
        # Some readers refuse a table with operands and no cube.
        operands = operands if cubes else ()
        cover = "".join(f"{cube} 1\n" for cube in cubes) if operands else "1\n" * bool(cubes)
        self.lines.append(f".names {' '.join([*operands, name])}\n{cover}")
        return name

    def constant(self, value: int) -> str:
        """0 or 1."""
        return self.new((), ("",) if value else ())

    def text(self, inputs: Sequence[str], outputs: Sequence[tuple[str, str]]) -> str:
        """The whole model: outputs are pairs of a name and what it is."""
        head = f".model reference\n.inputs {' '.join(inputs)}\n"
        names = f".outputs {' '.join(name for name, _ in outputs)}\n"
        wires = "".join(f".names {source} {name}\n1 1\n" for name, source in outputs)
        return head + names + "".join(self.lines) + wires + ".end\n"


def gates(made: Reference, circuit: Circuit, inputs: Sequence[str]) -> list[str]:
    """What each output of a circuit is called, its inputs having the given names."""
    names = [made.constant(0), made.constant(1), *inputs]
    for operands, n, table in zip(
        circuit.fanin.tolist(), arity(circuit.fanin).tolist(), circuit.table.tolist(), strict=True
    ):
        names.append(_gate(made, table, [names[s] for s in operands[:n]]))
    return [names[s] for s in circuit.outputs.tolist()]


def _gate(made: Reference, table: int, operands: Sequence[str]) -> str:
    """A truth table as its minterms, or the complement of the others where those are fewer."""
    patterns = ["".join(bits)[::-1] for bits in product("01", repeat=len(operands))]
    ones = [text for i, text in enumerate(patterns) if table >> i & 1]
    zeros = [text for i, text in enumerate(patterns) if not table >> i & 1]
    if len(ones) <= len(zeros) or not zeros:
        return made.new(operands, ones) if zeros else made.constant(1)
    return made.new([made.new(operands, zeros)], ["0"])


def sums(
    made: Reference, readout: Readout, outputs: Sequence[str]
) -> tuple[list[list[str]], int, int]:
    """Names of the bits of each sum plus a lift that keeps it from being negative.

    Returns:
        Bits of each class, lowest first; the lift; and the least width of the sums themselves in
        two's complement.
    """
    low, high = _range(readout)
    lift, width = -min(low), max(1, (max(high) - min(low)).bit_length())
    numbers = [_sum(made, readout, c, outputs, lift, width) for c in range(readout.n_classes)]
    top = 2**width - 1 - lift
    signed = 1 + max(v.bit_length() for v in (top, lift - 1 if lift > 0 else 0))
    return numbers, lift, signed


def _range(readout: Readout) -> tuple[list[int], list[int]]:
    low, high = [], []
    for c in range(readout.n_classes):
        weights = readout.weight[readout.indptr[c] : readout.indptr[c + 1]].tolist()
        low.append(int(readout.bias[c]) + sum(w for w in weights if w < 0))
        high.append(int(readout.bias[c]) + sum(w for w in weights if w > 0))
    return low, high


def _sum(
    made: Reference, readout: Readout, c: int, outputs: Sequence[str], lift: int, width: int
) -> list[str]:
    row = range(int(readout.indptr[c]), int(readout.indptr[c + 1]))
    terms = [(outputs[readout.index[i]], int(readout.weight[i])) for i in row]
    start = int(readout.bias[c]) + lift + sum(w for _, w in terms if w < 0)
    waiting: list[deque[str]] = [deque() for _ in range(width + 2)]
    for k in range(width):
        if start >> k & 1:
            waiting[k].append(made.constant(1))
        waiting[k].extend(name for name, w in terms if w > 0 and w >> k & 1)
        # -|w| x is |w| (1 - x) - |w|, whose last part `start` has.
        waiting[k].extend(made.new([name], ["0"]) for name, w in terms if w < 0 and -w >> k & 1)
    bits = []
    for k in range(width):
        bits.append(_reduce(made, *waiting[k : k + 3]))
    return bits


def _reduce(
    made: Reference, column: deque[str], next_column: deque[str], last_column: deque[str]
) -> str:
    """One bit of a column; its carries go to the next ones."""
    while len(column) >= 2:
        some = [column.popleft() for _ in range(min(made.at_once, len(column)))]
        low, *carries = _added(made, some[:3])
        if rest := some[3:]:
            low_of_rest, *more = _added(made, rest)
            low, *last = _added(made, [low, low_of_rest])
            carry, carry_of_carries = _added(made, carries + more + last)
            carries = [carry]
            last_column.append(carry_of_carries)
        column.append(low)
        next_column.extend(carries)
    return column[0] if column else made.constant(0)


def _added(made: Reference, bits: Sequence[str]) -> tuple[str, ...]:
    """Sum and carry of up to three bits; of a single one no carry."""
    if len(bits) == 1:
        return (bits[0],)
    return _half(made, *bits) if len(bits) == 2 else _ADDERS[made.form](made, *bits)


def _half(made: Reference, a: str, b: str) -> tuple[str, str]:
    return _differ(made, a, b), made.new([a, b], ["11"])


def _differ(made: Reference, a: str, b: str) -> str:
    if made.form == "tables":
        return made.new([a, b], ["10", "01"])
    both, neither = made.new([a, b], ["11"]), made.new([a, b], ["00"])
    return made.new([both, neither], ["00"])


def _by_gates(made: Reference, a: str, b: str, c: str) -> tuple[str, str]:
    first = _differ(made, a, b)
    both, passed = made.new([a, b], ["11"]), made.new([first, c], ["11"])
    return _differ(made, first, c), made.new([both, passed], ["1-", "-1"])


def _by_products(made: Reference, a: str, b: str, c: str) -> tuple[str, str]:
    odd = _differ(made, _differ(made, a, b), c)
    ab, ac, bc = (made.new(pair, ["11"]) for pair in ([a, b], [a, c], [b, c]))
    return odd, made.new([made.new([ab, ac], ["1-", "-1"]), bc], ["1-", "-1"])


_ADDERS = dict(zip(FORMS, (_by_gates, _by_gates, _by_products), strict=True))


def above(made: Reference, a: Sequence[str], b: Sequence[str]) -> str:
    """Whether a > b, from the lowest bit up: the highest bit in which they differ decides."""
    decided = made.constant(0)
    for bit_a, bit_b in zip(a, b, strict=True):
        decided = _step(made, bit_a, bit_b, decided)
    return decided


def _step(made: Reference, a: str, b: str, before: str) -> str:
    """A > b, or `before` where they are equal."""
    more = made.new([a, b], ["10"])
    if made.form != "products":
        open_ = made.new([a, b], ["1-", "-0"])
    else:
        open_ = made.new([_differ(made, a, b)], ["0"])
    return made.new([more, made.new([open_, before], ["11"])], ["1-", "-1"])


def _pick(made: Reference, a: str, b: str, second: str) -> str:
    """`b` where `second` is true, else `a`."""
    parts = made.new([b, second], ["11"]), made.new([a, second], ["10"])
    return made.new(parts, ["1-", "-1"])


def greatest(made: Reference, numbers: list[list[str]]) -> list[str]:
    """Bits, lowest first, of the lowest index of the greatest number."""
    width = max(1, (len(numbers) - 1).bit_length())
    field_of = [
        (number, [made.constant(i >> k & 1) for k in range(width)])
        for i, number in enumerate(numbers)
    ]
    while len(field_of) > 1:
        winners = []
        for i in range(0, len(field_of) - 1, 2):
            (a, index_a), (b, index_b) = field_of[i], field_of[i + 1]
            second = above(made, b, a)
            pairs = zip([*a, *index_a], [*b, *index_b], strict=True)
            bits = [_pick(made, x, y, second) for x, y in pairs]
            winners.append((bits[: len(a)], bits[len(a) :]))
        field_of = winners + field_of[len(field_of) - len(field_of) % 2 :]
    return field_of[0][1]


def minus(made: Reference, number: Sequence[str], less: int, width: int) -> list[str]:
    """`number - less` in two's complement of `width` bits, a borrow from bit to bit."""
    zero = made.constant(0)
    bits, borrow = [], zero
    for k in range(width):
        bit = number[k] if k < len(number) else zero
        if less >> k & 1:
            bits.append(made.new([bit, borrow], ["00", "11"]))
            borrow = made.new([bit, borrow], ["0-", "-1"])
        else:
            bits.append(made.new([bit, borrow], ["10", "01"]))
            borrow = made.new([bit, borrow], ["01"])
    return bits


def at_least(made: Reference, value: Sequence[str], least: int, *, signed: bool) -> str:
    """Whether the integer with these bits, lowest first, is at least a constant."""
    bits = list(value)
    if signed:
        # Adding half of the range to both makes them unsigned.
        bits[-1] = made.new([bits[-1]], ["0"])
        least += 1 << (len(bits) - 1)
    if least <= 0:
        return made.constant(1)
    if least >= 1 << len(bits):
        return made.constant(0)
    return above(made, bits, [made.constant(least - 1 >> k & 1) for k in range(len(bits))])


def decision(
    made: Reference, readout: Readout, outputs: Sequence[str], wanted: str
) -> list[tuple[str, str]]:
    """Pairs of an output's name and what it is, for "gates", "sums" or "label"."""
    if wanted == "gates":
        return [(f"out_{i}", name) for i, name in enumerate(outputs)]
    numbers, lift, signed = sums(made, readout, outputs)
    if wanted == "sums":
        return [
            (f"sum_{c}_{k}", bit)
            for c, number in enumerate(numbers)
            for k, bit in enumerate(minus(made, number, lift % (1 << signed), signed))
        ]
    if readout.kind == "argmax":
        return [(f"label_{k}", bit) for k, bit in enumerate(greatest(made, numbers))]
    limit = [[made.constant(lift >> k & 1) for k in range(len(n))] for n in numbers]
    return [
        (f"label_{c}", above(made, n, zero))
        for c, (n, zero) in enumerate(zip(numbers, limit, strict=True))
    ]


def reference_blif(circuit: Circuit, readout: Readout, wanted: str, form: str = "tables") -> str:
    """The circuit on inputs `in_J`, with what is wanted of its readout, as BLIF."""
    made = Reference(form)
    inputs = [f"in_{j}" for j in range(circuit.n_inputs)]
    return made.text(inputs, decision(made, readout, gates(made, circuit, inputs), wanted))


def threshold_inputs(
    made: Reference,
    feature: NDArray[np.uint32],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    values: Sequence[Sequence[str]],
    *,
    fraction: int,
    signed: bool,
) -> list[str]:
    """Bits `low < x[feature] <= high` of fixed-point values; NaN is an end that is not there."""
    found = []
    for f, below, top in zip(feature.tolist(), low.tolist(), high.tolist(), strict=True):
        bit = made.constant(1)
        if below == below:
            bit = _exceeds(made, values[f], below, fraction, signed=signed)
        if top == top:
            over = _exceeds(made, values[f], top, fraction, signed=signed)
            bit = made.new([bit, over], ["10"])
        found.append(bit)
    return found


def _exceeds(
    made: Reference, value: Sequence[str], limit: float, fraction: int, *, signed: bool
) -> str:
    """Whether x > limit, x being the integer of these bits over 2 to the `fraction`."""
    scaled = np.ldexp(limit, fraction)
    if np.isinf(scaled):
        return made.constant(int(scaled < 0))
    return at_least(made, value, int(np.floor(scaled)) + 1, signed=signed)
