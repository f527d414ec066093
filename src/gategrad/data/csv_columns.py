"""A `.csv` file with a header row: columns by name, numbers told from categories."""

import csv
import gzip
import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from gategrad.data import formats
from gategrad.data.cells import EITHER, all_numbers, few, is_missing, number
from gategrad.data.csv_header import LOOKED_AT, check_first_row, check_header
from gategrad.data.csv_lines import QUOTE, Lines
from gategrad.data.errors import DataError
from gategrad.data.labels import from_cells

# Rows that are passed over at a time.
_SKIPPED = 1 << 14


@dataclass(frozen=True)
class Sheet:
    """The text of a `.csv` file, or of a part: column names, rows of as many cells, their lines.

    `first` is the file's number, from 0, of the first row here; `decimal` is that of `number`.
    """

    path: Path
    header: tuple[str, ...]
    rows: Sequence[list[str]]
    lines: Sequence[int]
    first: int = 0
    decimal: str = "."

    def where(self, row: int) -> str:
        """Row and line of the file, for messages."""
        return f"{self.path}, row {self.first + row + 1} (line {self.lines[row]})"

    def position(self, column: str) -> int:
        """The place of a column; raises DataError that lists the columns."""
        if column not in self._places:
            raise DataError(
                f"{self.path} has no column {column!r}; its columns are: {few(self.header)}"
            )
        return self._places[column]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.header)}

    def texts(self, column: str) -> list[str]:
        """The cells of a column."""
        position = self.position(column)
        return self.texts_at(position)

    def texts_at(self, position: int, n: int | None = None) -> list[str]:
        """The cells at a place; of the first n rows, or of all."""
        if isinstance(self.rows, Lines):
            return self.rows.column(position, n)
        return [row[position] for row in self.rows[:n]]

    def cells(self, column: str) -> list[str]:
        """The same as `texts`: a `.csv` knows no types."""
        return self.texts(column)

    def is_date(self, column: str) -> bool:
        """A `.csv` knows no types."""
        return False

    def plain(self, columns: Sequence[str]) -> np.ndarray | None:
        """`plain_numbers` of this."""
        return plain_numbers(self, columns)


def numbers_in(sheet: Any, column: str, texts: Sequence[str]) -> list[float | None]:
    """The numbers that the texts of a column say, None for a cell that is none.

    Raises:
        DataError: some have decimal commas and some points, and nobody said which it is.
    """
    found = [number(text, sheet.decimal) for text in texts]
    if sheet.decimal == EITHER:
        signs = {
            sign: text
            for text, value in zip(texts, found, strict=True)
            for sign in ",."
            if value is not None and sign in text
        }
        if len(signs) > 1:
            raise mixed_signs(sheet.path, column, *signs.values())
    return found


def read(path: Path, decimal: str | None = None) -> Sheet:
    """Read a `.csv` file; the separator is a comma, a semicolon or a tab, as in the header.

    Args:
        path: the file, which may be packed; or `STDIN`.
        decimal: "." or ","; None: a point, or either where a semicolon separates the cells.

    Raises:
        DataError: no header, columns of the same name, rows of another length.
    """
    with formats.opened(path) as text:
        named = Path(formats.name_of(path))
        (sheet,) = parts(text.lines, named, decimal=decimal)
    return sheet


def parts(
    stream: TextIO,
    path: Path,
    *,
    start: int = 0,
    n_rows: int | None = None,
    decimal: str | None = None,
) -> Iterator[Sheet]:
    """Read a `.csv` part by part, in bounded memory; there is one part at least.

    Args:
        stream: text, opened with `newline=""`.
        path: of the file, for messages.
        start: the row to begin with; those before are read but not kept.
        n_rows: of a part; all in one where None.
        decimal: as in `read`.

    Raises:
        DataError: as `read`.
    """
    reading = _Reading(stream, path)
    decimal = decimal or (EITHER if reading.separator == ";" else ".")
    first = reading.skip(start)
    while True:
        rows, lines = reading.take(n_rows)
        if not lines and first > start:
            return
        sheet = Sheet(path, reading.header, rows, lines, first, decimal)
        _check_widths(sheet)
        if not first:
            check_first_row(sheet.header, partial(sheet.texts_at, n=LOOKED_AT), path)
        yield sheet
        if n_rows is None or len(lines) < n_rows:
            return
        first += len(lines)


