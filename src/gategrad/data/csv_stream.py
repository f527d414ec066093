"""A `.csv` file too big for memory: part by part, what `load_rows` makes of the whole."""

from collections.abc import Collection, Sequence

import numpy as np

from gategrad.data.cells import EITHER, all_numbers, is_missing
from gategrad.data.columns import dates_of
from gategrad.data.csv_columns import (
    Sheet,
    matrix,
    mixed_signs,
    numbers_in,
    plain_numbers,
    typed,
    with_gaps,
)
from gategrad.data.errors import DataError

# What the parts so far say about a column: "numbers", the same with the sign of its decimals,
# "text", or, where all its cells were gaps, the place and text of the first one. Lists and str
# only, so that it can be kept as JSON.
Kinds = dict[str, str | list[str]]


def part_features(
    sheet: Sheet,
    columns: Sequence[str],
    categories: Collection[str],
    kinds: Kinds,
    dates: Collection[str] = (),
    numbers: Collection[str] = (),
    *,
    gaps: bool = False,
) -> np.ndarray:
    """The named columns of a part as a matrix.

    Whether a column holds numbers or texts depends on all its cells. Where a later part contradicts
    what the earlier ones were taken for, that is an error: never another result than that of
    `load_rows`.

    Args:
        sheet: the part; parts come in the file's order.
        columns: names, in the order wanted.
        categories: names of columns that hold categories even where all cells are numbers.
        dates: names of columns of dates, which become numbers of days.
        numbers: names of columns in which text is an error.
        kinds: what the parts before this one showed, empty at first; brought up to date.
        gaps: whether cells may be missing: NaN in `numbers` and `dates`, None in all others, which
            are categories then.

    Returns:
        (n, len(columns)) float64 if all columns are numbers, else object (float or str).

    Raises:
        DataError: an unknown column, a gap in a column of numbers, or text behind numbers.
    """
    for name in categories:
        sheet.position(name)
    if not categories and not dates and all(_may_be_numbers(kinds.get(name)) for name in columns):
        x = plain_numbers(sheet, columns)
        if x is not None:
            for name, values in zip(columns, x.T, strict=True):
                _remember(sheet, name, kinds, values)
            return x
    if gaps:
        return matrix(
            [_with_gaps(sheet, name, dates, numbers) for name in columns], len(sheet.rows)
        )
    values = []
    for name in columns:
        if name in categories:
            values.append(sheet.texts(name))
        elif name in dates:
            values.append(dates_of(sheet.where, name, sheet.texts(name)))
        else:
            values.append(_column(sheet, name, kinds, only_numbers=name in numbers))
    return matrix(values, len(sheet.rows))


def _with_gaps(
    sheet: Sheet, name: str, dates: Collection[str], numbers: Collection[str]
) -> np.ndarray | list[str | None]:
    texts = sheet.texts(name)
    if name in dates:
        return dates_of(sheet.where, name, texts, gaps=True)
    if name not in numbers:
        return with_gaps(texts)
    values = np.empty(len(texts))
    for i, (text, value) in enumerate(zip(texts, numbers_in(sheet, name, texts), strict=True)):
        missing = is_missing(text)
        if not missing and (value is None or not np.isfinite(value)):
            raise _no_number(sheet.where(i), name, text)
        values[i] = np.nan if missing else value
    return values


def _may_be_numbers(kind: str | list[str] | None) -> bool:
    return kind is None or (isinstance(kind, str) and kind.startswith("numbers"))


def _remember(sheet: Sheet, column: str, kinds: Kinds, values: np.ndarray) -> None:
    """Note that a column holds numbers, and of which sign its decimals are where it may be either.

    Raises:
        DataError: its earlier parts had the other sign.
    """
    known = kinds.get(column)
    kinds[column] = known if isinstance(known, str) else "numbers"
    if sheet.decimal != EITHER or (values == np.floor(values)).all():
        return
    row = int(np.argmax(values != np.floor(values)))
    text = sheet.texts(column)[row]
    sign = "," if "," in text else "."
    if known not in (None, "numbers", f"numbers {sign}"):
        raise mixed_signs(sheet.path, column, text, f"1{known[-1]}5")
    kinds[column] = f"numbers {sign}"


def _column(
    sheet: Sheet, column: str, kinds: Kinds, *, only_numbers: bool
) -> np.ndarray | list[str]:
    texts, kind = sheet.texts(column), kinds.get(column)
    if kind == "text":
        return texts
    plain = all_numbers(texts) if sheet.decimal == "." else None
    values = typed(sheet, column) if plain is None else plain
    if not texts:
        return values
    if isinstance(values, np.ndarray):
        if isinstance(kind, list):
            raise _no_number(kind[0], column, kind[1])
        _remember(sheet, column, kinds, values)
        return values
    no_numbers = [i for i, text in enumerate(texts) if not is_number(text, sheet.decimal)]
    if only_numbers:
        no_numbers = [i for i in no_numbers if not is_missing(texts[i])]
    if no_numbers and (only_numbers or (kind is not None and _may_be_numbers(kind))):
        raise _no_number(sheet.where(no_numbers[0]), column, texts[no_numbers[0]])
    if not all(is_missing(text) for text in texts):
        kinds[column] = "text"
    elif kind is None:
        kinds[column] = [sheet.where(0), texts[0]]
    return texts


def _no_number(where: str, column: str, text: str) -> DataError:
    return DataError(
        f"{where}: column {column!r} holds {text!r}, but numbers elsewhere; fill the cell or drop "
        "the row"
    )


def is_number(text: str, decimal: str = ".") -> bool:
    """Whether a cell is a finite number."""
    return all_numbers([text], decimal) is not None
