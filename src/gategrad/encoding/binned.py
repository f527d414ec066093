"""One-hot code of the bin that a number falls into."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad.encoding.encoder import Arrays, Config, State
from gategrad.encoding.fields import origin_config, read_origin
from gategrad.encoding.fitted import fitted_dtype, note_dtype
from gategrad.encoding.frames import column_names
from gategrad.encoding.levels import (
    check_count,
    check_levels,
    quantile_levels,
    read_levels,
    uniform_levels,
)
from gategrad.encoding.names import checked_names, feature_names_or_default, number_text
from gategrad.encoding.rows import exact_blocks, fitting_rows, numeric_rows


@dataclass(frozen=True, eq=False)
class Binned:
    """Say into which of B = T + 1 bins each of F features falls: exactly one bit a feature is set.

    Bin b holds the values above edge b - 1 and up to, including, edge b; the first and the last
    bin are open. Bit `b * F + f` is bin b of feature f. A bin between equal edges stays empty.

    Attributes:
        edges: (T, F) float64, not NaN, non-decreasing down each column; read-only.
        names: of the F features, or None; a table with named columns is then read by name.
        fitted_on: the dtype of the rows that it was fitted on, where others may differ by rounding.

    Raises:
        EncodingError: edges of another shape, dtype or order.
    """

    edges: NDArray[np.float64]
    names: tuple[str, ...] | None = None
    fitted_on: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "edges", check_levels(self.edges, "edges"))
        object.__setattr__(self, "names", checked_names(self.names, self.n_features))

    @classmethod
    def uniform(
        cls,
        x: ArrayLike,
        bins: int,
        *,
        low: ArrayLike | None = None,
        high: ArrayLike | None = None,
    ) -> Self:
        """Fit bins of equal width.

        Args:
            x: (n, F) numbers.
            bins: bins a feature, at least 2.
            low: number or (F,): start of the range; each feature's minimum where None.
            high: number or (F,): end of the range; each feature's maximum where None.

        Raises:
            EncodingError: bad rows, an infinite range, or `low` above `high`.
        """
        n_edges = check_count(bins, "bins", smallest=2) - 1
        rows = fitting_rows(x)
        edges = uniform_levels(rows, n_edges, low=low, high=high)
        return cls(edges, column_names(x), fitted_dtype(rows))

    @classmethod
    def quantile(cls, x: ArrayLike, bins: int) -> Self:
        """Fit bins that hold equally many rows, as far as the values allow.

        Args:
            x: (n, F) numbers, n >= 1.
            bins: bins a feature, at least 2.

        Raises:
            EncodingError: bad rows, or none.

        Examples:
            >>> Binned.quantile([[1], [2], [3], [90]], 2).encode([[2], [3]])
            array([[ True, False],
                   [False,  True]])
        """
        n_edges = check_count(bins, "bins", smallest=2) - 1
        rows = fitting_rows(x)
        return cls(quantile_levels(rows, n_edges), column_names(x), fitted_dtype(rows))

    @property
    def n_bins(self) -> int:
        """Bins B of a feature."""
        return len(self.edges) + 1

    @property
    def n_features(self) -> int:
        """Features F that `encode` takes."""
        return self.edges.shape[1]

    @property
    def n_inputs(self) -> int:
        """Bits of a row: B * F."""
        return self.n_bins * self.n_features

    def encode(self, x: ArrayLike) -> NDArray[np.bool_]:
        """Encode rows.

        Args:
            x: (n, F) bool, integers, float16, float32 or float64; any strides; n may be 0. Or a
                table with named columns, see `frames`.

        Returns:
            (n, B * F) bool.

        Raises:
            EncodingError: another shape or dtype, NaN, or an integer beyond 2**53.
        """
        x = numeric_rows(x, self.n_features, self.names)
        note_dtype(self, x)
        bins = np.arange(self.n_bins)[:, None]
        bits = np.empty((len(x), self.n_bins, self.n_features), dtype=bool)
        for rows, values in exact_blocks(x):
            bin_of = (values[:, None, :] > self.edges).sum(axis=1)
            np.equal(bin_of[:, None, :], bins, out=bits[rows])
        return bits.reshape(len(x), self.n_inputs)

    def thresholds(self) -> tuple[NDArray[np.uint32], NDArray[np.float64]] | None:
        """Give None: a bin is not a single comparison."""
        return None

    def input_names(self, feature_names: Sequence[str] | None = None) -> list[str]:
        """Name every bit, as in "25 < age <= 37.5".

        Raises:
            EncodingError: not F names.
        """
        names = feature_names_or_default(
            self.names if feature_names is None else feature_names, self.n_features
        )
        return [
            self._bin_name(b, f, name) for b in range(self.n_bins) for f, name in enumerate(names)
        ]

    def to_state(self) -> State:
        """Give the config, and the array `edges`."""
        config = {"kind": "binned"} | origin_config(self.names, self.fitted_on)
        return config, {"edges": self.edges}

    @classmethod
    def from_state(cls, config: Config, arrays: Arrays) -> Self:
        """Rebuild what `to_state` gave.

        Raises:
            EncodingError: anything missing, unexpected or malformed.
        """
        levels = read_levels(config, arrays, kind="binned", name="edges")
        return cls(levels, **read_origin(config))

    def _bin_name(self, b: int, f: int, name: str) -> str:
        edges = [number_text(edge) for edge in self.edges[:, f]]
        if b == 0:
            return f"{name} <= {edges[0]}"
        if b == len(edges):
            return f"{name} > {edges[-1]}"
        return f"{edges[b - 1]} < {name} <= {edges[b]}"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Binned):
            return NotImplemented
        return self.names == other.names and np.array_equal(self.edges, other.edges)

    def __hash__(self) -> int:
        return hash((self.edges.shape, self.edges.tobytes()))
