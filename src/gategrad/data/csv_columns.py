"""A `.csv` file with a header row: columns by name, numbers told from categories."""

import csv
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gategrad.data.errors import DataError

_MISSING = {"", "?", "na", "n/a", "nan", "null", "none"}


@dataclass(frozen=True)
class Sheet:
    """The text of a `.csv` file: column names, rows of as many cells, the line of each row."""

    path: Path
    header: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]

    def where(self, row: int) -> str:
        """Row and line of the file, for messages."""
        return f"{self.path}, row {row + 1} (line {self.lines[row]})"

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
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            separator = _separator(stream.readline())
            stream.seek(0)
            reader = csv.reader(stream, delimiter=separator, strict=True)
            numbered = [(reader.line_num, row) for row in reader if row]
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not a text file in UTF-8: {error.reason}") from error
    except csv.Error as error:
        raise DataError(f"{path} is not a .csv file, line {reader.line_num}: {error}") from error
    if not numbered:
        raise DataError(f"{path} is empty; expected a header row with the columns' names")
    lines, rows = zip(*numbered, strict=True)
    header, *body = [[cell.strip() for cell in row] for row in rows]
    sheet = Sheet(path, tuple(header), body, list(lines[1:]))
    _check(sheet)
    return sheet


def _separator(header: str) -> str:
    return max(",;\t", key=header.count)


def _check(sheet: Sheet) -> None:
    header = sheet.header
    if all(_number(name) is not None for name in header):
        raise DataError(
            f"the first row of {sheet.path} holds only numbers ({', '.join(header[:3])}, ...); "
            "expected a header row with the columns' names"
        )
    for name in header:
        if not name or header.count(name) > 1:
            raise DataError(
                f"{sheet.path} has {'two columns' if name else 'a column'} named {name!r}; "
                "give each column a name of its own"
            )
    for i, row in enumerate(sheet.rows):
        if len(row) != len(header):
            raise DataError(
                f"{sheet.where(i)} has {len(row)} cells, but the header has "
                f"{len(header)}: {', '.join(header)}"
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
    values = [sheet.texts(name) if name in categories else _typed(sheet, name) for name in columns]
    numeric = all(isinstance(value, np.ndarray) for value in values)
    x = np.empty((len(sheet.rows), len(columns)), np.float64 if numeric else object)
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


def _typed(sheet: Sheet, column: str) -> np.ndarray | list[str]:
    """float64 if every cell is a number, else the texts; in between is an error."""
    texts = sheet.texts(column)
    numbers = [_number(text) for text in texts]
    missing = [text.casefold() in _MISSING for text in texts]
    is_number = [n is not None and not gap for n, gap in zip(numbers, missing, strict=True)]
    if not all(known or gap for known, gap in zip(is_number, missing, strict=True)):
        return texts
    if texts and not any(is_number):
        return texts
    for i, (number, gap) in enumerate(zip(numbers, missing, strict=True)):
        if gap or not math.isfinite(number):
            raise DataError(
                f"{sheet.where(i)}: column {column!r} holds {texts[i]!r}, but numbers elsewhere; "
                f"fill the cell, drop the row, or name {column!r} among the categories"
            )
    return np.array(numbers, np.float64)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
