"""What each column of a table is taken for: numbers, dates, or categories; or a word why neither.

A column that is taken for something else than it is trains badly and silently, so what is doubtful
is refused with its remedy, and what was taken is told.
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

import numpy as np

from gategrad.data.cells import EITHER, EPOCH, all_numbers, days, is_dressed, is_missing, number
from gategrad.data.csv_columns import matrix, mixed, numbers_in, with_gaps
from gategrad.data.csv_header import INDEX_NAMES, unnamed
from gategrad.data.errors import DataError

NUMBERS, DATES, CATEGORIES = "numbers", "dates", "categories"
# Text of so many values a row, in so many rows, is no category but a name or a number of its row.
_UNIQUE_SHARE, _UNIQUE_ROWS = 0.75, 20
# Of a column with so many numbers the other cells are strays.
_MOSTLY = 0.5
_SHOWN, _LONGEST = 4, 20
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}\.\d{3}")


# Texts of a column, None where one is missing.
Cells = list[str] | list[str | None]


class Sheet(Protocol):
    """A table in memory, whatever its file."""

    @property
    def path(self) -> Path:
        """Of the file."""

    @property
    def header(self) -> tuple[str, ...]:
        """The columns' names."""

    @property
    def decimal(self) -> str:
        """The sign of decimals, as for `gategrad.data.cells.number`."""

    def where(self, row: int) -> str:
        """Row and file, for messages."""

    def position(self, column: str) -> int:
        """The place of a column; raises DataError that lists the columns."""

    def cells(self, column: str) -> list[str] | np.ndarray:
        """Texts, "" for a gap; or float64, NaN for a gap."""

    def is_date(self, column: str) -> bool:
        """Whether the file says that a column holds dates, and `cells` gives numbers of days."""

    def plain(self, columns: Sequence[str]) -> np.ndarray | None:
        """The columns as float64 where all their cells are finite numbers at once; else None."""


@dataclass(frozen=True)
class Taken:
    """What a column was taken for.

    Attributes:
        name: of the column.
        kind: "numbers", "dates" (numbers of days) or "categories".
        said: for people, such as "numbers, 17 to 90".
    """

    name: str
    kind: str
    said: str


def take(
    sheet: Sheet, names: Sequence[str], categories: Collection[str], *, gaps: bool = False
) -> tuple[np.ndarray, tuple[Taken, ...]]:
    """The named columns as a matrix, and what each was taken for.

    Args:
        sheet: the table.
        names: of the columns, in the order wanted.
        categories: columns of categories, whatever they hold.
        gaps: whether cells may be missing: NaN among numbers and dates, None among categories.

    Returns:
        (n, len(names)) float64 if all columns are numbers, else object (float or str).

    Raises:
        DataError: an unknown column, unless `gaps` a gap among numbers or dates, a column of
            numbers but for some cells, or one of text that is another in nearly each row.
    """
    for name in categories:
        sheet.position(name)
    if "" in names:
        raise unnamed(sheet.path)
    x = None if set(categories) & set(names) else sheet.plain(names)
    if x is not None:
        return x, tuple(map(_numbers, names, np.ascontiguousarray(x.T)))
    _refuse_thousands(sheet, [name for name in names if name not in categories])
    columns = [_column(sheet, name, name in categories, gaps) for name in names]
    values = [column for column, _ in columns]
    n = len(values[0]) if values else 0
    return matrix(values, n), tuple(taken for _, taken in columns)


def _refuse_thousands(sheet: Sheet, names: Sequence[str]) -> None:
    """Refuse 1.234 in a file with decimal commas, where it may be 1234.

    Raises:
        DataError: a column whose points all come before three digits, beside one with commas.
    """
    if sheet.decimal != EITHER:
        return
    pointed, has_commas = None, False
    for name in names:
        cells = sheet.cells(name)
        if isinstance(cells, np.ndarray):
            continue
        found = [cell for cell in cells if number(cell, EITHER) is not None]
        has_commas |= any("," in cell for cell in found)
        points = [cell for cell in found if "." in cell]
        if points and all(_THOUSANDS.fullmatch(cell) for cell in points):
            pointed = pointed or (name, points[0])
    if pointed is not None and has_commas:
        raise DataError(
            f"{sheet.path}: column {pointed[0]!r} holds {pointed[1]!r} in a file with decimal "
            "commas; is the point for thousands? Write numbers without such points, or with "
            "decimal points in all columns (--decimal .)"
        )


def counts_rows(sheet: Sheet, name: str) -> bool:
    """Whether a column counts the rows, from 0 or 1."""
    x = sheet.plain([name])
    return (
        x is not None
        and len(x) > 0
        and bool((x[:, 0] == np.arange(len(x)) + x[0]).all())
        and (x[0, 0] in (0, 1))
    )


