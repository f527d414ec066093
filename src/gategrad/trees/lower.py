"""From a forest to a circuit: a gate for each child, and the digits of each tree's value.

One leaf of a tree is reached, so the binary digits of its value are ORs of leaves, which cost less
than to add every leaf. A digit that all leaves below a split have is the split itself, and one that
most leaves of a tree have is made of the others and counted as its complement.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import N_CONSTANTS, Circuit, Readout
from gategrad.trees.forest import LEAF, Forest
from gategrad.trees.integers import Integers

# Truth tables: parent and decision, parent and not decision, either.
NOT, AND, AND_NOT, OR = 0b01, 0b1000, 0b0010, 0b1110


class Gates:
    """Gates of up to two operands, added level by level, and when each is to be evaluated.

    Tree by tree and depth first, so that few values are kept at a time.
    """

    def __init__(self, n_inputs: int) -> None:
        self._first = self.next = N_CONSTANTS + n_inputs
        self._fanin: list[NDArray[np.int64]] = []
        self._table: list[NDArray[np.int64]] = []
        self._time: list[NDArray[np.int64]] = []

    def add(self, a: NDArray, b: NDArray, table: int, time: NDArray[np.int64]) -> NDArray[np.int64]:
        """The signals of gates with these operands; b is 0 for a gate of one."""
        self._fanin.append(np.stack([a, b], axis=1))
        self._time.append(time)
        self._table.append(np.broadcast_to(table, len(a)))
        signals = np.arange(self.next, self.next + len(a))
        self.next += len(a)
        return signals

    def circuit(self, n_inputs: int, outputs: NDArray[np.int64]) -> Circuit:
        """The gates in their order; `outputs` are signals that `add` gave."""
        none = np.zeros(0, np.int64)
        order = np.argsort(np.concatenate([none, *self._time]), kind="stable")
        moved = np.arange(self.next)
        moved[self._first + order] = self._first + np.arange(len(order))
        fanin = np.concatenate([np.zeros((0, 2), np.int64), *self._fanin])[order]
        table = np.concatenate([none, *self._table])[order]
        return Circuit(n_inputs, moved[fanin], table, moved[outputs])


def circuit_of(forest: Forest, integers: Integers) -> tuple[Circuit, Readout]:
    """The circuit behind `forest.encoder` whose sums are those of `integers`.

    Args:
        forest: the trees.
        integers: whole numbers in place of their leaves' values.
    """
    gates = Gates(forest.encoder.n_inputs)
    levels = list(forest.levels())
    times = _times(forest, levels)
    reached = _reached(forest, levels, gates, times[0])
    digits = [
        _digits(forest, levels, reached, gates, integers.value[:, v], times[1])
        for v in range(forest.value.shape[1])
    ]
    readout, outputs = _readout(forest, integers, digits)
    return gates.circuit(forest.encoder.n_inputs, outputs), readout


def _times(
    forest: Forest, levels: list[NDArray[np.int64]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """When each node is entered and left, (N,) each, where all trees are walked depth first."""
    steps = np.full(len(forest.feature), 2)
    for nodes in reversed(levels):
        steps[nodes] += steps[forest.child[nodes]].sum(axis=1)
    enter = np.zeros(len(steps), np.int64)
    enter[forest.roots] = np.cumsum(steps[forest.roots]) - steps[forest.roots]
    for nodes in levels:
        low, high = forest.child[nodes].T
        enter[low] = enter[nodes] + 1
        enter[high] = enter[low] + steps[low]
    return enter, enter + steps - 1


def _decisions(forest: Forest, gates: Gates) -> NDArray[np.int64]:
    """The signal that sends rows to child 1, of each node; 0 where nothing does."""
    place = _places(forest) + N_CONSTANTS
    first, count = forest.first_cut[:-1], np.diff(forest.first_cut)
    signal = np.zeros(len(forest.feature), np.int64)
    signal[count > 0] = place[first[count > 0]]
    two = np.flatnonzero(count == 2)
    pairs, which = np.unique(place[first[two]] << 32 | place[first[two] + 1], return_inverse=True)
    signal[two] = _before_trees(gates, pairs >> 32, pairs & 0xFFFFFFFF, AND_NOT)[which]
    more = np.flatnonzero(count > 2)
    sets = [tuple(place[first[i] : first[i] + count[i]].tolist()) for i in more.tolist()]
    known = list(dict.fromkeys(sets))
    odd = dict(zip(known, _odd(known, gates), strict=True))
    signal[more] = [odd[asked] for asked in sets]
    return signal


def _places(forest: Forest) -> NDArray[np.int64]:
    """Which bit of the encoder each cut is."""
    encoder = forest.encoder
    feature = np.repeat(forest.feature, np.diff(forest.first_cut))
    place = np.zeros(len(feature), np.int64)
    order = np.argsort(feature, kind="stable")
    begins = np.searchsorted(feature[order], np.arange(forest.n_features + 1))
    starts = np.searchsorted(encoder.feature, np.arange(forest.n_features + 1))
    for f in np.unique(encoder.feature).tolist():
        own = order[begins[f] : begins[f + 1]]
        least = encoder.least[starts[f] : starts[f + 1]]
        place[own] = starts[f] + np.searchsorted(least, forest.cuts[own])
    return place


def _odd(sets: list[tuple[int, ...]], gates: Gates) -> list[int]:
    """Whether an odd number of rising comparisons is true: of those, a later one has the earlier.

    Two and two are an interval, and intervals are joined by OR; all sets together, round by round.
    """
    parts, table = [list(asked) for asked in sets], AND_NOT
    while any(len(asked) > 1 for asked in parts):
        a = [signal for asked in parts for signal in asked[0 : len(asked) // 2 * 2 : 2]]
        b = [signal for asked in parts for signal in asked[1::2]]
        made = iter(_before_trees(gates, np.array(a), np.array(b), table).tolist())
        parts = [
            [next(made) for _ in range(len(asked) // 2)] + asked[len(asked) // 2 * 2 :]
            for asked in parts
        ]
        table = OR
    return [asked[0] for asked in parts]


def _before_trees(
    gates: Gates, a: NDArray[np.int64], b: NDArray[np.int64], table: int
) -> NDArray[np.int64]:
    """Gates that come before all trees, since several may ask the same."""
    return gates.add(a, b, table, np.full(len(a), -1))


def _reached(
    forest: Forest, levels: list[NDArray[np.int64]], gates: Gates, enter: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The signal that says whether a row comes through each node."""
    decision = _decisions(forest, gates)
    reached = np.zeros(len(forest.feature), np.int64)
    reached[forest.roots] = 1
    for nodes in levels:
        never = decision[nodes] == 0
        reached[forest.child[nodes[never], 0]] = reached[nodes[never]]
        for asked, first in ((nodes[~never], False), (nodes[~never], True)):
            _children(forest, asked, first, decision, reached, gates, enter)
    return reached


