"""A `.csv` file with a header row: columns by name, numbers told from categories."""

import csv
import math
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TextIO

import numpy as np

from gategrad.data.errors import DataError

_MISSING = {"", "?", "na", "n/a", "nan", "null", "none"}


@dataclass(frozen=True)
class Sheet:
    """The text of a `.csv` file, or of a part: column names, rows of as many cells, their lines.

    `first` is the file's number, from 0, of the first row here.
    """

    path: Path
    header: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]
    first: int = 0

    def where(self, row: int) -> str:
        """Row and line of the file, for messages."""
        return f"{self.path}, row {self.first + row + 1} (line {self.lines[row]})"

    def position(self, column: str) -> int:
        """The place of a column; raises DataError that lists the columns."""
        if column not in self.header:
            raise DataError(
                f"{self.path} has no column {column!r}; its columns are: {', '.join(self.header)}"
            )
        return self.header.index(column)

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
    numbered = _numbered(stream, path)
    _, cells = next(numbered, (0, None))
    if cells is None:
        raise DataError(f"{path} is empty; expected a header row with the columns' names")
    header = tuple(cells)
    _check_header(header, path)
    numbered, first = islice(numbered, start, None), start
    while True:
        some = list(islice(numbered, n_rows))
        if not some and first > start:
            return
        sheet = Sheet(path, header, [row for _, row in some], [line for line, _ in some], first)
        _check_widths(sheet)
        yield sheet
        if n_rows is None or len(some) < n_rows:
            return
        first += len(some)


def _numbered(stream: TextIO, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each row, the header included."""
    reader = None
    try:
        header = stream.readline()
        reader = csv.reader(chain([header], stream), delimiter=_separator(header), strict=True)
        for row in reader:
            if row:
                yield reader.line_num, [cell.strip() for cell in row]
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not a text file in UTF-8: {error.reason}") from error
    except csv.Error as error:
        raise DataError(f"{path} is not a .csv file, line {reader.line_num}: {error}") from error


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
    for i, row in enumerate(sheet.rows):
        if len(row) != len(sheet.header):
            raise DataError(
                f"{sheet.where(i)} has {len(row)} cells, but the header has "
                f"{len(sheet.header)}: {', '.join(sheet.header)}"
            )


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


def is_missing(text: str) -> bool:
    """Whether a cell is a gap, such as "" or "NA"."""
    return text.casefold() in _MISSING


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