def index_columns(sheet: Sheet) -> tuple[str, ...]:
    """The columns that a DataFrame's index became: they count rows, without a name of their own."""
    return tuple(name for name in INDEX_NAMES if name in sheet.header and counts_rows(sheet, name))


def told(taken: Sequence[Taken], most: int = 24) -> list[str]:
    """A line for each column; consecutive ones of one kind in one line where there are many.

    Examples:
        >>> told([Taken(f"p{i}", "numbers", "numbers, 0 to 255") for i in range(784)])
        ['p0 ... p783: 784 columns of numbers']
    """
    if len(taken) <= most:
        width = max((len(column.name) for column in taken), default=0)
        return [f"{column.name:{width}}  {column.said}" for column in taken]
    lines, begin = [], 0
    for i in range(1, len(taken) + 1):
        if i < len(taken) and taken[i].kind == taken[begin].kind:
            continue
        first, last = taken[begin], taken[i - 1]
        several = f"{first.name} ... {last.name}: {i - begin:,} columns of {first.kind}"
        lines.append(several if i - begin > 1 else f"{first.name}: {first.said}")
        begin = i
    return lines if len(lines) <= most else [*lines[:most], f"... ({len(lines) - most} more)"]


def _column(
    sheet: Sheet, name: str, category: bool, gaps: bool
) -> tuple[np.ndarray | Cells, Taken]:
    cells = sheet.cells(name)
    if isinstance(cells, np.ndarray):
        return _of_numbers(sheet, name, cells, category, gaps)
    if not category:
        values = _numbers_of(sheet, name, cells, gaps)
        if values is not None:
            return values, _numbers(name, values)
        if _are_dates(cells):
            return _dates_of(sheet, name, cells, gaps)
        _refuse_dressed(sheet, name, cells)
        _refuse_unique(sheet, name, cells)
    return with_gaps(cells) if gaps else cells, _categories(name, cells)


