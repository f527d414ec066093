"""A small circuit as rules that people read: expressions over columns, thresholds, categories."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from gategrad.circuit import N_CONSTANTS, Netlist
from gategrad.export.dot import input_names
from gategrad.export.source import Source

MOST_GATES = 64
"""Gates of a circuit whose rules are still read; of more nobody keeps track."""

Term = tuple[int, int]
"""The operands that a product looks at, and what they are, each as bits."""


def rules(model: Source) -> list[str]:
    """Lines: gates that several read, by name; then for each class what its sum counts.

    Args:
        model: a `gategrad.Model`; optimize it first.
    """
    circuit, net = model.circuit, Netlist(model.circuit)
    named = {s: str(s == 1).lower() for s in range(N_CONSTANTS)}
    named |= {N_CONSTANTS + j: f"[{name}]" for j, name in enumerate(input_names(model))}
    read = circuit.outputs[model.readout.index]
    readers = net.fan_out + np.bincount(read, minlength=circuit.n_signals)
    lines = []
    for gate in range(circuit.n_gates):
        signal = net.first_gate + gate
        operands = [named[s] for s in net.operands(gate).tolist()]
        text = expression(int(circuit.table[gate]), operands)
        if readers[signal] > 1:
            lines.append(f"g{gate} = {text}")
            named[signal] = f"g{gate}"
        else:
            named[signal] = f"({text})"
    return lines + [_sum(model, number, named) for number in range(model.readout.n_classes)]


def expression(table: int, operands: Sequence[str]) -> str:
    """A truth table as text: products of operands, joined by "or", as few as cover it.

    Examples:
        >>> expression(0b1000, ["a", "b"]), expression(0b0110, ["a", "b"])
        ('a and b', 'a differs from b')
        >>> expression(0b11101000, ["a", "b", "c"])
        '(a and b) or (a and c) or (b and c)'
    """
    n = len(operands)
    if n == 2 and table in (0b0110, 0b1001):
        return f"{operands[0]} {'differs from' if table == 0b0110 else 'equals'} {operands[1]}"
    if table in (0, (1 << (1 << n)) - 1):
        return "true" if table else "false"
    terms = [_product(term, operands) for term in _cover(table, n)]
    if len(terms) == 1:
        return terms[0]
    return " or ".join(f"({term})" if " and " in term else term for term in terms)


def _product(term: Term, operands: Sequence[str]) -> str:
    read, values = term
    parts = [
        name if values >> j & 1 else f"not {name}"
        for j, name in enumerate(operands)
        if read >> j & 1
    ]
    return " and ".join(parts)


def _cover(table: int, n: int) -> list[Term]:
    """Few of the largest products that are true only where the table is, and cover it."""
    ones = {pattern for pattern in range(1 << n) if table >> pattern & 1}
    primes: list[tuple[Term, set[int]]] = []
    for size in range(1, n + 1):
        for chosen in combinations(range(n), size):
            read = sum(1 << j for j in chosen)
            for values in sorted({pattern & read for pattern in ones}):
                met = {p for p in range(1 << n) if p & read == values}
                if met <= ones and not any(met <= other for _, other in primes):
                    primes.append(((read, values), met))
    found, left = [], set(ones)
    while left:
        term, met = max(primes, key=lambda prime: len(prime[1] & left))
        found.append(term)
        left -= met
    return sorted(found, key=lambda term: ([j for j in range(n) if term[0] >> j & 1], -term[1]))


def _sum(model: Source, number: int, named: dict[int, str]) -> str:
    readout = model.readout
    entries = slice(int(readout.indptr[number]), int(readout.indptr[number + 1]))
    parts = []
    for index, weight in zip(readout.index[entries], readout.weight[entries].tolist(), strict=True):
        text = named[int(model.circuit.outputs[index])]
        parts.append(f"{weight:+d} if {text}")
    binary = readout.kind == "binary"
    labels = model.labels or [f"class {c}" for c in range(readout.n_classes + binary)]
    name = f"{labels[number + binary]}{', where above 0' * binary}"
    return f"{name}: {int(readout.bias[number])} {' '.join(parts)}".rstrip()
