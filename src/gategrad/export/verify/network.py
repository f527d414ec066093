"""Netlists as gates over literals, equal gates built once: what the second proof works on."""

from collections.abc import Iterator, Sequence
from random import Random

# Random patterns that a signature holds: literals that differ in one are no candidates.
_PATTERNS = 2048
Gate = tuple[int, tuple[int, ...]]


class Network:
    """Gates of up to six inputs; a literal is twice a variable, plus 1 for its complement.

    Variable 0 is false, variables 1 to `n_inputs` are the inputs.

    Attributes:
        gates: by variable, the truth table and the operands, variables whose literals are even.
        signature: by variable, its value for random inputs, a bit a pattern.
    """

    def __init__(self, n_inputs: int) -> None:
        self._all = (1 << _PATTERNS) - 1
        draw = Random(0)
        self.gates: list[Gate | None] = [None] * (1 + n_inputs)
        self.signature = [0, *(draw.getrandbits(_PATTERNS) for _ in range(n_inputs))]
        self._known: dict[Gate, int] = {}

    def gate(self, table: int, operands: Sequence[int]) -> int:
        """The literal of a function of literals; an equal gate, or an operand, where it is one."""
        table, variables = _reduced(table, operands)
        if not variables:
            return table & 1
        # Functions and their complements are one gate, the one that is 0 where all operands are.
        inverted = table & 1
        if inverted:
            table ^= (1 << (1 << len(variables))) - 1
        if len(variables) == 1:
            return 2 * variables[0] + inverted
        key = table, variables
        if key not in self._known:
            self._known[key] = len(self.gates)
            self.gates.append(key)
            self.signature.append(self._value(table, variables))
        return 2 * self._known[key] + inverted

    def _value(self, table: int, variables: tuple[int, ...]) -> int:
        found = 0
        for pattern in range(1 << len(variables)):
            if table >> pattern & 1:
                term = self._all
                for j, variable in enumerate(variables):
                    own = self.signature[variable]
                    term &= own if pattern >> j & 1 else own ^ self._all
                found |= term
        return found

    def normal(self, literal: int) -> tuple[int, int]:
        """The signature of a literal or of its complement, the one that is 0 first, and which."""
        own = self.signature[literal >> 1] ^ (self._all if literal & 1 else 0)
        return (own ^ self._all, 1) if own & 1 else (own, 0)


def _reduced(table: int, operands: Sequence[int]) -> tuple[int, tuple[int, ...]]:
    """The table over the distinct variables that it depends on, in rising order."""
    variables = sorted({literal >> 1 for literal in operands} - {0})
    table = _over(table, operands, variables, {0: 0})
    for variable in list(variables):
        others = [v for v in variables if v != variable]
        own = [2 * v for v in variables]
        low, high = (_over(table, own, others, {variable: value}) for value in (0, 1))
        if low == high:
            table, variables = low, others
    return table, tuple(variables)


def _over(table: int, operands: Sequence[int], variables: list[int], fixed: dict[int, int]) -> int:
    """The table of literals as one over `variables`, others having their value in `fixed`."""
    found = 0
    for pattern in range(1 << len(variables)):
        value = fixed | {v: pattern >> j & 1 for j, v in enumerate(variables)}
        index = sum((value[s >> 1] ^ (s & 1)) << j for j, s in enumerate(operands))
        found |= (table >> index & 1) << pattern
    return found


def read_blif(text: str) -> tuple[list[str], list[str], dict[str, tuple[list[str], int]]]:
    """Inputs, outputs, and by name the operands and truth table, of BLIF with `.names` alone.

    Raises:
        ValueError: a line of another kind, or a cover with both values.
    """
    inputs: list[str] = []
    outputs: list[str] = []
    covers: dict[str, tuple[list[str], int]] = {}
    lines = [line.split() for line in text.replace("\\\n", " ").splitlines()]
    rows = [words for words in lines if words and not words[0].startswith("#")]
    for start, (head, *words) in enumerate(rows):
        if head == ".inputs":
            inputs += words
        elif head == ".outputs":
            outputs += words
        elif head == ".names":
            *operands, name = words
            covers[name] = operands, _table(len(operands), _cubes(rows, start + 1))
        elif head.startswith(".") and head not in (".model", ".end"):
            raise ValueError(f"{head} is none of the lines of a combinational circuit")
    return inputs, outputs, covers


def _cubes(rows: list[list[str]], start: int) -> Iterator[list[str]]:
    for row in rows[start:]:
        if row[0].startswith("."):
            return
        yield row


def _table(n: int, cubes: Iterator[list[str]]) -> int:
    found, values = 0, set()
    for cube in cubes:
        pattern, value = "".join(cube[:-1]), cube[-1]
        values.add(value)
        if len(pattern) != n or n > 6:
            raise ValueError(f"a pattern of {len(pattern)} for {n} operands")
        for row in range(1 << n):
            if all(bit in ("-", str(row >> j & 1)) for j, bit in enumerate(pattern)):
                found |= 1 << row
    if len(values) > 1:
        raise ValueError("a table with patterns of both values")
    return found ^ ((1 << (1 << n)) - 1) if values == {"0"} else found


def in_order(inputs: Sequence[str], covers: dict[str, tuple[list[str], int]]) -> list[str]:
    """Names of covers, each behind those that it reads.

    Raises:
        ValueError: a name that nothing defines, or one that depends on itself.
    """
    done, order, pending = set(inputs), [], set()
    for root in covers:
        stack = [root]
        while stack:
            name = stack[-1]
            if name in done:
                stack.pop()
                continue
            if name not in covers:
                raise ValueError(f"nothing defines {name}")
            below = [s for s in covers[name][0] if s not in done]
            if not below:
                done.add(name)
                order.append(name)
                stack.pop()
            elif name in pending:
                raise ValueError(f"{name} depends on itself")
            else:
                pending.add(name)
                stack += below
    return order