def _of_numbers(
    sheet: Sheet, name: str, values: np.ndarray, category: bool, gaps: bool
) -> tuple[np.ndarray | Cells, Taken]:
    """A column of a file that knows its type."""
    wrong = np.flatnonzero(np.isinf(values) if gaps else ~np.isfinite(values))
    if len(wrong):
        text = "" if np.isnan(values[wrong[0]]) else f"{values[wrong[0]]:g}"
        raise mixed(sheet.where(int(wrong[0])), name, text)
    if category:
        return values.astype(object), _categories(name, [f"{v:.15g}" for v in values.tolist()])
    known = values[~np.isnan(values)]
    if sheet.is_date(name) and len(known):
        ends = (known.min(), known.max())
        first, last = (date.fromordinal(EPOCH + int(v // 1)) for v in ends)
        return values, Taken(name, DATES, _dates_text(first, last))
    return values, _numbers(name, values)


def _dates_text(first: object, last: object) -> str:
    return f"dates as numbers of days, {first} to {last}"


def _numbers_of(sheet: Sheet, name: str, cells: list[str], gaps: bool) -> np.ndarray | None:
    """The cells as numbers; None where they are something else.

    Raises:
        DataError: most are numbers, and others none.
    """
    if sheet.decimal != EITHER and (values := all_numbers(cells, sheet.decimal)) is not None:
        return values
    found = numbers_in(sheet, name, cells)
    known = [value is not None and not is_missing(c) for value, c in zip(found, cells, strict=True)]
    empty = [i for i, cell in enumerate(cells) if is_missing(cell)]
    strays = [i for i, ok in enumerate(known) if not ok and not is_missing(cells[i])]
    n = sum(known)
    if not n and cells:
        return None
    if strays and n < _MOSTLY * (n + len(strays)):
        return None
    if strays:
        raise stray(sheet.where, name, cells, n, strays[0])
    if gaps:
        for i in empty:
            found[i] = np.nan
    for i, value in enumerate(found):
        if gaps and is_missing(cells[i]):
            continue
        if value is None or not np.isfinite(value) or is_missing(cells[i]):
            raise mixed(sheet.where(i), name, cells[i])
    return np.array(found, np.float64) if gaps or not empty else None


def stray(
    where: Callable[[int], str], name: str, cells: Sequence[str], n: int, row: int
) -> DataError:
    """The error for a cell of text in a column of numbers."""
    text = cells[row]
    hint = ""
    if is_dressed(text):
        hint = ", or write numbers without signs, units and thousands separators"
        if number(text, EITHER) is not None:
            hint = " (--decimal , reads decimal commas)"
    return DataError(
        f"{where(row)}: {n:,} of {len(cells):,} cells of column {name!r} are numbers, but this one "
        f"is {_short(text)!r}; correct it or drop the row{hint}, make categories of the column by "
        f"--category {name}, or leave it out by --ignore {name}"
    )


def _are_dates(cells: Sequence[str]) -> bool:
    present = [cell for cell in cells if not is_missing(cell)]
    return (
        bool(present)
        and days(present[0]) is not None
        and (sum(days(cell) is not None for cell in present) > _MOSTLY * len(present))
    )


def _dates_of(sheet: Sheet, name: str, cells: list[str], gaps: bool) -> tuple[np.ndarray, Taken]:
    values = dates_of(sheet.where, name, cells, gaps=gaps)
    first, last = cells[int(np.nanargmin(values))], cells[int(np.nanargmax(values))]
    return values, Taken(name, DATES, _dates_text(first, last))


def dates_of(
    where: Callable[[int], str], name: str, cells: Sequence[str], *, gaps: bool = False
) -> np.ndarray:
    """A column of dates as days since 1970-01-01, float64; with `gaps` NaN for a missing one.

    Raises:
        DataError: a cell is none.
    """
    values = np.empty(len(cells), np.float64)
    for i, cell in enumerate(cells):
        found = np.nan if gaps and is_missing(cell) else days(cell)
        if found is None:
            raise DataError(
                f"{where(i)}: column {name!r} holds {_short(cell)!r}, but dates elsewhere; "
                "expected such as 2024-03-31: fill the cell or drop the row"
            )
        values[i] = found
    return values


def _refuse_dressed(sheet: Sheet, name: str, cells: Sequence[str]) -> None:
    """Refuse a column of numbers in another notation."""
    present = [i for i, cell in enumerate(cells) if not is_missing(cell) and cell != "-"]
    dressed = [i for i in present if is_dressed(cells[i])]
    if not present or len(dressed) <= _MOSTLY * len(present):
        return
    odd = next((i for i in dressed if number(cells[i], sheet.decimal) is None), None)
    if odd is None:
        return
    commas = all(number(cells[i], EITHER) is not None for i in dressed)
    remedy = "write plain numbers, such as 1234.5, without signs, units and thousands separators"
    if commas:
        remedy = 'for decimal commas add --decimal , (decimal=","), and write thousands as 1234'
    raise DataError(
        f"{sheet.where(odd)}: column {name!r} holds {_short(cells[odd])!r}, a number in another "
        f"notation; {remedy}, make categories of the column by --category {name}, or leave it out "
        f"by --ignore {name}"
    )


def _refuse_unique(sheet: Sheet, name: str, cells: Sequence[str]) -> None:
    values = dict.fromkeys(cell for cell in cells if not is_missing(cell))
    if len(cells) < _UNIQUE_ROWS or len(values) < _UNIQUE_SHARE * len(cells):
        return
    shown = ", ".join(repr(_short(value)) for value in list(values)[:2])
    raise DataError(
        f"{sheet.path}: column {name!r} is text with {len(values):,} values in {len(cells):,} rows "
        f"({shown}, ...), too many to tell classes by; leave it out by --ignore {name}, or insist "
        f"on categories by --category {name}"
    )


def _numbers(name: str, values: np.ndarray) -> Taken:
    if not len(values):
        return Taken(name, NUMBERS, "numbers")
    gaps = np.isnan(values)
    if gaps.any():
        known = _numbers(name, values[~gaps])
        return Taken(name, NUMBERS, f"{known.said}, missing in {gaps.sum():,} rows")
    low, high = values.min(), values.max()
    more = ", which count the rows: --ignore leaves them out" if _counts(values) else ""
    span = f"{low:.6g} to {high:.6g}" if low < high else f"all {low:.6g}"
    return Taken(name, NUMBERS, f"numbers, {span}{more}")


def _counts(values: np.ndarray) -> bool:
    if len(values) < _UNIQUE_ROWS or values[_UNIQUE_ROWS - 1] - values[0] != _UNIQUE_ROWS - 1:
        return False
    return bool((np.diff(values) == 1).all())


def _categories(name: str, cells: Sequence[str]) -> Taken:
    values = sorted(set(cells))
    shown = ", ".join(repr(_short(value)) for value in values[:_SHOWN])
    more = ", ..." if len(values) > _SHOWN else ""
    n = f"{len(values):,} " + ("category" if len(values) == 1 else "categories")
    return Taken(name, CATEGORIES, f"{n}: {shown}{more}")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
