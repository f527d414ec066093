"""Thermometer code: a bit says whether a feature exceeds a level."""

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
class Thermometer:
    """Compare F features with T levels each, strictly: bit `t * F + f` is `x[f] > levels[t, f]`.

    Values are converted exactly to float64 before they are compared. Infinities are fine, NaN is
    refused. The order is threshold-major: the bits of (C, H, W) images reshape to (T * C, H, W).

    Attributes:
        levels: (T, F) float64, not NaN, non-decreasing down each column; read-only.
        names: of the F features, or None; a table with named columns is then read by name.
        fitted_on: the dtype of the rows that it was fitted on, where others may differ by rounding.

    Raises:
        EncodingError: levels of another shape, dtype or order.
    """

    levels: NDArray[np.float64]
    names: tuple[str, ...] | None = None
    fitted_on: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", check_levels(self.levels, "levels"))
        object.__setattr__(self, "names", checked_names(self.names, self.n_features))

    @classmethod
    def uniform(
        cls,
        x: ArrayLike,
        bits: int,
        *,
        low: ArrayLike | None = None,
        high: ArrayLike | None = None,
    ) -> Self:
        """Fit evenly spaced levels, strictly inside each feature's range.

        Args:
            x: (n, F) numbers.
            bits: levels a feature, at least 1.
            low: number or (F,): start of the range; each feature's minimum where None.
            high: number or (F,): end of the range; each feature's maximum where None.

        Returns:
            Level t is `low + (high - low) * (t + 1) / (bits + 1)`, rounded such that a measurement
            has the same bits as text, float32 and float64; all levels of a constant feature are its
            value, so its bits are 0 until something larger comes along.

        Raises:
            EncodingError: bad rows, an infinite range, or `low` above `high`.

        Examples:
            >>> Thermometer.uniform([[0], [100]], 3).levels.ravel()
            array([25., 50., 75.])
        """
        bits, rows = check_count(bits, "bits"), fitting_rows(x)
        levels = uniform_levels(rows, bits, low=low, high=high)
        return cls(levels, column_names(x), fitted_dtype(rows))

    @classmethod
    def quantile(cls, x: ArrayLike, bits: int) -> Self:
        """Fit levels that split each feature's rows as evenly as its values allow.

        Args:
            x: (n, F) numbers, n >= 1.
            bits: levels a feature, at least 1.

        Returns:
            Each level is midway between two values of the feature (constant features: the value
            itself). Levels differ as long as there are values for it; the width is always
            `bits * F`.

        Raises:
            EncodingError: bad rows, or none.

        Examples:
            >>> Thermometer.quantile([[1], [2], [3], [90]], 3).levels.ravel()
            array([ 1.5,  2.5, 46.5])
        """
        bits, rows = check_count(bits, "bits"), fitting_rows(x)
        return cls(quantile_levels(rows, bits), column_names(x), fitted_dtype(rows))

    @classmethod
    def fixed(cls, levels: ArrayLike, n_features: int) -> Self:
        """Use the same levels for every feature.

        Args:
            levels: a number or (T,) numbers, non-decreasing.
            n_features: F, at least 1.

        Raises:
            EncodingError: levels of another shape, dtype or order.

        Examples:
            >>> Thermometer.fixed([0.3, 0.7], 2).encode([[0.3, 0.5]])
            array([[False,  True, False, False]])
        """
        column = np.atleast_1d(np.asarray(levels))[:, None]
        return cls(np.repeat(column, check_count(n_features, "n_features"), axis=1))

    @property
    def n_features(self) -> int:
        """Features F that `encode` takes."""
        return self.levels.shape[1]

    @property
    def n_inputs(self) -> int:
        """Bits of a row: T * F."""
        return self.levels.size

    def encode(self, x: ArrayLike) -> NDArray[np.bool_]:
        """Encode rows.

        Args:
            x: (n, F) bool, integers, float16, float32 or float64; any strides; n may be 0. Or a
                table with named columns, see `frames`.

        Returns:
            (n, T * F) bool, bit `t * F + f` being `x[:, f] > levels[t, f]`.

        Raises:
            EncodingError: another shape or dtype, NaN, or an integer beyond 2**53.
        """
        x = numeric_rows(x, self.n_features, self.names)
        note_dtype(self, x)
        bits = np.empty((len(x), *self.levels.shape), dtype=bool)
        for rows, values in exact_blocks(x):
            np.greater(values[:, None, :], self.levels, out=bits[rows])
        return bits.reshape(len(x), self.n_inputs)

    def thresholds(self) -> tuple[NDArray[np.uint32], NDArray[np.float64]]:
        """Give the feature and the threshold of every bit, both (T * F,)."""
        n_levels, n_features = self.levels.shape
        feature = np.tile(np.arange(n_features, dtype=np.uint32), n_levels)
        return feature, self.levels.ravel()

    def input_names(self, feature_names: Sequence[str] | None = None) -> list[str]:
        """Name every bit, as in "age > 37.5".

        Raises:
            EncodingError: not F names.
        """
        names = feature_names_or_default(
            self.names if feature_names is None else feature_names, self.n_features
        )
        return [
            f"{name} > {number_text(level)}"
            for row in self.levels
            for name, level in zip(names, row, strict=True)
        ]

    def to_state(self) -> State:
        """Give the config, and the array `levels`."""
        config = {"kind": "thermometer"} | origin_config(self.names, self.fitted_on)
        return config, {"levels": self.levels}

    @classmethod
    def from_state(cls, config: Config, arrays: Arrays) -> Self:
        """Rebuild what `to_state` gave.

        Raises:
            EncodingError: anything missing, unexpected or malformed.
        """
        levels = read_levels(config, arrays, kind="thermometer", name="levels")
        return cls(levels, **read_origin(config))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Thermometer):
            return NotImplemented
        return self.names == other.names and np.array_equal(self.levels, other.levels)

    def __hash__(self) -> int:
        return hash((self.levels.shape, self.levels.tobytes()))
