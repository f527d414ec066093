"""Rows of objects and of text behind a table's encoder: the core reads and compares them.

Each cell becomes a number: of a column of numbers as it is, of a column of categories its place
among those that are known. What the encoder does with such rows are intervals again. The core says
so where a cell is nothing that it reads, and then the encoder sees the rows: it knows what is
wrong.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from gategrad import _core
from gategrad.encoding import Encoder, OneHot, Table
from gategrad.encoding.categories import NONE, numbers_of
from gategrad.encoding.cells import Category, category_number, read_category, read_number
from gategrad.encoding.frames import Coded, Column, is_large, is_number_array
from gategrad.encoding.intervals import Intervals, number_intervals
from gategrad.encoding.table import Part


class CellRows:
    """A table's rows as numbers, and the intervals of these.

    Args:
        table: the encoder.
        intervals: of the numbers that `read` gives.
    """

    def __init__(self, table: Table, intervals: Intervals) -> None:
        self.intervals, self.n_features = intervals, table.n_features
        self._categories: set[int] = set()
        columns: list[tuple] = [([],)] * table.n_features
        for encoder, group in zip(table.encoders, table.columns, strict=True):
            for place, column in enumerate(group):
                known = encoder.categories[place] if isinstance(encoder, OneHot) else None
                strict = isinstance(encoder, OneHot) and encoder.unknown == "error"
                if known is not None:
                    self._categories.add(column)
                columns[column] = _column(known, strict=strict)
        self._reader = _core.CellReader(columns)

    def take(self, x: object) -> bool:
        """Whether `x` are rows (n, features) of objects or text."""
        return (
            type(x) is np.ndarray
            and x.ndim == 2
            and x.dtype.kind in "OU"
            and x.shape[1] == self.n_features
        )

    def take_columns(self, columns: Sequence[Column]) -> bool:
        """Whether these are a table's columns (n,), not all of them numbers."""
        return len(columns) == self.n_features and not all(map(is_number_array, columns))

    def read(self, x: NDArray) -> NDArray[np.float64] | None:
        """Numbers (n, features) of rows that `take` took; None where a cell has none."""
        out = np.empty(x.shape)
        return out if self._reader.read(x, out, 0) else None

    def read_columns(self, columns: Sequence[Column]) -> NDArray[np.float64] | None:
        """The same of columns (n,), as `table_columns` gives them."""
        out = np.empty((len(columns[0]), len(columns)))
        for place, column in enumerate(columns):
            if not self._read_column(column, place, out[:, place]):
                return None
        return out

    def _read_column(self, column: Column, place: int, out: NDArray[np.float64]) -> bool:
        if isinstance(column, Coded):
            return self._read_coded(column, place, out)
        if not is_number_array(column):
            return self._reader.read(column[:, None], out[:, None], place)
        if is_large(column):
            return False
        if place in self._categories:
            # Numbers of few kinds, which the core reads as Python's.
            return self._reader.read(column.astype(object)[:, None], out[:, None], place)
        np.add(column, 0.0, out=out)
        return True

    def _read_coded(self, column: Coded, place: int, out: NDArray[np.float64]) -> bool:
        """Each text once, unless they are more than the cells, or one that no cell is has none."""
        numbers = np.empty((len(column.texts), 1))
        if len(column.texts) <= len(column) and self._reader.read(
            column.texts[:, None], numbers, place
        ):
            out[:] = numbers[column.codes, 0]
            return True
        return self._reader.read(column.cells()[:, None], out[:, None], place)


def cell_rows(encoder: Encoder) -> CellRows | None:
    """What reads rows for an encoder of categories; None for one of another kind."""
    if isinstance(encoder, OneHot):
        encoder = Table((encoder,), (tuple(range(encoder.n_features)),))
    if not isinstance(encoder, Table):
        return None
    intervals = number_intervals(_of_places(encoder))
    return None if intervals is None else CellRows(encoder, intervals)


def _of_places(table: Table) -> Table:
    """The table for rows whose categories are their places."""
    fills = list(table.fills)
    encoders: list[Part] = []
    for encoder, group in zip(table.encoders, table.columns, strict=True):
        if not isinstance(encoder, OneHot):
            encoders.append(encoder)
            continue
        places = tuple(tuple(map(float, range(len(known)))) for known in encoder.categories)
        encoders.append(OneHot(places))
        for column, known in zip(group, encoder.categories, strict=True):
            if fills:
                fills[column] = _resolver(*_places(known), strict=False)(fills[column])
    return Table(
        tuple(encoders),
        table.columns,
        missing=table.missing,
        marked=table.marked,
        fills=tuple(fills),
    )


def _column(known: Sequence[Category] | None, *, strict: bool) -> tuple:
    """A column as the core takes it: places of text, numbers and their places, what else to ask."""
    if known is None:
        return None, [], [], read_number
    found = _places(known)
    return *found, _resolver(*found, strict=strict)


def _places(known: Sequence[Category]) -> tuple[dict[str, float], list[float], list[float]]:
    """The places of categories of text; those that are numbers, rising, and their places."""
    texts = {c: float(i) for i, c in enumerate(known) if isinstance(c, str)}
    pairs = sorted((v, float(i)) for i, v in enumerate(numbers_of(known).tolist()) if v == v)
    return texts, [value for value, _ in pairs], [place for _, place in pairs]


def _resolver(
    texts: dict[str, float], values: list[float], places: list[float], *, strict: bool
) -> Callable[[object], float]:
    """What gives the place of any cell; it raises for an unknown category where it is `strict`."""

    def resolve(cell: object) -> float:
        category = read_category(cell)
        if category is None:
            return float("nan")
        if isinstance(category, str) and category in texts:
            return texts[category]
        number = category_number(category) if isinstance(category, str) else category
        at = bisect_left(values, number) if number == number else len(values)
        if at < len(values) and values[at] == number:
            return places[at]
        if strict:
            raise ValueError(f"{category!r} is unknown")
        return float(NONE)

    return resolve
