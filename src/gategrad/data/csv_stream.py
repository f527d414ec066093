"""A `.csv` file too big for memory: part by part, what `load_rows` makes of the whole."""

from collections.abc import Collection, Sequence

import numpy as np

from gategrad.data.csv_columns import Sheet, is_missing, matrix, mixed, plain_numbers, typed

# What the parts so far say about a column: "numbers", "text", or, where all its cells were gaps,
# the place and text of the first one. Lists and str only, so that it can be kept as JSON.
Kinds = dict[str, str | list[str]]


def part_features(
    sheet: Sheet, columns: Sequence[str], categories: Collection[str], kinds: Kinds
) -> np.ndarray:
    """The named columns of a part as a matrix.

    Whether a column holds numbers or texts depends on all its cells. Where a later part contradicts
    what the earlier ones were taken for, that is an error: never another result than that of
    `load_rows`.

    Args:
        sheet: the part; parts come in the file's order.
        columns: names, in the order wanted.
        categories: names of columns that hold categories even where all cells are numbers.
        kinds: what the parts before this one showed, empty at first; brought up to date.

    Returns:
        (n, len(columns)) float64 if all columns are numbers, else object (float or str).

    Raises:
        DataError: an unknown column, a gap in a column of numbers, or text behind numbers.
    """
    for name in categories:
        sheet.position(name)
    if not categories and all(kinds.get(name) in (None, "numbers") for name in columns):
        x = plain_numbers(sheet, columns)
        if x is not None:
            kinds.update(dict.fromkeys(columns, "numbers"))
            return x
    values = [
        sheet.texts(name) if name in categories else _column(sheet, name, kinds) for name in columns
    ]
    return matrix(values, len(sheet.rows))


def _column(sheet: Sheet, column: str, kinds: Kinds) -> np.ndarray | list[str]:
    texts, kind = sheet.texts(column), kinds.get(column)
    if kind == "text":
        return texts
    values = _numbers(texts)
    if values is None:
        values = typed(sheet, column)
    if not texts:
        return values
    if isinstance(values, np.ndarray):
        if isinstance(kind, list):
            raise mixed(kind[0], column, kind[1])
        kinds[column] = "numbers"
        return values
    if kind == "numbers":
        row = next(i for i, text in enumerate(texts) if not is_number(text))
        raise mixed(sheet.where(row), column, texts[row])
    if not all(is_missing(text) for text in texts):
        kinds[column] = "text"
    elif kind is None:
        kinds[column] = [sheet.where(0), texts[0]]
    return texts


def is_number(text: str) -> bool:
    """Whether a cell is a finite number."""
    return _numbers([text]) is not None


def _numbers(texts: list[str]) -> np.ndarray | None:
    """The cells as float64; None unless all are finite numbers."""
    try:
        values = np.fromiter(map(float, texts), np.float64, len(texts))
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None
