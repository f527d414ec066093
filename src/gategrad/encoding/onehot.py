"""One-hot code of categories."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad.encoding.categories import distinct_categories, places
from gategrad.encoding.cells import Category, category_columns, read_category
from gategrad.encoding.encoder import Arrays, Config, State
from gategrad.encoding.errors import EncodingError
from gategrad.encoding.fields import (
    check_fields,
    choice,
    origin_config,
    read_array,
    read_kind,
    read_list,
    read_origin,
)
from gategrad.encoding.frames import column_names
from gategrad.encoding.gaps import filled_cells
from gategrad.encoding.names import (
    checked_names,
    column_labels,
    feature_names_or_default,
    number_text,
)
from gategrad.encoding.rows import table_rows

UNKNOWN = ("zero", "error")
SHOWN_CATEGORIES = 12


@dataclass(frozen=True)
class OneHot:
    """Give every category of every column its own bit, column by column.

    Categories are text or numbers. Numbers compare as numbers: 1, 1.0, "1" and "+1.0" are the same.
    A missing value (None, NaN) is refused; `Table` can let it pass.

    Attributes:
        categories: a tuple of distinct categories for each column; numbers become float.
        unknown: what a category not listed becomes: "zero", all bits of its column 0, or "error".
        names: of the columns, or None; a table with named columns is then read by name.

    Raises:
        EncodingError: no columns, an empty column, repeated or missing categories.
    """

    categories: tuple[tuple[Category, ...], ...]
    unknown: str = "zero"
    names: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        choice(self.unknown, UNKNOWN, "unknown")
        columns = tuple(_check_column(i, column) for i, column in enumerate(self.categories))
        if not columns:
            raise EncodingError("categories hold no column; expected at least one")
        object.__setattr__(self, "categories", columns)
        object.__setattr__(self, "names", checked_names(self.names, len(columns)))

    @classmethod
    def fit(cls, x: ArrayLike, *, unknown: str = "zero") -> Self:
        """Take the categories that occur: numbers first, in order, then text, in order.

        Args:
            x: (n, F) numbers, text or objects, n >= 1.
            unknown: "zero" or "error", for categories that come later.

        Raises:
            EncodingError: bad rows, none, or a missing value.

        Examples:
            >>> OneHot.fit([["red"], ["blue"]]).encode([["blue"], ["green"]])
            array([[ True, False],
                   [False, False]])
        """
        names, x = column_names(x), table_rows(x)
        labels = column_labels(names, x.shape[1])
        fitted = fit_one_hot(x, labels, unknown=unknown, missing="error")
        return cls(fitted.categories, fitted.unknown, names=names)

    @property
    def n_features(self) -> int:
        """Columns F that `encode` takes."""
        return len(self.categories)

    @property
    def n_inputs(self) -> int:
        """Bits of a row: the number of categories of all columns together."""
        return sum(len(column) for column in self.categories)

    def encode(self, x: ArrayLike) -> NDArray[np.bool_]:
        """Encode rows.

        Args:
            x: (n, F) numbers, text or objects; n may be 0.

        Returns:
            (n, n_inputs) bool with at most one bit set in each column's stretch.

        Raises:
            EncodingError: another shape or dtype, a missing value, or an unknown category with
                `unknown="error"`.
        """
        x = table_rows(x, self.n_features, self.names)
        return encode_one_hot(self, x, column_labels(self.names, self.n_features), missing="error")

    def thresholds(self) -> tuple[NDArray[np.uint32], NDArray[np.float64]] | None:
        """Give None: a category is not a comparison."""
        return None

    def input_names(self, feature_names: Sequence[str] | None = None) -> list[str]:
        """Name every bit, as in "colour = red".

        Raises:
            EncodingError: not F names.
        """
        names = feature_names_or_default(
            self.names if feature_names is None else feature_names, self.n_features
        )
        return [
            f"{name} = {category if isinstance(category, str) else number_text(category)}"
            for name, column in zip(names, self.categories, strict=True)
            for category in column
        ]

    def to_state(self) -> State:
        """Give the config, with text categories and None for each number, and the `numbers`."""
        columns = [
            [c if isinstance(c, str) else None for c in column] for column in self.categories
        ]
        numbers = [c for column in self.categories for c in column if not isinstance(c, str)]
        config = {"kind": "one-hot", "columns": columns, "unknown": self.unknown}
        return config | origin_config(self.names, None), {
            "numbers": np.array(numbers, dtype=np.float64)
        }

    @classmethod
    def from_state(cls, config: Config, arrays: Arrays) -> Self:
        """Rebuild what `to_state` gave.

        Raises:
            EncodingError: anything missing, unexpected or malformed.
        """
        read_kind(config, ("one-hot",))
        check_fields(config, arrays, keys={"columns", "unknown"}, names={"numbers"})
        columns = read_list(config["columns"], "one-hot columns", list)
        numbers = read_array(arrays, "numbers", np.float64, ndim=1).tolist()
        n_expected = sum(column.count(None) for column in columns)
        if len(numbers) != n_expected:
            raise EncodingError(
                f"array 'numbers' has {len(numbers)} entries; expected {n_expected}, one for each "
                "null among the columns"
            )
        rest = iter(numbers)
        restored = tuple(tuple(_restore(c, rest) for c in column) for column in columns)
        names = read_origin(config)["names"]
        return cls(restored, unknown=config["unknown"], names=names)


def fit_one_hot(x: NDArray, labels: Sequence[str], *, unknown: str, missing: str) -> OneHot:
    """Fit on checked rows (n, F), with names for messages and a policy for missing values.

    Raises:
        EncodingError: a column without a single value, or a missing one with `missing="error"`.
    """
    columns = category_columns(x, labels, missing=missing)
    for column, label in zip(columns, labels, strict=True):
        if all(cell is None for cell in column):
            raise EncodingError(f"{label} has no values to take categories from; leave it out")
    return OneHot(tuple(map(distinct_categories, columns)), unknown=unknown)


def encode_one_hot(
    encoder: OneHot,
    x: NDArray,
    labels: Sequence[str],
    *,
    missing: str,
    fills: Sequence[Category] | None = None,
) -> NDArray[np.bool_]:
    """Encode checked rows (n, F), with names for messages.

    A missing value is its column's of `fills`; without any, it has all bits 0.

    Raises:
        EncodingError: a missing value with `missing="error"`, or an unknown category with
            `unknown="error"`.
    """
    bits = np.zeros((len(x), encoder.n_inputs), dtype=bool)
    first = 0
    cells = category_columns(x, labels, missing=missing)
    if fills is not None:
        cells = [filled_cells(column, fill) for column, fill in zip(cells, fills, strict=True)]
    for column, known, label in zip(cells, encoder.categories, labels, strict=True):
        found = places(column, known)
        if encoder.unknown == "error":
            _refuse_unknown(column, found, known, label)
        rows = np.flatnonzero(found >= 0)
        bits[rows, first + found[rows]] = True
        first += len(known)
    return bits


def _check_column(index: int, column: Iterable[Category]) -> tuple[Category, ...]:
    if isinstance(column, str):
        raise EncodingError(
            f"categories of column {index} are the text {column!r}; expected a tuple of them"
        )
    try:
        categories = tuple(read_category(category) for category in column)
    except ValueError as error:
        raise EncodingError(f"categories of column {index}: {error}") from None
    present = tuple(category for category in categories if category is not None)
    if not categories or present != categories or not _all_distinct(present):
        raise EncodingError(
            f"categories of column {index} are {categories}; expected at least one, all distinct, "
            "none missing"
        )
    return present


def _all_distinct(categories: Sequence[Category]) -> bool:
    """By order, as a file's numbers could be chosen such that a set of them takes for ever."""
    texts = {category for category in categories if isinstance(category, str)}
    numbers = np.array([category for category in categories if not isinstance(category, str)])
    return len(texts) + len(np.unique(numbers)) == len(categories)


def _restore(category: object, numbers: Iterator[float]) -> Category:
    if category is None:
        return next(numbers)
    if not isinstance(category, str):
        raise EncodingError(f"one-hot columns hold {category!r}; expected text or null")
    return category


def _refuse_unknown(
    column: Sequence[Category | None],
    found: NDArray[np.int64],
    known: tuple[Category, ...],
    label: str,
) -> None:
    for row in np.flatnonzero(found < 0).tolist():
        if column[row] is None:
            continue
        shown = ", ".join(repr(category) for category in known[:SHOWN_CATEGORIES])
        more = ", ..." if len(known) > SHOWN_CATEGORIES else ""
        raise EncodingError(
            f"x at row {row}, {label} is {column[row]!r}; known: {shown}{more}; correct it, or "
            'fit with unknown="zero"'
        )
