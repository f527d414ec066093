"""Comparisons of any number a feature, as forests ask them: a bit says where a value begins."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad.encoding.encoder import Arrays, Config, State
from gategrad.encoding.errors import EncodingError
from gategrad.encoding.fields import (
    check_fields,
    choice,
    origin_config,
    read_array,
    read_kind,
    read_origin,
)
from gategrad.encoding.names import (
    checked_names,
    column_labels,
    feature_names_or_default,
    number_text,
)
from gategrad.encoding.rows import BLOCK_VALUES, exact_blocks, exact_float64, numeric_rows

MISSING = ("error", "zero")
MOST_FEATURES = 1 << 24


@dataclass(frozen=True, eq=False)
class Splits:
    """Compare features with any number of values each: bit j is `x[feature[j]] >= least[j]`.

    Values are converted exactly to float64 before they are compared. A `least` of minus infinity
    asks whether the value is a number: nothing else tells minus infinity from a missing value.

    Attributes:
        feature: (n,) uint32, rising.
        least: (n,) float64, not NaN, strictly rising within a feature.
        n_features: columns of a row.
        names: of the columns, or None; a table with named columns is then read by name.
        missing: what NaN becomes: "error", or "zero", all bits of its column 0.

    Raises:
        EncodingError: another shape, dtype or order, or a feature that is none.
    """

    feature: NDArray[np.uint32]
    least: NDArray[np.float64]
    n_features: int
    names: tuple[str, ...] | None = None
    missing: str = "error"

    def __post_init__(self) -> None:
        choice(self.missing, MISSING, "missing")
        n = _count(self.n_features)
        feature, least = _vector(self.feature, "iu", "feature"), _vector(self.least, "f", "least")
        _check_order(feature, least, n)
        # Adding 0 turns -0.0 into 0.0: equal encoders have equal bytes.
        for name, copy in (
            ("feature", feature.astype(np.uint32)),
            ("least", least.astype(np.float64) + 0.0),
        ):
            copy.setflags(write=False)
            object.__setattr__(self, name, copy)
        object.__setattr__(self, "n_features", n)
        object.__setattr__(self, "names", checked_names(self.names, n))

    @property
    def n_inputs(self) -> int:
        """Bits of a row."""
        return len(self.feature)

    def encode(self, x: ArrayLike) -> NDArray[np.bool_]:
        """Encode rows.

        Args:
            x: (n, n_features) bool, integers, float16, float32 or float64; any strides; n may be
                0. Or a table with named columns, see `frames`.

        Returns:
            (n, n_inputs) bool.

        Raises:
            EncodingError: another shape or dtype, an integer beyond 2**53, or, unless the options
                let it pass, NaN.

        Examples:
            >>> splits = Splits(np.array([0, 0]), np.array([-np.inf, 2.0]), 1, missing="zero")
            >>> splits.encode([[2.0], [1.0], [np.nan]]).tolist()
            [[True, True], [True, False], [False, False]]
        """
        x = numeric_rows(x, self.n_features, self.names)
        bits = np.empty((len(x), self.n_inputs), dtype=bool)
        for rows, values in self._blocks(x):
            np.greater_equal(values[:, self.feature], self.least, out=bits[rows])
        return bits

    def thresholds(self) -> tuple[NDArray[np.uint32], NDArray[np.float64]] | None:
        """The comparisons as `x > threshold`; None where NaN is let through."""
        if self.missing != "error" or (self.least == -np.inf).any():
            return None
        return self.feature, np.nextafter(self.least, -np.inf)

    def input_names(self, feature_names: Sequence[str] | None = None) -> list[str]:
        """Name every bit, as in "age >= 37.5".

        Raises:
            EncodingError: not n_features names.
        """
        names = feature_names_or_default(
            self.names if feature_names is None else feature_names, self.n_features
        )
        return [
            f"{names[f]} is a number" if least == -np.inf else f"{names[f]} >= {number_text(least)}"
            for f, least in zip(self.feature.tolist(), self.least.tolist(), strict=True)
        ]

    def to_state(self) -> State:
        """Give the config, and the arrays `feature` and `least`."""
        config = {"kind": "splits", "n_features": self.n_features, "missing": self.missing}
        return config | origin_config(self.names, None), {
            "feature": self.feature,
            "least": self.least,
        }

    @classmethod
    def from_state(cls, config: Config, arrays: Arrays) -> Self:
        """Rebuild what `to_state` gave.

        Raises:
            EncodingError: anything missing, unexpected or malformed.
        """
        read_kind(config, ("splits",))
        check_fields(config, arrays, keys={"n_features", "missing"}, names={"feature", "least"})
        feature = read_array(arrays, "feature", np.uint32, ndim=1)
        least = read_array(arrays, "least", np.float64, ndim=1)
        names = read_origin(config)["names"]
        return cls(feature, least, config["n_features"], names, config["missing"])

    def _blocks(self, x: NDArray) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        labels = column_labels(self.names, self.n_features)
        if self.missing == "error":
            yield from exact_blocks(x, labels)
            return
        step = max(1, BLOCK_VALUES // x.shape[1])
        for start in range(0, len(x), step):
            rows = slice(start, start + step)
            yield rows, exact_float64(x[rows], labels, first_row=start)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Splits):
            return NotImplemented
        return (
            (self.n_features, self.names, self.missing)
            == (other.n_features, other.names, other.missing)
            and np.array_equal(self.feature, other.feature)
            and np.array_equal(self.least, other.least)
        )

    def __hash__(self) -> int:
        return hash((self.feature.tobytes(), self.least.tobytes()))


def _count(n_features: int) -> int:
    if type(n_features) is not int or not 1 <= n_features <= MOST_FEATURES:
        raise EncodingError(
            f"n_features is {n_features!r}; expected an integer from 1 to {MOST_FEATURES}"
        )
    return n_features


def _vector(values: NDArray, kinds: str, name: str) -> NDArray:
    array = np.asarray(values)
    if not array.size:
        array = array.astype(np.int64 if kinds == "iu" else np.float64)
    if array.ndim != 1 or array.dtype.kind not in kinds:
        expected = "integers" if kinds == "iu" else "floating-point numbers"
        raise EncodingError(
            f"splits {name} has shape {array.shape} and dtype {array.dtype}; expected (n,) "
            f"{expected}"
        )
    return array


def _check_order(feature: NDArray, least: NDArray, n_features: int) -> None:
    if len(feature) != len(least):
        raise EncodingError(f"splits have {len(feature)} features and {len(least)} values")
    outside = (feature < 0) | (feature >= n_features)
    if outside.any():
        j = int(np.argmax(outside))
        raise EncodingError(
            f"split {j} is of feature {feature[j]}; expected one of 0..{n_features - 1}"
        )
    if np.isnan(least).any():
        raise EncodingError(f"split {int(np.argmax(np.isnan(least)))} is at NaN")
    same = feature[1:] == feature[:-1]
    wrong = (feature[1:] < feature[:-1]) | (same & (least[1:] <= least[:-1]))
    if wrong.any():
        j = int(np.argmax(wrong)) + 1
        raise EncodingError(
            f"split {j} does not come after the one before it; expected them sorted by feature, "
            "then by value, each once"
        )
