"""What a row of the page consists of, and the encoder as comparisons with that.

A cell is a number, NaN where it is missing. Of a column of categories it is the place of one among
those that the encoder knows, or -1 for any other; so text needs no rules of its own in the page.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad.encoding import Encoder, EncodingError, OneHot, Splits, Table, number_intervals
from gategrad.encoding.categories import places
from gategrad.encoding.cells import Category, category_columns, number_columns
from gategrad.encoding.names import column_labels, feature_names_or_default, number_text
from gategrad.encoding.rows import table_rows
from gategrad.export.errors import ExportError
from gategrad.export.source import Source


@dataclass(frozen=True)
class Column:
    """What a person can choose in a column.

    Attributes:
        name: of it.
        kind: "bit", "number" or "category".
        categories: those known, in the order of their places.
        other: whether a category that isn't known is let pass.
        missing: whether a missing value is.
    """

    name: str
    kind: str
    categories: tuple[Category, ...] = ()
    other: bool = False
    missing: bool = False


@dataclass(frozen=True)
class Cells:
    """Input j of the circuit is `low[j] < cells[feature[j]] <= high[j]`, or `gap[j]` for NaN.

    Attributes:
        columns: of a row.
        names: whether the columns have names of their own.
        feature: (inputs,) uint32.
        low: (inputs,) float64; NaN where there is no lower end.
        high: (inputs,) float64; NaN where there is no upper end.
        gap: (inputs,) bool.
    """

    columns: tuple[Column, ...]
    names: bool
    feature: NDArray[np.uint32]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    gap: NDArray[np.bool_]

    def of_rows(self, x: ArrayLike) -> NDArray[np.float64]:
        """Rows (n, columns) as `Model.predict` takes them, as cells.

        Raises:
            EncodingError: rows that the encoder would refuse; names row and column.
        """
        names = [column.name for column in self.columns] if self.names else None
        rows = table_rows(x, len(self.columns), names)
        labels = column_labels(names, len(self.columns))
        made = [_cells(c, rows[:, [j]], [labels[j]]) for j, c in enumerate(self.columns)]
        return np.stack(made, 1)


def cells(model: Source) -> Cells:
    """The cells of a model's rows.

    Raises:
        ExportError: an encoder of another kind than gategrad's own.
    """
    encoder, n = model.encoder, model.circuit.n_inputs
    if encoder is None:
        columns = tuple(Column(f"input {j}", "bit") for j in range(n))
        feature, none = np.arange(n, dtype=np.uint32), np.full(n, np.nan)
        return Cells(columns, False, feature, np.zeros(n), none, np.zeros(n, bool))
    given = getattr(encoder, "names", None)
    names = feature_names_or_default(given, encoder.n_features)
    if isinstance(encoder, Table):
        return _of_table(encoder, names, given is not None)
    columns = _columns(encoder, names, isinstance(encoder, Splits) and encoder.missing == "zero")
    ends = _ends(encoder)
    return Cells(columns, given is not None, *ends, np.zeros(len(ends[0]), bool))


def _of_table(table: Table, names: Sequence[str], named: bool) -> Cells:
    columns: list[Column | None] = [None] * table.n_features
    parts = []
    for encoder, group in zip(table.encoders, table.columns, strict=True):
        made = _columns(encoder, [names[c] for c in group], table.missing != "error")
        for place, column in zip(group, made, strict=True):
            columns[place] = column
        feature, low, high = _ends(encoder)
        parts.append((np.array(group, np.uint32)[feature], low, high))
    # The bits that say "missing": no number is above infinity.
    marked = np.array(table.marked, np.uint32)
    parts.append((marked, np.full(len(marked), np.inf), np.full(len(marked), np.nan)))
    feature, low, high = (np.concatenate(part) for part in zip(*parts, strict=True))
    gap = np.arange(len(feature)) >= len(feature) - len(marked)
    if table.fills:
        gap = table.encode(np.array([table.fills], object))[0]
    known = tuple(column for column in columns if column is not None)
    return Cells(known, named, feature, low, high, gap)


def _columns(encoder: Encoder, names: Sequence[str], missing: bool) -> tuple[Column, ...]:
    if isinstance(encoder, OneHot):
        other = encoder.unknown == "zero"
        pairs = zip(names, encoder.categories, strict=True)
        return tuple(Column(name, "category", known, other, missing) for name, known in pairs)
    return tuple(Column(name, "number", missing=missing) for name in names)


def _ends(encoder: Encoder) -> tuple[NDArray[np.uint32], NDArray[np.float64], NDArray[np.float64]]:
    """Feature, lower and upper end of each bit; a category is the interval around its place."""
    if isinstance(encoder, OneHot):
        widths = [len(known) for known in encoder.categories]
        feature = np.repeat(np.arange(len(widths), dtype=np.uint32), widths)
        place = np.concatenate([np.arange(width) for width in widths])
        return feature, place - 0.5, place + 0.5
    found = number_intervals(encoder)
    if found is None:
        raise ExportError(
            f"a page has no input for a {type(encoder).__name__}; export the circuit behind it: "
            "gg.Model(model.circuit, model.readout, None, model.labels)"
        )
    return found.feature, found.low, found.high


def _cells(column: Column, x: NDArray, label: list[str]) -> NDArray[np.float64]:
    missing = "zero" if column.missing else "error"
    if column.kind != "category":
        numbers = number_columns(x, label, missing=missing)[:, 0]
        if column.kind == "bit" and (wrong := np.flatnonzero((numbers != 0) & (numbers != 1))).size:
            row = int(wrong[0])
            raise EncodingError(f"row {row}, {label[0]} is {numbers[row]:g}; expected 0 or 1")
        return numbers
    (found,) = category_columns(x, label, missing=missing)
    place = places(found, column.categories).astype(np.float64)
    return np.where([cell is None for cell in found], np.nan, place)


def shown(category: Category) -> str:
    """A category as text."""
    return category if isinstance(category, str) else number_text(category)
