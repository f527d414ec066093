"""Lines of a `.csv` without quotes: cells where they are looked at, numbers without."""

import csv
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import overload

import numpy as np

QUOTE = '"'
# Cells for which it is worth to load pyarrow, and characters of a cell from which on it reads
# numbers faster than numpy, 1.2 to 1.4 times; it needs 1.4 times as long for short ones.
_MANY_CELLS, _LONG_CELL = 1 << 17, 8
# Rows under which each column costs it more than it gains, and bytes that it takes at once.
_FEW_ROWS, _MOST_BYTES = 100, 1 << 30
# Columns that are cut out of their lines one by one.
_FEW_COLUMNS = 3
BYTE_ORDER_MARK = "\ufeff"


class Lines(Sequence[list[str]]):
    """Lines, each a row of cells. Texts are stripped."""

    def __init__(
        self, texts: list[str], separator: str, refuse: Callable[[csv.Error, int], Exception]
    ) -> None:
        """`refuse` makes the error for the row that is no csv."""
        self._texts, self._separator, self._refuse = texts, separator, refuse
        self._rows: list[list[str]] | None = None
        self._asked = 0

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, index: int) -> list[str]: ...
    @overload
    def __getitem__(self, index: slice) -> list[list[str]]: ...
    def __getitem__(self, index: int | slice) -> list[str] | list[list[str]]:
        if self._rows is None:
            self._rows = self._split()
        return self._rows[index]

    def column(self, place: int, n: int | None = None) -> list[str]:
        """The cells at a place of rows that all have it; of the first n rows, or of all.

        A few columns are cut out of their lines; for more, all lines are split once.
        """
        self._asked += 1
        longest = max(map(len, self._texts), default=0)
        if self._rows is None and (self._asked > _FEW_COLUMNS or longest > csv.field_size_limit()):
            self._rows = self._split()
        if self._rows is not None:
            return [row[place] for row in self._rows[:n]]
        separator, texts = self._separator, self._texts if n is None else self._texts[:n]
        behind = (texts[0].count(separator) + 1 if texts else 0) - place
        if place and behind < place:
            return [text.rsplit(separator, behind)[1].strip() for text in texts]
        return [text.split(separator, place + 1)[place].strip() for text in texts]

    def _split(self) -> list[list[str]]:
        rows: list[list[str]] = []
        try:
            for row in csv.reader(self._texts, delimiter=self._separator, strict=True):
                rows.append([cell.strip() for cell in row])
        except csv.Error as error:
            raise self._refuse(error, len(rows)) from error
        return rows

    def have(self, n: int) -> bool:
        """Whether every row has n cells."""
        return all(text.count(self._separator) == n - 1 for text in self._texts)

    def numbers(self, places: Sequence[int], *, decimal: str = ".") -> np.ndarray | None:
        """The columns at these places as float64; None unless all their cells are finite numbers.

        None also for some that Python reads as numbers, such as 1_000, and where some cells have
        decimal commas and some points.
        """
        if decimal != ".":
            return self._with_commas(places, decimal)
        many = len(self) >= _FEW_ROWS and len(self) * len(places) >= _MANY_CELLS
        many = many and len(self._texts[0]) >= _LONG_CELL * (
            1 + self._texts[0].count(self._separator)
        )
        # pyarrow would drop the mark.
        arrow = _pyarrow() if many and not self._texts[0].startswith(BYTE_ORDER_MARK) else None
        x = self._by_numpy(places) if arrow is None else self._by_arrow(arrow, places)
        return x if x is not None and len(x) == len(self) and np.isfinite(x).all() else None

    def _with_commas(self, places: Sequence[int], decimal: str) -> np.ndarray | None:
        commas = self._separator != "," and any("," in text for text in self._texts)
        points = any("." in text for text in self._texts)
        if points and (commas or decimal == ","):
            return None
        if not commas:
            return self.numbers(places)
        plain = [text.replace(",", ".") for text in self._texts]
        return Lines(plain, self._separator, self._refuse).numbers(places)

    def _by_numpy(self, places: Sequence[int]) -> np.ndarray | None:
        try:
            return np.loadtxt(
                self._texts,
                delimiter=self._separator,
                comments=None,
                usecols=places,
                ndmin=2,
                encoding=None,
            )
        except ValueError:
            return None

    def _by_arrow(self, arrow: ModuleType, places: Sequence[int]) -> np.ndarray | None:
        content = "".join(self._texts).encode()
        if len(content) > _MOST_BYTES:
            return self._by_numpy(places)
        width = self._texts[0].count(self._separator) + 1
        names = [str(place) for place in range(width)]
        used = [names[place] for place in places]
        try:
            table = arrow.csv.read_csv(
                arrow.py_buffer(content),
                arrow.csv.ReadOptions(
                    use_threads=False, block_size=len(content) + 1, column_names=names
                ),
                arrow.csv.ParseOptions(delimiter=self._separator, quote_char=False),
                arrow.csv.ConvertOptions(
                    column_types=dict.fromkeys(used, arrow.float64()),
                    include_columns=list(dict.fromkeys(used)),
                    null_values=[],
                ),
            )
        except arrow.ArrowInvalid:
            return None
        x = np.empty((table.num_rows, len(used)))
        for line, name in zip(x.T, used, strict=True):
            line[:] = table.column(name).to_numpy()
        return x


def _pyarrow() -> ModuleType | None:
    try:
        import pyarrow
        import pyarrow.csv
    except ImportError:
        return None
    return pyarrow
