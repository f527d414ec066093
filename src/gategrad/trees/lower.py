"""From a forest to a circuit: what each split asks, the trees as gates, and their sums.

Trees become gates in the core (`native/trees/grow.h`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gategrad import _core
from gategrad.circuit import N_CONSTANTS, Circuit, Readout
from gategrad.trees.forest import LEAF, Forest
from gategrad.trees.integers import Integers

# Truth tables: one comparison without a later one, either.
AND_NOT, OR = 0b0010, 0b1110


class Gates:
    """Gates of two operands in front of the trees."""

    def __init__(self, n_inputs: int) -> None:
        self.next = N_CONSTANTS + n_inputs
        self.fanin = [np.zeros((0, 2), np.uint32)]
        self.table = [np.zeros(0, np.uint64)]

    def add(self, a: NDArray, b: NDArray, table: int) -> NDArray[np.int64]:
        """The signals of gates with these operands."""
        self.fanin.append(np.stack([a, b], axis=1).astype(np.uint32))
        self.table.append(np.full(len(a), table, np.uint64))
        signals = np.arange(self.next, self.next + len(a))
        self.next += len(a)
        return signals


@dataclass(frozen=True, eq=False)
class Digits:
    """Digit `place[i]` of what tree `tree[i]` adds is `signal[i]`, complemented where `inverted`.

    `constant` (T,) is added besides.
    """

    tree: NDArray[np.int64]
    place: NDArray[np.int64]
    signal: NDArray[np.int64]
    inverted: NDArray[np.uint8]
    constant: NDArray[np.int64]


def circuit_of(forest: Forest, integers: Integers) -> tuple[Circuit, Readout]:
    """The circuit behind `forest.encoder` whose sums are those of `integers`.

    Args:
        forest: the trees.
        integers: whole numbers in place of their leaves' values.
    """
    gates = Gates(forest.encoder.n_inputs)
    decision = _decisions(forest, gates)
    nodes = (forest.feature == LEAF, forest.child, forest.roots, decision, integers.value)
    fanin, table, digits = _core.grow_trees(*nodes, gates.next)
    readout, outputs = _readout(forest, integers, [Digits(*found) for found in digits])
    fanin = np.concatenate([*gates.fanin, fanin])
    table = np.concatenate([*gates.table, table])
    return Circuit(forest.encoder.n_inputs, fanin, table, outputs), readout


def _decisions(forest: Forest, gates: Gates) -> NDArray[np.int64]:
    """The signal that sends rows to child 1, of each node; 0 where nothing does."""
    place = forest.places + N_CONSTANTS
    first, count = forest.first_cut[:-1], np.diff(forest.first_cut)
    signal = np.zeros(len(forest.feature), np.int64)
    signal[count > 0] = place[first[count > 0]]
    two = np.flatnonzero(count == 2)
    pairs, which = np.unique(place[first[two]] << 32 | place[first[two] + 1], return_inverse=True)
    signal[two] = gates.add(pairs >> 32, pairs & 0xFFFFFFFF, AND_NOT)[which]
    more = np.flatnonzero(count > 2)
    sets = [tuple(place[first[i] : first[i] + count[i]].tolist()) for i in more.tolist()]
    known = list(dict.fromkeys(sets))
    odd = dict(zip(known, _odd(known, gates), strict=True))
    signal[more] = [odd[asked] for asked in sets]
    return signal


def _odd(sets: list[tuple[int, ...]], gates: Gates) -> list[int]:
    """Whether an odd number of rising comparisons is true: of those, a later one has the earlier.

    Two and two are an interval, and intervals are joined by OR; all sets together, round by round.
    """
    parts, table = [list(asked) for asked in sets], AND_NOT
    while any(len(asked) > 1 for asked in parts):
        a = [signal for asked in parts for signal in asked[0 : len(asked) // 2 * 2 : 2]]
        b = [signal for asked in parts for signal in asked[1::2]]
        made = iter(gates.add(np.array(a), np.array(b), table).tolist())
        parts = [
            [next(made) for _ in range(len(asked) // 2)] + asked[len(asked) // 2 * 2 :]
            for asked in parts
        ]
        table = OR
    return [asked[0] for asked in parts]


def _readout(
    forest: Forest, integers: Integers, digits: list[Digits]
) -> tuple[Readout, NDArray[np.int64]]:
    """Add the digits of all trees; outputs come in the order of the sums that read them."""
    target = forest.target
    sums, bias = [], integers.base.copy()
    for v, found in enumerate(digits):
        of_tree = np.full(forest.n_trees, v) if target is None else target
        np.add.at(bias, of_tree, found.constant)
        weight = np.where(found.inverted, -1, 1) << found.place
        np.add.at(bias, of_tree[found.tree], np.where(found.inverted, -weight, 0))
        sums.append((of_tree[found.tree], found.signal, weight))
    row, signal, weight = (np.concatenate(parts) for parts in zip(*sums, strict=True))
    order = np.argsort(row, kind="stable")
    counts = np.bincount(row, minlength=forest.n_sums)
    readout = Readout(
        kind=forest.kind,
        indptr=np.concatenate([[0], np.cumsum(counts)]),
        index=np.arange(len(row), dtype=np.uint32),
        weight=weight[order].astype(np.int32),
        bias=bias.astype(np.int32),
        scale=np.full(forest.n_sums, integers.scale, np.float32),
        offset=integers.offset,
    )
    return readout, signal[order]
