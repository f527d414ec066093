"""A `.csv` file with a header row: columns by name, numbers told from categories."""

import csv
import math
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import TextIO

import numpy as np

from gategrad.data.csv_lines import QUOTE, Lines
from gategrad.data.errors import DataError

# Rows that are passed over at a time.
_SKIPPED = 1 << 14
# Names that a message shows of many.
_SHOWN = 12
_MISSING = {"", "?", "na", "n/a", "nan", "null", "none"}


@dataclass(frozen=True)
class Sheet:
    """The text of a `.csv` file, or of a part: column names, rows of as many cells, their lines.

    `first` is the file's number, from 0, of the first row here.
    """

    path: Path
    header: tuple[str, ...]
    rows: Sequence[list[str]]
    lines: Sequence[int]
    first: int = 0

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
        return [row[position] for row in self.rows]


def read(path: Path) -> Sheet:
    """Read a `.csv` file; the separator is a comma, a semicolon or a tab, as in the header.

    Raises:
        DataError: no header, columns without or with the same name, rows of another length.
    """
    with path.open(encoding="utf-8-sig", newline="") as stream:
        (sheet,) = parts(stream, path)
    return sheet


def parts(
    stream: TextIO, path: Path, *, start: int = 0, n_rows: int | None = None
) -> Iterator[Sheet]:
    """Read a `.csv` part by part, in bounded memory; there is one part at least.

    Args:
        stream: text, opened with `newline=""`.
        path: of the file, for messages.
        start: the row to begin with; those before are read but not kept.
        n_rows: of a part; all in one where None.

    Raises:
        DataError: as `read`.
    """
    reading = _Reading(stream, path)
    first = reading.skip(start)
    while True:
        rows, lines = reading.take(n_rows)
        if not lines and first > start:
            return
        sheet = Sheet(path, reading.header, rows, lines, first)
        _check_widths(sheet)
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
        self._separator, self._cells = _separator(head), None
        if QUOTE in head:
            self._cells = self._quoted([head])
            _, cells = next(self._cells, (0, []))
        else:
            _, cells = next(self._quoted([head], alone=True), (0, []))
            self._line += 1
        if not cells:
            raise DataError(f"{path} is empty; expected a header row with the columns' names")
        self.header = tuple(cell.strip() for cell in cells)
        _check_header(self.header, path)

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

        return Lines(texts, self._separator, refuse)

    def _no_csv(self, error: csv.Error, line: int) -> DataError:
        return DataError(f"{self._path} is not a .csv file, line {line}: {error}")

    def _quoted(self, begun: list[str], *, alone: bool = False) -> Iterator[tuple[int, list[str]]]:
        """Line number and cells of each row of these lines, and unless `alone` of all behind."""
        before, reader = self._line, None
        try:
            text = iter(begun) if alone else chain(begun, self._stream)
            reader = csv.reader(text, delimiter=self._separator, strict=True)
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


def _separator(header: str) -> str:
    return max(",;\t", key=header.count)


def _check_header(header: tuple[str, ...], path: Path) -> None:
    if all(_number(name) is not None for name in header):
        raise DataError(
            f"the first row of {path} holds only numbers ({', '.join(header[:3])}, ...); "
            "expected a header row with the columns' names"
        )
    for name, n in Counter(header).items():
        if not name or n > 1:
            raise DataError(
                f"{path} has {'two columns' if name else 'a column'} named {name!r}; "
                "give each column a name of its own"
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
    return sheet.rows.numbers(places)


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


def matrix(values: Sequence[np.ndarray | list[str]], n: int) -> np.ndarray:
    """Columns of n cells side by side: float64 if all are arrays of numbers, else object."""
    numeric = all(isinstance(value, np.ndarray) for value in values)
    x = np.empty((n, len(values)), np.float64 if numeric else object)
    for j, value in enumerate(values):
        x[:, j] = value
    return x


def targets(sheet: Sheet, column: str) -> np.ndarray:
    """The label column: float64 if all cells are numbers and some not whole, else str.

    Raises:
        DataError: an unknown column, or an empty cell.
    """
    texts = sheet.texts(column)
    if "" in texts:
        raise DataError(
            f"{sheet.where(texts.index(''))}: the label in column {column!r} is empty; "
            "fill the cell or drop the row"
        )
    numbers = [_number(text) for text in texts]
    if None in numbers or all(number.is_integer() for number in numbers):
        return np.array(texts, np.str_)
    return np.array(numbers, np.float64)


def typed(sheet: Sheet, column: str) -> np.ndarray | list[str]:
    """A column as float64 if every cell is a number, else its texts.

    Raises:
        DataError: an unknown column, or one of numbers with a missing or infinite cell.
    """
    texts = sheet.texts(column)
    numbers = [_number(text) for text in texts]
    missing = [is_missing(text) for text in texts]
    is_number = [n is not None and not gap for n, gap in zip(numbers, missing, strict=True)]
    if not all(known or gap for known, gap in zip(is_number, missing, strict=True)):
        return texts
    if texts and not any(is_number):
        return texts
    for i, (number, gap) in enumerate(zip(numbers, missing, strict=True)):
        if gap or not math.isfinite(number):
            raise mixed(sheet.where(i), column, texts[i])
    return np.array(numbers, np.float64)


def mixed(where: str, column: str, text: str) -> DataError:
    """The error for a cell that is no number in a column of numbers."""
    return DataError(
        f"{where}: column {column!r} holds {text!r}, but numbers elsewhere; "
        f"fill the cell, drop the row, or name {column!r} among the categories"
    )


def few(names: Sequence[str]) -> str:
    """Names for a message: all of them, or the first and how many there are."""
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown}, ... ({len(names):,} in all)"


def is_missing(text: str) -> bool:
    """Whether a cell is a gap, such as "" or "NA"."""
    return text.casefold() in _MISSING


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
