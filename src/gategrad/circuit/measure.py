"""Figures of a circuit: live gates, depth, and which functions its gates compute."""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit.functions import FUNCTIONS
from gategrad.circuit.ir import Circuit, arity
from gategrad.circuit.netlist import decompose, gate_levels, highest_level
from gategrad.circuit.readout import Readout

_LOW_HALVES = np.array(
    [
        0x5555555555555555,
        0x3333333333333333,
        0x0F0F0F0F0F0F0F0F,
        0x00FF00FF00FF00FF,
        0x0000FFFF0000FFFF,
        0x00000000FFFFFFFF,
    ],
    np.uint64,
)


def support_size(circuit: Circuit) -> NDArray[np.int64]:
    """How many operands each gate's table depends on, (G,)."""
    size = np.zeros(circuit.n_gates, np.int64)
    for j in range(circuit.width):
        differs = (circuit.table >> np.uint64(1 << j) ^ circuit.table) & _LOW_HALVES[j]
        inside = np.left_shift(1, arity(circuit.fanin)) > (1 << j)
        size += (differs != 0) & inside
    return size


def live_gates(circuit: Circuit) -> int:
    """Gates that depend on exactly two signals; a wider one counts as its `decompose`.

    Inverters, buffers and constants count 0, and so do the comparators of an encoder and the adders
    of the readout; `gategrad.model.whole_count` counts these as well. Call it on an optimized
    circuit: it does not look for dead or equal gates itself.
    """
    return int(np.count_nonzero(support_size(decompose(circuit)) == 2))


def adders(readout: Readout) -> int:
    """Full and half adders that sum the outputs of each class, bit by bit in binary.

    Of n bits of one weight, n // 2 adders leave one and carry n // 2 to the next weight. A weight
    counts as its binary digits, a negative one as that of the complemented output. Constants,
    such as the bias, cost nothing: what the sums are compared with absorbs them.
    """
    magnitude = np.abs(readout.weight.astype(np.int64))
    carried, total = np.zeros(readout.n_classes, np.int64), 0
    for bit in range(int(magnitude.max(initial=0)).bit_length() + 32):
        chosen = readout.rows[magnitude >> bit & 1 == 1]
        carried = (carried + np.bincount(chosen, minlength=readout.n_classes)) // 2
        total += int(carried.sum())
    return total


def depth(circuit: Circuit) -> int:
    """Gates of two or more inputs on the longest path from an input to an output.

    A wide gate is one; for the depth of what `live_gates` counts take `decompose(circuit)`.
    """
    return highest_level(circuit, gate_levels(circuit, support_size(circuit) >= 2))


def function_histogram(circuit: Circuit) -> dict[str, int]:
    """How many gates compute each function, most frequent first.

    Functions of up to two operands go by their names in `gategrad.circuit.FUNCTIONS`, such as
    "a-and-not-b", wider ones as "lut3" to "lut6".
    """
    names: Counter[str] = Counter()
    widths = arity(circuit.fanin)
    for width in range(circuit.width + 1):
        tables = circuit.table[widths == width]
        if width > 2:
            names[f"lut{width}"] += len(tables)
            continue
        for table, count in zip(*np.unique(tables, return_counts=True), strict=True):
            names[FUNCTIONS[_widen(int(table), width)].name] += int(count)
    return dict(sorted((+names).items(), key=lambda item: (-item[1], item[0])))


def _widen(table: int, width: int) -> int:
    """Table of `width` < 2 operands as one of two, independent of the added ones."""
    for j in range(width, 2):
        table |= table << (1 << j)
    return table