def _children(
    forest: Forest,
    nodes: NDArray[np.int64],
    first: bool,
    decision: NDArray[np.int64],
    reached: NDArray[np.int64],
    gates: Gates,
    enter: NDArray[np.int64],
) -> None:
    """Set what says whether a row comes through the first, or through the other child."""
    above, asked = reached[nodes], decision[nodes]
    child = forest.child[nodes, 1 if first else 0]
    always, never = above == 1, above == 0
    if first:
        reached[child[always]] = asked[always]
    else:
        none = np.zeros(int(always.sum()), np.int64)
        reached[child[always]] = gates.add(asked[always], none, NOT, enter[child[always]])
    rest = ~always & ~never
    table = AND if first else AND_NOT
    reached[child[rest]] = gates.add(above[rest], asked[rest], table, enter[child[rest]])


@dataclass(frozen=True, eq=False)
class Digits:
    """Digit `place[i]` of what tree `tree[i]` adds is `signal[i]`, complemented where `inverted`.

    `constant` (T,) is added besides.
    """

    tree: NDArray[np.int64]
    place: NDArray[np.int64]
    signal: NDArray[np.int64]
    inverted: NDArray[np.bool_]
    constant: NDArray[np.int64]


def _digits(
    forest: Forest,
    levels: list[NDArray[np.int64]],
    reached: NDArray[np.int64],
    gates: Gates,
    value: NDArray[np.int64],
    leave: NDArray[np.int64],
) -> Digits:
    """The digits of every tree's value (N,), above the least one of the tree."""
    tree, lowest, above = _above_lowest(forest, levels, value)
    n_bits = int(above.max()).bit_length()
    any_of, all_of = _spread(forest, levels, above)
    flip = _flipped(forest, levels, tree, any_of, all_of, n_bits)
    # The complement of a digit that is to be counted inverted.
    mask = flip[tree]
    any_of, all_of = (
        (any_of & ~mask) | (~all_of & mask),
        (all_of & ~mask) | (~any_of & mask),
    )
    signal = np.zeros((len(value), n_bits), np.int64)
    leaves = forest.feature == LEAF
    for k in range(n_bits):
        full = all_of >> k & 1 == 1
        signal[full, k] = reached[full]
    signal[leaves] = np.where(_bits(all_of[leaves], n_bits), reached[leaves, None], 0)
    for nodes in reversed(levels):
        _join(forest, nodes, _bits(all_of[nodes], n_bits), signal, gates, leave)
    return _of_roots(forest, any_of, all_of, signal, flip, lowest)


