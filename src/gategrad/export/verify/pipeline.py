"""A pipeline as one combinational circuit, if every path through it passes as many registers."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass


class Unbalanced(ValueError):
    """Paths of a pipeline that pass different numbers of registers."""


@dataclass(frozen=True)
class Graph:
    """An and-inverter graph with latches, by variable (half of a literal)."""

    inputs: dict[int, str]
    latches: dict[int, int]
    nodes: dict[int, tuple[int, int]]
    outputs: list[tuple[str, int]]


_SYMBOL = re.compile(r"^([ilo])(\d+) (?:\d+ )?(\S+?)$")


def read_ascii_aiger(text: str) -> Graph:
    """The graph of an ASCII AIGER file with symbols for all inputs and outputs."""
    lines = text.splitlines()
    _, n_inputs, n_latches, n_outputs, n_ands = map(int, lines[0].split()[1:6])
    place = iter(lines[1:])
    inputs = [int(next(place)) for _ in range(n_inputs)]
    latches = [tuple(map(int, next(place).split()))[:2] for _ in range(n_latches)]
    outputs = [int(next(place)) for _ in range(n_outputs)]
    ands = [tuple(map(int, next(place).split())) for _ in range(n_ands)]
    names: dict[tuple[str, int], str] = {}
    for line in place:
        if line == "c":
            break
        if found := _SYMBOL.match(line):
            names[found[1], int(found[2])] = found[3]
    return Graph(
        {literal >> 1: names["i", i] for i, literal in enumerate(inputs)},
        {own >> 1: following for own, following in latches},
        {own >> 1: (a, b) for own, a, b in ands},
        [(names["o", i], literal) for i, literal in enumerate(outputs)],
    )


def read_binary_aiger(content: bytes, inputs: Sequence[str], outputs: Sequence[str]) -> Graph:
    """The graph of a binary AIGER file without latches, whose ports have these names.

    Raises:
        ValueError, IndexError: it is cut off, or has latches.
    """
    head, _, rest = content.partition(b"\n")
    _, n_inputs, n_latches, n_outputs, n_ands = map(int, head.split()[1:6])
    if n_latches:
        raise ValueError("it has latches")
    lines = rest.split(b"\n", n_outputs)
    ends = [(name, int(line)) for name, line in zip(outputs, lines[:n_outputs], strict=True)]
    deltas = _deltas(lines[n_outputs], 2 * n_ands)
    nodes = {}
    for i, (first, second) in enumerate(zip(deltas[::2], deltas[1::2], strict=True)):
        own = n_inputs + 1 + i
        nodes[own] = 2 * own - first, 2 * own - first - second
    return Graph({i + 1: name for i, name in enumerate(inputs)}, {}, nodes, ends)


def _deltas(content: bytes, n: int) -> list[int]:
    """Numbers of seven bits a byte, lowest first; the last byte of each is below 128."""
    found: list[int] = []
    place = 0
    while len(found) < n:
        number = shift = 0
        while content[place] >= 128:
            number |= (content[place] & 127) << shift
            shift, place = shift + 7, place + 1
        found.append(number | content[place] << shift)
        place += 1
    return found


def combinational(graph: Graph, latency: int, *, high: Collection[str]) -> str:
    """The graph without its latches as BLIF, inputs and outputs in an order of their own.

    Args:
        graph: whose outputs all depend on its inputs through `latency` latches, or are constant.
        latency: that number.
        high: names of inputs that are constantly true; the clock is left out.

    Raises:
        Unbalanced: an output comes earlier or later, or operands of a node do.
    """
    delays = _delays(graph, high)
    for name, literal in graph.outputs:
        delay = delays[literal >> 1]
        if delay not in (None, latency):
            raise Unbalanced(f"{name} comes after {delay} registers")
    inputs = sorted((n for n in graph.inputs.values() if n not in {*high, "clk"}), key=_port_order)
    outputs = sorted((name for name, _ in graph.outputs), key=_port_order)
    return blif_of(graph, inputs, outputs, high=high)


def _delays(graph: Graph, high: Collection[str]) -> dict[int, int | None]:
    """Latches between the inputs and each variable; None where it is constant."""
    delays: dict[int, int | None] = {0: None}
    for variable, name in graph.inputs.items():
        delays[variable] = None if name in high else 0
    for variable in in_order(graph):
        if variable in graph.latches:
            below = delays[graph.latches[variable] >> 1]
            delays[variable] = None if below is None else below + 1
            continue
        below_it = (delays[literal >> 1] for literal in graph.nodes[variable])
        found = {delay for delay in below_it if delay is not None}
        if len(found) > 1:
            raise Unbalanced(f"a gate reads signals that come after {sorted(found)} registers")
        delays[variable] = found.pop() if found else None
    return delays


def in_order(graph: Graph) -> list[int]:
    """Latches and nodes, each behind what it reads.

    Raises:
        Unbalanced: a register reads what depends on it.
    """
    done: set[int] = {0, *graph.inputs}
    order: list[int] = []
    pending: set[int] = set()
    for _, literal in graph.outputs:
        stack = [literal >> 1]
        while stack:
            variable = stack[-1]
            if variable in done:
                stack.pop()
                continue
            below = [s for s in _read_by(graph, variable) if s not in done]
            if not below:
                done.add(variable)
                pending.discard(variable)
                order.append(variable)
                stack.pop()
            elif variable in pending:
                raise Unbalanced("a register depends on itself")
            else:
                pending.add(variable)
                stack += below
    return order


def _read_by(graph: Graph, variable: int) -> list[int]:
    if variable in graph.latches:
        return [graph.latches[variable] >> 1]
    return [literal >> 1 for literal in graph.nodes[variable]]


def blif_of(
    graph: Graph, inputs: Sequence[str], outputs: Sequence[str], *, high: Collection[str] = ()
) -> str:
    """The graph as BLIF with its ports in this order, a latch being what it reads.

    Args:
        graph: whose inputs are these, those in `high`, which are true, and others that are false.
        inputs: names of inputs.
        outputs: names of all outputs.
        high: names of inputs that are constantly true.
    """
    names = graph.inputs
    lines = [".model given", f".inputs {' '.join(inputs)}", f".outputs {' '.join(outputs)}"]
    lines.append(".names constant0")
    for name in sorted(set(names.values()) - set(inputs)):
        lines.append(f".names {name}" + ("\n1" if name in high else ""))
    of = {0: "constant0", **names}
    for variable in in_order(graph):
        own = of[variable] = f"v{variable}"
        if variable in graph.latches:
            literal = graph.latches[variable]
            lines.append(f".names {of[literal >> 1]} {own}\n{1 - (literal & 1)} 1")
        else:
            a, b = graph.nodes[variable]
            lines.append(_and(of[a >> 1], of[b >> 1], own, 1 - (a & 1), 1 - (b & 1)))
    lines += [
        f".names {of[literal >> 1]} {name}\n{1 - (literal & 1)} 1"
        for name, literal in graph.outputs
    ]
    return "\n".join([*lines, ".end"]) + "\n"


def _and(a: str, b: str, own: str, bit_a: int, bit_b: int) -> str:
    if a != b:
        return f".names {a} {b} {own}\n{bit_a}{bit_b} 1"
    # A table may not name one operand twice, nor have operands and no pattern.
    return f".names {a} {own}\n{bit_a} 1" if bit_a == bit_b else f".names {own}"


_PORTS = ("in_valid", "in_data", "out_valid", "out_label", "out_sums")


def _port_order(name: str) -> tuple[int, int]:
    base, _, index = name.rstrip("]").partition("[")
    return _PORTS.index(base) if base in _PORTS else -1, int(index or 0)
