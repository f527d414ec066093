"""Reading of single table cells, and of columns of them: numbers, categories, missing values."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from gategrad.encoding.cuts import as_measured
from gategrad.encoding.errors import EncodingError
from gategrad.encoding.rows import FILL_HINT, LARGEST_EXACT, NUMBER_KINDS, exact_float64

Category = str | float
Value = TypeVar("Value")

# Known by the names of their classes, since pandas need not be there.
_GAPS = ("NAType", "NaTType")


def read_number(cell: object) -> float:
    """Read a cell of a numeric column: a number, or text that reads as one.

    Returns:
        The value; NaN for a missing one (None, NaN, NaT, pandas' NA, blank text).

    Raises:
        ValueError: neither of these, or an integer beyond 2**53.
    """
    if isinstance(cell, str):
        return _number_from_text(cell)
    if cell is None or type(cell).__name__ in _GAPS or _is_no_time(cell):
        return math.nan
    if isinstance(cell, (bool, np.bool_, float, np.floating)) and not isinstance(
        cell, np.longdouble
    ):
        return float(cell) + 0.0
    if isinstance(cell, (int, np.integer)):
        if abs(int(cell)) > LARGEST_EXACT:
            raise ValueError(f"{cell} is beyond 2**53, where float64 has gaps: scale it down")
        return float(cell)
    raise ValueError(f"{cell!r} is a {type(cell).__name__}; expected a number or text")


def read_category(cell: object) -> Category | None:
    """Read a cell of a categorical column: text as it is, numbers as float.

    Returns:
        The category; None for a missing one (None, NaN, NaT, pandas' NA).

    Raises:
        ValueError: neither text nor a number, or an integer beyond 2**53.
    """
    if isinstance(cell, str):
        return str(cell)
    value = read_number(cell)
    if isinstance(cell, (np.float16, np.float32)):
        value = float(str(cell))
    return None if math.isnan(value) else value


def category_number(category: Category | None) -> float:
    """The number that a category compares as: of "1", "1.0" and "+1" the same; NaN for none.

    Text from 2**53 on is none, where several integers would be one float64.
    """
    if category is None:
        return math.nan
    try:
        number = read_number(category)
    except ValueError:
        return math.nan
    return math.nan if isinstance(category, str) and abs(number) >= LARGEST_EXACT else number


def is_number_column(cells: Iterable[object]) -> bool:
    """Whether every cell reads as a number or is missing, and at least one is a number."""
    found = False
    for cell in cells:
        try:
            found |= not math.isnan(read_number(cell))
        except ValueError:
            return False
    return found


def number_columns(x: NDArray, labels: Sequence[str], *, missing: str) -> NDArray[np.float64]:
    """Read columns of numbers.

    Args:
        x: (n, F) numbers, text or objects.
        labels: (F,) names of the columns in messages.
        missing: "error", or what lets missing values pass.

    Returns:
        (n, F) float64 with NaN where a value is missing.

    Raises:
        EncodingError: a cell that is no number, or a missing one with `missing="error"`.
    """
    if x.dtype.kind in NUMBER_KINDS:
        values = exact_float64(x, labels)
    else:
        columns = [_read_numbers(x[:, i].tolist(), label) for i, label in enumerate(labels)]
        values = np.array(columns, dtype=np.float64).reshape(x.shape[::-1]).T
    if missing == "error":
        refuse_missing(np.isnan(values), labels)
    return values


def category_columns(
    x: NDArray, labels: Sequence[str], *, missing: str
) -> list[list[Category | None]]:
    """Read columns of categories, None where one is missing; the arguments of `number_columns`.

    A float32 is the decimal that it stands for, so that 0.1 is one category in every dtype.

    Raises:
        EncodingError: a cell that is no category, or a missing one with `missing="error"`.
    """
    if x.dtype.kind == "f":
        x = as_measured(x)
    columns = [_read_categories(x[:, i].tolist(), label) for i, label in enumerate(labels)]
    if missing == "error":
        gaps = [[cell is None for cell in column] for column in columns]
        refuse_missing(np.array(gaps, dtype=bool).T, labels)
    return columns


def refuse_missing(gaps: NDArray[np.bool_], labels: Sequence[str]) -> None:
    """Raise for the first missing value in row order.

    Raises:
        EncodingError: there is one; names row and column.
    """
    if gaps.any():
        row, column = map(int, np.unravel_index(np.argmax(gaps), gaps.shape))
        raise EncodingError(f"x at row {row}, {labels[column]} has no value: {FILL_HINT}")


def _is_no_time(cell: object) -> bool:
    return isinstance(cell, (np.datetime64, np.timedelta64)) and bool(np.isnat(cell))


def _number_from_text(text: str) -> float:
    text = text.strip()
    if not text:
        return math.nan
    # float() takes "1_000", as Python source does; in a table that is text.
    if "_" in text:
        raise ValueError(f"{text!r} is text; expected a number")
    try:
        return float(text) + 0.0
    except ValueError:
        raise ValueError(f"{text!r} is text; expected a number") from None


def _read_numbers(cells: list, label: str) -> Sequence[float] | NDArray[np.float64]:
    """Numbers all at once, and each text once."""
    kinds = set(map(type, cells))
    plain = _plain_numbers(cells, kinds)
    if plain is not None:
        return plain
    if kinds == {str}:
        try:
            known = {cell: read_number(cell) for cell in set(cells)}
        except ValueError:
            known = {}  # the first bad one is found below
        if known:
            return list(map(known.__getitem__, cells))
    return _read_cells(cells, read_number, label)


def _read_categories(cells: list, label: str) -> list[Category | None]:
    """Text is as it is, and numbers come all at once."""
    kinds = set(map(type, cells))
    if kinds == {str}:
        return cells
    plain = _plain_numbers(cells, kinds)
    if plain is not None:
        return [value if value == value else None for value in plain.tolist()]
    return _read_cells(cells, read_category, label)


def _plain_numbers(cells: list, kinds: set[type]) -> NDArray[np.float64] | None:
    """Cells of Python's own numbers; None where there are others, or float64 could round some."""
    if not kinds or not kinds <= {float, int}:
        return None
    try:
        values = np.array(cells, np.float64) + 0.0
    except OverflowError:
        return None
    rounded = int in kinds and bool((np.abs(values) >= LARGEST_EXACT).any())
    return None if rounded else values


def _read_cells(cells: list, read: Callable[[object], Value], label: str) -> list[Value]:
    values = []
    for row, cell in enumerate(cells):
        try:
            values.append(read(cell))
        except ValueError as error:
            raise EncodingError(f"x at row {row}, {label}: {error}") from None
    return values