class _Reading:
    """Rows of a stream in turn: lines as they stand, until the first one with a quote.

    Lines without quotes are rows, so that numbers need not go through the text of each cell.
    """

    def __init__(self, stream: TextIO, path: Path) -> None:
        self._path, self._line = path, 0
        self._stream = self._explained(stream)
        head = ""
        for head in self._stream:
            if head.rstrip("\r\n"):
                break
            self._line += 1
        self.separator, self._cells = _separator(head, path), None
        if QUOTE in head:
            self._cells = self._quoted([head])
            _, cells = next(self._cells, (0, []))
        else:
            _, cells = next(self._quoted([head], alone=True), (0, []))
            self._line += 1
        if not cells:
            raise DataError(f"{path} is empty; expected a header row with the columns' names")
        self.header = tuple(cell.strip() for cell in cells)
        check_header(self.header, path)

    def skip(self, n: int) -> int:
        """Pass over n rows, or as many as there are; returns n."""
        left = n
        while left:
            _, lines = self.take(min(left, _SKIPPED))
            if not lines:
                break
            left -= len(lines)
        return n

    def take(self, n: int | None) -> tuple[Sequence[list[str]], list[int]]:
        """The next n rows, all where None, or fewer at the end; and the number of each line."""
        if self._cells is None:
            return self._take_lines(n)
        some = list(islice(self._cells, n))
        return [row for _, row in some], [line for line, _ in some]

    def _take_lines(self, n: int | None) -> tuple[Sequence[list[str]], list[int]]:
        texts: list[str] = []
        lines: list[int] = []
        for text in self._stream:
            if QUOTE in text:
                self._cells = self._quoted([text])
                rows, more = self.take(None if n is None else n - len(texts))
                return [*self._rows(texts, lines), *rows], lines + more
            self._line += 1
            if text.rstrip("\r\n"):
                texts.append(text)
                lines.append(self._line)
                if len(texts) == n:
                    break
        return self._rows(texts, lines), lines

    def _rows(self, texts: list[str], lines: list[int]) -> Lines:
        def refuse(error: csv.Error, row: int) -> DataError:
            return self._no_csv(error, lines[row])

        return Lines(texts, self.separator, refuse)

    def _no_csv(self, error: csv.Error, line: int) -> DataError:
        return DataError(f"{self._path} is not a .csv file, line {line}: {error}")

    def _quoted(self, begun: list[str], *, alone: bool = False) -> Iterator[tuple[int, list[str]]]:
        """Line number and cells of each row of these lines, and unless `alone` of all behind."""
        before = self._line
        text = iter(begun) if alone else chain(begun, self._stream)
        reader = csv.reader(text, delimiter=self.separator, strict=True)
        try:
            for row in reader:
                if row:
                    yield before + reader.line_num, [cell.strip() for cell in row]
        except csv.Error as error:
            raise self._no_csv(error, before + reader.line_num) from error

    def _explained(self, stream: TextIO) -> Iterator[str]:
        try:
            # Not `yield from`, which would close the stream.
            for text in stream:  # noqa: UP028
                yield text
        except UnicodeDecodeError as error:
            raise DataError(f"{self._path} is not a text file in UTF-8: {error.reason}") from error
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise DataError(f"{self._path} is not a complete gzip file: {error}") from error


def _separator(header: str, path: Path) -> str:
    if formats.suffix(path).startswith(".tsv"):
        return "\t"
    return max(",;\t", key=header.count)


def mixed_signs(path: object, column: str, one: str, other: str) -> DataError:
    """The error for decimal commas and points in one column."""
    return DataError(
        f"{path}: column {column!r} holds {one!r} and {other!r}, decimal commas and points; say "
        'by --decimal (decimal="," or ".") which it is'
    )


def _check_widths(sheet: Sheet) -> None:
    n = len(sheet.header)
    if isinstance(sheet.rows, Lines) and sheet.rows.have(n):
        return
    for i, row in enumerate(sheet.rows):
        if len(row) != n:
            raise DataError(
                f"{sheet.where(i)} has {len(row)} cells, but the header has {n}: "
                f"{few(sheet.header)}"
            )


