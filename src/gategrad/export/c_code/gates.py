"""Gates of two inputs as C, and as tables of slots in runs of one function."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import Circuit, arity
from gategrad.export.slots import Slots

# C of the 16 functions by truth table, of words A and B; ZERO is the word without a 1.
FUNCTIONS = (
    "ZERO", "~(A | B)", "A & ~B", "~B", "~A & B", "~A", "A ^ B", "~(A & B)",
    "A & B", "~(A ^ B)", "A", "A | ~B", "B", "~A | B", "A | B", "~ZERO",
)  # fmt: skip
_PER_LINE = 16


def full_tables(circuit: Circuit) -> NDArray[np.int64]:
    """Truth tables (G,) of a circuit of at most two inputs a gate, as functions of two."""
    table = circuit.table.astype(np.int64)
    n = arity(circuit.fanin)
    table = np.where(n == 0, table * 0b1111, table)
    return np.where(n == 1, (table & 1) * 0b0101 | (table >> 1 & 1) * 0b1010, table)


def placed(
    circuit: Circuit, slots: Slots, order: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Gates in `order`, behind those that make the constants which anything reads.

    Returns:
        Truth tables (N,) as functions of two, and slots (N, 3) of both operands and the gate.
    """
    constants = [(table, int(slots.of[signal])) for signal, table in ((0, 0), (1, 15))]
    constants = [(table, slot) for table, slot in constants if slot >= 0]
    tables = np.array([table for table, _ in constants], np.int64)
    places = np.array([(0, 0, slot) for _, slot in constants], np.int64).reshape(-1, 3)
    return (
        np.concatenate([tables, full_tables(circuit)[order]]),
        np.concatenate([places, _operands(circuit, slots)[order]]),
    )


def _operands(circuit: Circuit, slots: Slots) -> NDArray[np.int64]:
    """Slots (G, 3) of each gate's operands and of itself; 0 for an operand it lacks."""
    found = np.zeros((circuit.n_gates, 3), np.int64)
    used = np.arange(circuit.width) < arity(circuit.fanin)[:, None]
    found[:, : circuit.width] = np.where(used, slots.of[circuit.fanin.astype(np.int64)], 0)
    found[:, 2] = slots.of[circuit.n_signals - circuit.n_gates :]
    return found


def cases() -> str:
    """The branches of the switch over functions in `runs.c.in`."""
    lines = []
    for table, text in enumerate(FUNCTIONS):
        value = text.replace("ZERO", "zero").replace("A", "a").replace("B", "b")
        lines += [f"      case {table}:", f"        @NAME@_EACH({value});"]
    return "\n".join(lines)


def runs(tables: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Consecutive gates of one function: `(count, table)`."""
    if not len(tables):
        return []
    starts = np.flatnonzero(np.diff(tables, prepend=-1))
    counts = np.diff(starts, append=len(tables))
    return list(zip(counts.tolist(), tables[starts].tolist(), strict=True))


def numbers(values: NDArray | list, empty: str = "0") -> str:
    """Values of an array initializer, in lines; `empty` where there are none."""
    texts = [str(v) for v in (values.tolist() if isinstance(values, np.ndarray) else values)]
    return "\n" + ",\n".join(_lines(texts)) + "\n" if texts else empty


def _lines(texts: list[str]) -> Iterator[str]:
    for first in range(0, len(texts), _PER_LINE):
        yield "  " + ", ".join(texts[first : first + _PER_LINE])
