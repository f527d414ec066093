"""A table's bits as columns of numbers, for estimators that read numbers, and the way back.

A thermometer's bits of one column are one number, how many of its levels lie below; a category or
a mark of a missing value is a column of its own, 0 or 1. So a comparison of a number is one bit,
and a weight of a number is a weight of each of its bits.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import N_CONSTANTS
from gategrad.encoding import Table, Thermometer


@dataclass(frozen=True, eq=False)
class Columns:
    """What the bits of rows are as numbers.

    Attributes:
        places: for each column its bits, by their level.
        steps: for each column by how much its number grows with each of these bits.
        n_inputs: bits of a row.
    """

    places: tuple[NDArray[np.int64], ...]
    steps: tuple[NDArray[np.float64], ...]
    n_inputs: int

    @classmethod
    def of(cls, table: Table) -> "Columns":
        """Those of a table's bits; levels that a column has twice count once."""
        places: list[NDArray[np.int64]] = []
        steps: list[NDArray[np.float64]] = []
        first = 0
        for part in table.encoders:
            if isinstance(part, Thermometer):
                for column in range(part.n_features):
                    levels, at = np.unique(part.levels[:, column], return_index=True)
                    places.append(first + at * part.n_features + column)
                    steps.append(_steps(levels))
            else:
                places += [np.array([first + bit]) for bit in range(part.n_inputs)]
                steps += [np.ones(1)] * part.n_inputs
            first += part.n_inputs
        places += [np.array([first + mark]) for mark in range(len(table.marked))]
        steps += [np.ones(1)] * len(table.marked)
        return cls(tuple(places), tuple(steps), table.n_inputs)

    @property
    def categories(self) -> NDArray[np.bool_]:
        """Which columns have one bit, (columns,)."""
        return np.array([len(bits) == 1 for bits in self.places])

    def counts(self, bits: NDArray[np.bool_]) -> NDArray[np.float32]:
        """How many levels lie below each number, (n, columns)."""
        return np.stack([bits[:, at].sum(axis=1) for at in self.places], axis=1).astype(np.float32)

    def values(self, bits: NDArray[np.bool_]) -> NDArray[np.float64]:
        """The numbers (n, columns), each as the middle between its levels, less the lowest."""
        pairs = zip(self.places, self.steps, strict=True)
        return np.stack([bits[:, at] @ steps for at, steps in pairs], axis=1)

    def weights(self, of_columns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weights of the numbers (columns, k) as weights of bits, (n_inputs, k)."""
        found = np.zeros((self.n_inputs, of_columns.shape[1]))
        for weight, at, steps in zip(of_columns, self.places, self.steps, strict=True):
            found[at] = steps[:, None] * weight
        return found

    def signals(self, column: NDArray[np.uint32], least: NDArray[np.float64]) -> NDArray[np.int64]:
        """The signal of a circuit that says whether `counts` of a column is at least `least`."""
        found = []
        for place, cut in zip(column.tolist(), least.tolist(), strict=True):
            at = self.places[place]
            rank = int(np.clip(np.ceil(cut), 0, len(at) + 1))
            inner = 1 <= rank <= len(at)
            found.append(N_CONSTANTS + int(at[rank - 1]) if inner else int(rank == 0))
        return np.array(found, np.int64)


def finer(table: Table, fine: Table) -> tuple[Table, NDArray[np.int64]]:
    """A table with the levels of both, and which of its bits those of `table` are.

    Args:
        table: fitted on some rows.
        fine: fitted on the same rows with more levels.
    """
    parts, places, first = [], [], 0
    for part, other in zip(table.encoders, fine.encoders, strict=True):
        made, own = part, np.arange(part.n_inputs)
        if isinstance(part, Thermometer) and isinstance(other, Thermometer):
            made, own = _both(part, other)
        parts.append(made)
        places.append(first + own)
        first += made.n_inputs
    places.append(first + np.arange(len(table.marked)))
    return replace(table, encoders=tuple(parts)), np.concatenate(places)


def _both(part: Thermometer, other: Thermometer) -> tuple[Thermometer, NDArray[np.int64]]:
    levels = np.sort(np.concatenate([part.levels, other.levels]), axis=0)
    at = [
        np.searchsorted(levels[:, column], part.levels[:, column])
        for column in range(part.n_features)
    ]
    own = np.stack(at, axis=1) * part.n_features + np.arange(part.n_features)
    return replace(part, levels=levels), own.reshape(-1)


def _steps(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """From middle to middle between rising levels; beyond the ends as far as next to them."""
    if len(levels) == 1 or not np.isfinite(np.diff(levels)).all():
        return np.ones(len(levels))
    gaps = np.diff(levels)
    middles = np.concatenate([[gaps[0]], (gaps[1:] + gaps[:-1]) / 2, [gaps[-1]]])
    return np.asarray(middles)