def plain_numbers(sheet: Sheet, columns: Sequence[str]) -> np.ndarray | None:
    """The named columns, (n, len(columns)) float64, where their lines give finite numbers at once.

    None says nothing: cells are to be looked at one by one then.

    Raises:
        DataError: an unknown column.
    """
    places = [sheet.position(column) for column in columns]
    if not isinstance(sheet.rows, Lines) or not len(sheet.rows) or not places:
        return None
    return sheet.rows.numbers(places, decimal=sheet.decimal)


def features(sheet: Sheet, columns: Sequence[str], categories: Collection[str]) -> np.ndarray:
    """The named columns as a matrix.

    Args:
        sheet: the file.
        columns: names, in the order wanted.
        categories: names of columns that hold categories even where all cells are numbers.

    Returns:
        (n, len(columns)) float64 if all columns are numbers, else object (float or str).

    Raises:
        DataError: an unknown column, or a column of numbers with a missing or infinite cell.
    """
    for name in categories:
        sheet.position(name)
    if not categories and (x := plain_numbers(sheet, columns)) is not None:
        return x
    values = [sheet.texts(name) if name in categories else typed(sheet, name) for name in columns]
    return matrix(values, len(sheet.rows))


def with_gaps(cells: Sequence[str]) -> list[str | None]:
    """The cells of categories, None where one is missing."""
    return [None if is_missing(cell) else cell for cell in cells]


def matrix(values: Sequence[np.ndarray | Sequence[str | None]], n: int) -> np.ndarray:
    """Columns of n cells side by side: float64 if all are arrays of numbers, else object."""
    numeric = all(isinstance(value, np.ndarray) for value in values)
    x = np.empty((n, len(values)), np.float64 if numeric else object)
    for j, value in enumerate(values):
        x[:, j] = value
    return x


def targets(sheet: Any, column: str) -> np.ndarray:
    """The label column: int64 or float64 if all cells are numbers, else str; see `from_cells`.

    Args:
        sheet: a `gategrad.data.columns.Sheet`.
        column: its name.

    Raises:
        DataError: an unknown column, an empty cell, or another gap among numbers.
    """
    cells = sheet.cells(column)
    if isinstance(cells, np.ndarray):
        if np.isnan(cells).any():
            raise _no_label(sheet.where(int(np.argmax(np.isnan(cells)))), column, "")
        return cells
    if all_numbers(cells) is not None:
        return from_cells(cells)
    gaps = [i for i, text in enumerate(cells) if is_missing(text)]
    others_are_numbers = len(gaps) < len(cells) and all(
        number(text) is not None for text in cells if not is_missing(text)
    )
    for i in gaps:
        if others_are_numbers or not cells[i]:
            raise _no_label(sheet.where(i), column, cells[i])
    return from_cells(cells)


def _no_label(where: str, column: str, text: str) -> DataError:
    what = repr(text) if text else "empty"
    return DataError(
        f"{where}: the label in column {column!r} is {what}; fill the cell or drop the row"
    )


def typed(sheet: Any, column: str, *, target: bool = False) -> np.ndarray | list[str]:
    """A column as float64 if every cell is a number, else its texts.

    Args:
        sheet: a `gategrad.data.columns.Sheet`.
        column: its name.
        target: whether it is one, which no messages makes categories of.

    Raises:
        DataError: an unknown column, or one of numbers with a missing or infinite cell.
    """
    cells = sheet.cells(column)
    if isinstance(cells, np.ndarray):
        values, gaps, texts = cells, ~np.isfinite(cells), None
    else:
        if sheet.decimal == "." and (fast := all_numbers(cells)) is not None:
            return fast
        texts, found = cells, numbers_in(sheet, column, cells)
        missing = np.array([is_missing(text) for text in texts], bool)
        known = np.array([value is not None for value in found], bool) & ~missing
        if not (known | missing).all() or (texts and not known.any()):
            return texts
        values = np.array([0.0 if value is None else value for value in found], np.float64)
        gaps = missing | ~np.isfinite(values)
    if gaps.any():
        row = int(np.argmax(gaps))
        text = texts[row] if texts is not None else ""
        raise mixed(sheet.where(row), column, text, target=target)
    return values


def mixed(where: str, column: str, text: str, *, target: bool = False) -> DataError:
    """The error for a cell that is no number in a column of numbers."""
    remedy = f"fill the cell, drop the row, or name {column!r} among the categories"
    return DataError(
        f"{where}: column {column!r} holds {text!r}, but numbers elsewhere; "
        f"{'fill the cell or drop the row' if target else remedy}"
    )