def _join(
    forest: Forest,
    nodes: NDArray[np.int64],
    full: NDArray[np.bool_],
    signal: NDArray[np.int64],
    gates: Gates,
    leave: NDArray[np.int64],
) -> None:
    """Each digit of a node as the OR of its children's, unless all leaves below have it."""
    a, b = signal[forest.child[nodes, 0]], signal[forest.child[nodes, 1]]
    found = np.where(full, signal[nodes], np.maximum(a, b))
    both = (a > 0) & (b > 0) & ~full
    when = np.broadcast_to(leave[nodes][:, None], both.shape)
    found[both] = gates.add(a[both], b[both], OR, when[both])
    signal[nodes] = found


def _of_roots(
    forest: Forest,
    any_of: NDArray[np.int64],
    all_of: NDArray[np.int64],
    signal: NDArray[np.int64],
    flip: NDArray[np.int64],
    lowest: NDArray[np.int64],
) -> Digits:
    n_bits = signal.shape[1]
    asked = _bits(any_of[forest.roots] & ~all_of[forest.roots], n_bits)
    trees, places = np.nonzero(asked)
    # A digit that every leaf has, or, where the complement is made, none lacks, is a constant.
    constant = lowest + (all_of[forest.roots] & ~flip) + (~any_of[forest.roots] & flip)
    return Digits(
        trees,
        places,
        signal[forest.roots[trees], places],
        _bits(flip, n_bits)[trees, places],
        constant,
    )


def _above_lowest(
    forest: Forest, levels: list[NDArray[np.int64]], value: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The tree of each node, the least value of each tree's leaves, and values above that."""
    sizes = np.diff(np.append(forest.roots, len(value)))
    tree = np.repeat(np.arange(forest.n_trees), sizes)
    leaves = np.flatnonzero(_is_leaf(forest, levels))
    lowest = np.full(forest.n_trees, np.iinfo(np.int64).max)
    np.minimum.at(lowest, tree[leaves], value[leaves])
    above = np.zeros(len(value), np.int64)
    above[leaves] = value[leaves] - lowest[tree[leaves]]
    return tree, lowest, above


def _is_leaf(forest: Forest, levels: list[NDArray[np.int64]]) -> NDArray[np.bool_]:
    """Leaves of the trees; what no tree has is none."""
    found = np.zeros(len(forest.feature), bool)
    found[forest.roots] = True
    for nodes in levels:
        found[forest.child[nodes]] = True
    return found & (forest.feature == LEAF)


def _spread(
    forest: Forest, levels: list[NDArray[np.int64]], value: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Digits that any, and that all leaves below each node have."""
    any_of, all_of = value.copy(), value.copy()
    for nodes in reversed(levels):
        low, high = forest.child[nodes].T
        any_of[nodes] = any_of[low] | any_of[high]
        all_of[nodes] = all_of[low] & all_of[high]
    return any_of, all_of


def _flipped(
    forest: Forest,
    levels: list[NDArray[np.int64]],
    tree: NDArray[np.int64],
    any_of: NDArray[np.int64],
    all_of: NDArray[np.int64],
    n_bits: int,
) -> NDArray[np.int64]:
    """The digits of each tree, (T,), that take fewer gates as complements."""
    saved = np.zeros((forest.n_trees, n_bits), np.int64)
    for nodes in levels:
        low, high = forest.child[nodes].T
        plain = any_of[low] & any_of[high] & ~all_of[nodes]
        other = ~all_of[low] & ~all_of[high] & any_of[nodes]
        gain = _bits(plain, n_bits).astype(np.int64) - _bits(other, n_bits)
        np.add.at(saved, tree[nodes], gain)
    return ((saved > 0) << np.arange(n_bits)).sum(axis=1)


def _bits(numbers: NDArray[np.int64], n_bits: int) -> NDArray[np.bool_]:
    """(n, n_bits) digits, the least first."""
    return (numbers[:, None] >> np.arange(n_bits) & 1).astype(bool)


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
