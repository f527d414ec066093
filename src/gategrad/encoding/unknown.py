"""Categories that an encoder does not know, counted: it encodes them as nothing, silently."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from numpy.typing import NDArray

from gategrad.encoding.categories import NONE, places
from gategrad.encoding.cells import Category, read_category
from gategrad.encoding.encoder import Encoder
from gategrad.encoding.onehot import OneHot
from gategrad.encoding.table import Table


@dataclass(frozen=True)
class Unknown:
    """Cells of a column whose category the encoder does not know.

    Attributes:
        column: its place.
        name: its name, or "column 3".
        count: how many cells.
        example: one of the categories.
        row: of the first one.
    """

    column: int
    name: str
    count: int
    example: Category
    row: int


class KnownCategories:
    """The categories that an encoder knows, to count the others in rows, batch by batch."""

    def __init__(self, encoder: Encoder | None) -> None:
        self._columns = tuple(_category_columns(encoder))
        self._names = getattr(encoder, "names", None)

    def __bool__(self) -> bool:
        """Whether any column has categories."""
        return bool(self._columns)

    def unknown(self, x: NDArray) -> list[Unknown]:
        """The columns with cells of unknown categories; missing values are none.

        Args:
            x: (n, n_features) rows that the encoder takes.
        """
        return [
            found
            for column, known in self._columns
            if (found := self._in_column(column, known, x[:, column].tolist())) is not None
        ]

    def _in_column(
        self, column: int, known: Sequence[Category], cells: list[object]
    ) -> Unknown | None:
        counts = Counter(cells)
        values = list(counts)
        categories = [read_category(value) for value in values]
        odd = [
            value
            for value, category, place in zip(
                values, categories, places(categories, known), strict=True
            )
            if place == NONE and category is not None
        ]
        if not odd:
            return None
        name = f"column {column}" if self._names is None else self._names[column]
        count = sum(counts[value] for value in odd)
        first = read_category(odd[0])
        assert first is not None, "a gap is no category"
        return Unknown(column, name, count, first, cells.index(odd[0]))


def together(several: Iterable[Unknown]) -> list[Unknown]:
    """One entry a column, its counts added; in the order of the columns."""
    found: dict[int, Unknown] = {}
    for one in several:
        first = found.get(one.column, one)
        count = one.count if first is one else first.count + one.count
        found[one.column] = Unknown(one.column, one.name, count, first.example, first.row)
    return [found[column] for column in sorted(found)]


def _category_columns(encoder: Encoder | None) -> Iterator[tuple[int, tuple[Category, ...]]]:
    if isinstance(encoder, OneHot):
        yield from enumerate(encoder.categories)
    if isinstance(encoder, Table):
        for part, columns in zip(encoder.encoders, encoder.columns, strict=True):
            for place, known in _category_columns(part):
                yield columns[place], known
