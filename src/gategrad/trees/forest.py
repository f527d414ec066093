"""A forest of any library in one form, and what it computes."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad.encoding import Splits
from gategrad.encoding.rows import exact_float64, numeric_rows

Kind = Literal["argmax", "binary", "regression"]
LEAF = -1
# Decisions of all splits on so many rows are held at a time: 16 MiB.
DECISIONS = 1 << 24


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees whose leaves are added: sum c is `base[c]` plus the values of the leaves reached.

    A split asks one feature x and has cuts, in rising order. A row goes to child 1 where an odd
    number of cuts is at most x, else to child 0. That is every split there is: of a number, one
    cut; of a set of categories, a cut at either end of each run of them; a missing value is above
    no cut and goes to child 0, which minus infinity as the first cut tells from numbers.

    Attributes:
        n_features: columns of a row.
        names: of the columns, or None.
        roots: (T,) int64, the node that each tree begins with.
        feature: (N,) int64, of each node; LEAF for a leaf.
        first_cut: (N + 1,) int64; the cuts of node i are `cuts[first_cut[i]:first_cut[i + 1]]`.
        cuts: float64, compared in float64.
        child: (N, 2) int64.
        value: (N, V) float64, of leaves. V is 1, or C where every tree adds to every sum.
        target: (T,) int64, the sum that a tree adds to where V is 1; None where V is C.
        base: (C,) float64.
        kind: the decision on the sums, as `gategrad.Readout` has it.
        link: what makes probabilities of sums: "logistic", "softmax", "share" (sums are shares
            already, of a binary decision less one half), or "none".
        labels: a name for each class, or None.
        missing: whether NaN is a value; else it is an error.
    """

    n_features: int
    names: tuple[str, ...] | None
    roots: NDArray[np.int64]
    feature: NDArray[np.int64]
    first_cut: NDArray[np.int64]
    cuts: NDArray[np.float64]
    child: NDArray[np.int64]
    value: NDArray[np.float64]
    target: NDArray[np.int64] | None
    base: NDArray[np.float64]
    kind: Kind
    link: str
    labels: tuple[str, ...] | tuple[int, ...] | None = None
    missing: bool = True

    @property
    def n_trees(self) -> int:
        """Trees T."""
        return len(self.roots)

    @property
    def n_sums(self) -> int:
        """Sums C."""
        return len(self.base)

    @property
    def encoder(self) -> Splits:
        """Every cut of every feature, once."""
        return self._splits[0]

    @property
    def places(self) -> NDArray[np.int64]:
        """Which bit of the encoder each cut is."""
        return self._splits[1]

    @cached_property
    def _splits(self) -> tuple[Splits, NDArray[np.int64]]:
        feature = np.repeat(self.feature, np.diff(self.first_cut))
        # Adding 0 turns -0.0 into 0.0.
        cuts = self.cuts + 0.0
        order = np.argsort(cuts)
        # numpy sorts 16 bits by their digits.
        key = feature[order].astype(np.uint16 if self.n_features < 2**16 else np.int64)
        order = order[np.argsort(key, kind="stable")]
        feature, cuts = feature[order], cuts[order]
        new = np.ones(len(cuts), bool)
        new[1:] = (feature[1:] != feature[:-1]) | (cuts[1:] != cuts[:-1])
        places = np.empty(len(cuts), np.int64)
        places[order] = np.cumsum(new) - 1
        missing = "zero" if self.missing else "error"
        parts = (feature[new].astype(np.uint32), cuts[new], self.n_features)
        return Splits(*parts, self.names, missing), places

    def levels(self) -> Iterator[NDArray[np.int64]]:
        """The splits of all trees, level by level, roots first."""
        nodes = self.roots
        while len(nodes := nodes[self.feature[nodes] != LEAF]):
            yield nodes
            nodes = self.child[nodes].reshape(-1)

    def leaves(self, x: ArrayLike) -> NDArray[np.int64]:
        """The leaf, as a node, that each row reaches in each tree, (n, T).

        Args:
            x: (n, n_features) numbers.
        """
        x = numeric_rows(x, self.n_features, self.names)
        n_splits = max(1, int((self.feature != LEAF).sum()))
        step = max(1, DECISIONS // n_splits)
        found = np.empty((len(x), self.n_trees), np.int64)
        for start in range(0, len(x), step):
            part = slice(start, start + step)
            found[part] = self._leaves(exact_float64(x[part], first_row=start))
        return found

    def _leaves(self, x: NDArray[np.float64]) -> NDArray[np.int64]:
        node = np.broadcast_to(self.roots, (len(x), self.n_trees)).copy()
        rows = np.arange(len(x))[:, None]
        odd = self._decisions(x)
        while (inner := self.feature[node] != LEAF).any():
            node = np.where(inner, self.child[node, odd[node, rows].astype(np.intp)], node)
        return node

    def _decisions(self, x: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether each node sends each row to child 1, (N, n)."""
        odd = np.zeros((len(self.feature), len(x)), bool)
        columns = np.ascontiguousarray(x.T)
        for node in np.flatnonzero(self.feature != LEAF).tolist():
            for cut in self.cuts[self.first_cut[node] : self.first_cut[node + 1]]:
                odd[node] ^= columns[self.feature[node]] >= cut
        return odd

    def scores(self, x: ArrayLike) -> NDArray[np.float64]:
        """The sums of rows (n, n_features), (n, C), in float64 and in the order of the trees."""
        return self.scores_at(self.leaves(x))

    def scores_at(self, leaves: NDArray[np.int64]) -> NDArray[np.float64]:
        """The sums of rows that reach `leaves` (n, T), (n, C)."""
        sums = np.tile(self.base, (len(leaves), 1))
        for tree in range(self.n_trees):
            values = self.value[leaves[:, tree]]
            if self.target is None:
                sums += values
            else:
                sums[:, self.target[tree]] += values[:, 0]
        return sums

    def decide(self, sums: NDArray) -> NDArray:
        """The class of each row's sums (n, C); the sums themselves of a regression."""
        if self.kind == "argmax":
            return np.argmax(sums, axis=1)
        return (sums[:, 0] > 0).astype(np.int64) if self.kind == "binary" else sums
