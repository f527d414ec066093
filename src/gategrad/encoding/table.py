"""A table's encoder: one encoder for each group of columns, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad.encoding.binned import Binned
from gategrad.encoding.cells import Category, number_columns
from gategrad.encoding.encoder import Arrays, Config, State
from gategrad.encoding.errors import EncodingError
from gategrad.encoding.fields import (
    check_fields,
    choice,
    origin_config,
    read_kind,
    read_list,
    read_origin,
)
from gategrad.encoding.fitted import fitted_dtype, note_dtype
from gategrad.encoding.frames import column_names
from gategrad.encoding.gaps import (
    MISSING,
    check_fills,
    check_marked,
    fills_state,
    gap_columns,
    most_frequent,
    read_fills,
)
from gategrad.encoding.names import checked_names, column_labels, feature_names_or_default
from gategrad.encoding.onehot import OneHot, encode_one_hot, fit_one_hot
from gategrad.encoding.rows import table_rows
from gategrad.encoding.table_fit import fit_numeric, split_columns, whole_times
from gategrad.encoding.thermometer import Thermometer

Part = Thermometer | Binned | OneHot
PARTS: dict[str, type[Part]] = {"thermometer": Thermometer, "binned": Binned, "one-hot": OneHot}


@dataclass(frozen=True)
class Table:
    """Encode rows of numbers and text: group g of the columns goes through encoder g.

    The bits of the groups follow one another. A missing value is None, NaN or, in a column of
    numbers, blank text. Anything else is a value, such as the category "?".

    Attributes:
        encoders: a Thermometer, Binned or OneHot for each group.
        columns: for each group its columns, in the order in which its encoder takes them; the
            groups together hold every column 0..n_features-1 once.
        names: the columns' names, or None.
        missing: what a missing value becomes: "error"; "zero", all bits of its column 0;
            "indicator", the same, and in `marked` columns a bit of its own is 1; "most-frequent",
            the value of `fills`.
        marked: columns with a bit that says "missing", behind the bits of the groups.
        fills: for each column what fills its gaps, with missing="most-frequent".
        fitted_on: the dtype of the rows that it was fitted on, where others may differ by rounding.

    Raises:
        EncodingError: groups and encoders that don't fit together.
    """

    encoders: tuple[Part, ...]
    columns: tuple[tuple[int, ...], ...]
    names: tuple[str, ...] | None = None
    missing: str = "error"
    fitted_on: str | None = field(default=None, compare=False)
    marked: tuple[int, ...] = ()
    fills: tuple[Category, ...] = ()

    def __post_init__(self) -> None:
        choice(self.missing, MISSING, "missing")
        object.__setattr__(self, "encoders", tuple(self.encoders))
        object.__setattr__(self, "columns", tuple(tuple(map(int, c)) for c in self.columns))
        _check_groups(self.encoders, self.columns)
        object.__setattr__(self, "names", checked_names(self.names, self.n_features))
        marked = check_marked(self.marked, self.n_features, self.missing)
        fills = check_fills(self.fills, self.n_features, self._numbers(), self.missing)
        object.__setattr__(self, "marked", marked)
        object.__setattr__(self, "fills", fills)

    @classmethod
    def fit(
        cls,
        x: ArrayLike,
        bits: int = 8,
        *,
        numeric: str = "thermometer",
        spacing: str = "quantile",
        categorical: Sequence[int | str] = (),
        names: Sequence[str] | None = None,
        unknown: str = "zero",
        missing: str = "error",
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Fit on the rows of a table.

        Args:
            x: (n, columns) numbers, text or objects, n >= 1.
            bits: bits of a numeric column: levels of a thermometer, or bins (at least 2).
            numeric: "thermometer" or "binned", for columns of numbers.
            spacing: "quantile" or "uniform", of the levels or the bins.
            categorical: columns of numbers, by index or name, to treat as categories.
            names: the columns' names, all different; those of a table with named columns where
                None.
            unknown: "zero" or "error": what a category that comes later becomes.
            missing: "error", "zero", "indicator" or "most-frequent". Fits of levels and categories
                leave missing values out. "indicator" gives a bit to each column that has some;
                "most-frequent" takes the value that most rows have, of several the first.
            sample_weight: (n,) numbers above 0, how often each row counts for quantiles and most
                frequent values: a row of weight 2 is that row twice.

        Returns:
            A table of one group of numeric columns and one of categorical columns, or of one of
            these. A column is numeric when all its values are numbers or text that reads as one;
            a warning tells of one whose values mostly are.

        Raises:
            EncodingError: bad rows or options; names row and column.

        Examples:
            >>> table = Table.fit([[39.0, "red"], [50.0, "?"]], 1, names=["age", "colour"])
            >>> table.input_names()
            ['age > 44.5', 'colour = ?', 'colour = red']
        """
        choice(missing, MISSING, "missing")
        names = column_names(x) if names is None else names
        x = table_rows(x)
        if names is not None:
            names = feature_names_or_default(names, x.shape[1])
        labels = column_labels(names, x.shape[1])
        numbers, others = split_columns(x, categorical, names)
        times = whole_times(sample_weight, len(x))
        encoders: list[Part] = []
        if numbers:
            encoders.append(
                fit_numeric(
                    x[:, numbers],
                    bits,
                    _pick(labels, numbers),
                    numeric=numeric,
                    spacing=spacing,
                    missing=missing,
                    times=times,
                )
            )
        if others:
            encoders.append(
                fit_one_hot(x[:, others], _pick(labels, others), unknown=unknown, missing=missing)
            )
        columns = tuple(tuple(group) for group in (numbers, others) if group)
        fitted_on = fitted_dtype(x[:, numbers]) if numbers else None
        given = None if names is None else tuple(names)
        marked: tuple[int, ...] = ()
        fills: tuple[Category, ...] = ()
        if missing == "indicator":
            marked = tuple(np.flatnonzero(gap_columns(x, labels, numbers).any(axis=0)).tolist())
        if missing == "most-frequent":
            fills = most_frequent(x, labels, numbers, times)
        return cls(tuple(encoders), columns, given, missing, fitted_on, marked, fills)

    @property
    def n_features(self) -> int:
        """Columns that `encode` takes."""
        return sum(len(columns) for columns in self.columns)

    @property
    def n_inputs(self) -> int:
        """Bits of a row."""
        return sum(encoder.n_inputs for encoder in self.encoders) + len(self.marked)

    def encode(self, x: ArrayLike) -> NDArray[np.bool_]:
        """Encode rows.

        Args:
            x: (n, n_features) numbers, text or objects; n may be 0. Or a table with named
                columns, see `frames`.

        Returns:
            (n, n_inputs) bool.

        Raises:
            EncodingError: another shape or dtype, a number expected and not found, and, unless
                the options let them pass, a missing value or an unknown category; names row and
                column.
        """
        x = table_rows(x, self.n_features, self.names)
        note_dtype(self, x)
        labels = column_labels(self.names, self.n_features)
        parts = [
            self._encode_part(encoder, x[:, columns], _pick(labels, columns), columns)
            for encoder, columns in zip(self.encoders, self.columns, strict=True)
        ]
        if self.marked:
            marked, numbers = list(self.marked), self._numbers()
            among = [place for place, column in enumerate(marked) if column in numbers]
            parts.append(gap_columns(x[:, marked], _pick(labels, marked), among))
        return np.concatenate(parts, axis=1)

    def thresholds(self) -> tuple[NDArray[np.uint32], NDArray[np.float64]] | None:
        """Give None: tables take text and missing values, so `encode` has to see the rows."""
        return None

    def input_names(self, feature_names: Sequence[str] | None = None) -> list[str]:
        """Name every bit, as in "age > 37.5" or "colour = red".

        Args:
            feature_names: names of all columns, in the table's order; `names` where None.

        Raises:
            EncodingError: not n_features names.
        """
        given = self.names if feature_names is None else feature_names
        names = feature_names_or_default(given, self.n_features)
        return [
            name
            for encoder, columns in zip(self.encoders, self.columns, strict=True)
            for name in encoder.input_names(_pick(names, columns))
        ] + [f"{name} is missing" for name in _pick(names, self.marked)]

    def to_state(self) -> State:
        """Give the config, with that of each group, and arrays called "group.name"."""
        groups: list[Config] = []
        arrays: dict[str, NDArray] = {}
        for i, (encoder, columns) in enumerate(zip(self.encoders, self.columns, strict=True)):
            config, part = encoder.to_state()
            groups.append({"columns": list(columns), "encoder": config})
            arrays |= {f"{i}.{name}": array for name, array in part.items()}
        names = None if self.names is None else list(self.names)
        config = {"kind": "table", "groups": groups, "names": names, "missing": self.missing}
        if self.missing == "indicator":
            config["marked"] = list(self.marked)
        fills, numbers = fills_state(self.fills)
        return config | dict(fills) | origin_config(None, self.fitted_on), arrays | numbers

    @classmethod
    def from_state(cls, config: Config, arrays: Arrays) -> Self:
        """Rebuild what `to_state` gave.

        Raises:
            EncodingError: anything missing, unexpected or malformed.
        """
        read_kind(config, ("table",))
        more = {"indicator": {"marked"}, "most-frequent": {"fills"}}
        missing = choice(config.get("missing", "error"), MISSING, "missing")
        check_fields(config, arrays, keys={"groups", "names", "missing"} | more.get(missing, set()))
        marked = read_list(config.get("marked", []), "marked columns", int)
        fills = read_fills(config, arrays) if "fills" in config else ()
        arrays = {name: array for name, array in arrays.items() if not fills or name != "fills"}
        groups = read_list(config["groups"], "table groups", dict)
        parts = _split_arrays(arrays, len(groups))
        pairs = [_read_group(group, part) for group, part in zip(groups, parts, strict=True)]
        encoders = tuple(encoder for encoder, _ in pairs)
        columns = tuple(tuple(group) for _, group in pairs)
        return cls(
            encoders,
            columns,
            missing=missing,
            marked=tuple(marked),
            fills=fills,
            **read_origin(config),
        )

    def _numbers(self) -> tuple[int, ...]:
        """The columns of numbers."""
        pairs = zip(self.encoders, self.columns, strict=True)
        return tuple(c for part, group in pairs if not isinstance(part, OneHot) for c in group)

    def _encode_part(
        self, encoder: Part, x: NDArray, labels: list[str], columns: Sequence[int]
    ) -> NDArray[np.bool_]:
        fills = [self.fills[column] for column in columns] if self.fills else None
        if isinstance(encoder, OneHot):
            return encode_one_hot(encoder, x, labels, missing=self.missing, fills=fills)
        values = number_columns(x, labels, missing=self.missing)
        if fills is not None:
            values = np.where(np.isnan(values), np.array(fills, np.float64), values)
        gaps = np.isnan(values)
        bits = encoder.encode(np.where(gaps, 0.0, values))
        by_column = bits.reshape(len(x), encoder.n_inputs // len(labels), len(labels))
        return (by_column & ~gaps[:, None, :]).reshape(bits.shape)


def _check_groups(encoders: tuple[Part, ...], columns: tuple[tuple[int, ...], ...]) -> None:
    if not encoders or len(encoders) != len(columns):
        raise EncodingError(
            f"got {len(encoders)} encoders and {len(columns)} groups of columns; expected one "
            "encoder for each group, and at least one"
        )
    for i, (encoder, group) in enumerate(zip(encoders, columns, strict=True)):
        if not isinstance(encoder, Part):
            raise EncodingError(
                f"encoder {i} is a {type(encoder).__name__}; expected a Thermometer, Binned or "
                "OneHot"
            )
        if encoder.n_features != len(group):
            raise EncodingError(
                f"encoder {i} takes {encoder.n_features} columns; its group has {len(group)}"
            )
    listed = sorted(column for group in columns for column in group)
    if listed != list(range(len(listed))):
        raise EncodingError(
            f"the groups hold the columns {listed}; expected each of 0, 1, ... once"
        )


def _read_group(group: Config, arrays: Arrays) -> tuple[Part, list[int]]:
    if set(group) != {"columns", "encoder"}:
        raise EncodingError(
            f"a table group has the keys {sorted(group, key=repr)}; expected ['columns', 'encoder']"
        )
    kind = read_kind(group["encoder"], tuple(PARTS))
    encoder = PARTS[kind].from_state(group["encoder"], arrays)
    return encoder, read_list(group["columns"], "columns of a table group", int)


def _split_arrays(arrays: Arrays, n_groups: int) -> list[dict[str, NDArray]]:
    parts: dict[str, dict[str, NDArray]] = {str(i): {} for i in range(n_groups)}
    for key, array in arrays.items():
        group, _, name = str(key).partition(".")
        if group not in parts:
            raise EncodingError(
                f"table state has an unexpected array {key!r}; it has {n_groups} groups"
            )
        parts[group][name] = array
    return list(parts.values())


def _pick(items: Sequence[str], columns: Sequence[int]) -> list[str]:
    return [items[column] for column in columns]
