"""Which category a cell is: text by its letters, numbers by their value, however written."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from gategrad.encoding.cells import Category, category_number

NONE = -1


def distinct_categories(cells: Iterable[Category | None]) -> tuple[Category, ...]:
    """The categories of a column: numbers first, in order, then text, in order.

    Text that is one number is one category: as a number where it occurs as one, else in its
    shortest spelling.

    Examples:
        >>> distinct_categories(["1.0", "1", "b", "01", 2.0, "2"])
        (2.0, '1', 'b')
    """
    spellings: defaultdict[Category, list[Category]] = defaultdict(list)
    for cell in set(cells):
        if cell is None:
            continue
        number = category_number(cell)
        spellings[cell if np.isnan(number) else number].append(cell)
    found = [min(several, key=_plainest) for several in spellings.values()]
    return tuple(sorted(found, key=lambda c: (isinstance(c, str), c)))


def numbers_of(known: Sequence[Category]) -> NDArray[np.float64]:
    """The number that each of a column's categories compares as; NaN for none.

    Where several are one number, as models of old have them, it is that of a number before text,
    and then of the first.
    """
    values = np.array([category_number(category) for category in known], np.float64)
    order = np.lexsort([[isinstance(category, str) for category in known]])
    _, first = np.unique(values[order], return_index=True)
    claimed = np.zeros(len(values), bool)
    claimed[order[first]] = True
    return np.where(claimed, values, np.nan)


def places(cells: Sequence[Category | None], known: Sequence[Category]) -> NDArray[np.int64]:
    """The place among `known` of each cell, (n,); `NONE` for a missing or an unknown one.

    A text is the category of the same letters, or else that of its number.
    """
    kinds = set(map(type, cells))
    if kinds == {str}:
        distinct = list(dict.fromkeys(cells))
        place = dict(zip(distinct, _places(distinct, known).tolist(), strict=True))
        return np.fromiter(map(place.__getitem__, cells), np.int64, len(cells))
    if kinds == {float}:
        return _nearest(np.array(cells, np.float64), numbers_of(known))
    return _places(cells, known)


def _places(cells: Sequence[Category | None], known: Sequence[Category]) -> NDArray[np.int64]:
    texts = {category: i for i, category in enumerate(known) if isinstance(category, str)}
    found = np.fromiter(
        (texts.get(cell, NONE) if isinstance(cell, str) else NONE for cell in cells),
        np.int64,
        len(cells),
    )
    rest = np.flatnonzero(found == NONE)
    if len(rest):
        found[rest] = _by_number([cells[row] for row in rest.tolist()], numbers_of(known))
    return found


def _by_number(cells: Sequence[Category | None], numbers: NDArray[np.float64]) -> NDArray[np.int64]:
    """By search, as text of strangers could make any hash of numbers slow. NaN sorts last."""
    memory: dict[str, float] = {}
    values = np.empty(len(cells), np.float64)
    for i, cell in enumerate(cells):
        if isinstance(cell, str):
            if cell not in memory:
                memory[cell] = category_number(cell)
            values[i] = memory[cell]
        else:
            values[i] = np.nan if cell is None else cell
    return _nearest(values, numbers)


def _nearest(values: NDArray[np.float64], numbers: NDArray[np.float64]) -> NDArray[np.int64]:
    """The place of each value among numbers; `NONE` where it is none of them."""
    order = np.argsort(numbers, kind="stable")
    place = np.minimum(np.searchsorted(numbers[order], values), len(numbers) - 1)
    found = order[place]
    return np.where(numbers[found] == values, found, NONE)


def _plainest(category: Category) -> tuple[bool, int, str]:
    return isinstance(category, str), len(str(category)), str(category)
