"""Missing values of a table: what a choice makes of them, fitted and applied."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gategrad.encoding.categories import NONE, distinct_categories, places
from gategrad.encoding.cells import Category, category_columns, number_columns
from gategrad.encoding.encoder import Arrays, Config
from gategrad.encoding.errors import EncodingError
from gategrad.encoding.fields import read_array, read_list

MISSING = ("error", "zero", "indicator", "most-frequent")


def gap_columns(x: NDArray, labels: Sequence[str], numbers: Sequence[int]) -> NDArray[np.bool_]:
    """Where values are missing in rows (n, F) of which the columns `numbers` are numbers."""
    gaps = np.zeros(x.shape, bool)
    for column, label in enumerate(labels):
        one = x[:, [column]]
        if column in numbers:
            gaps[:, column] = np.isnan(number_columns(one, [label], missing="zero")[:, 0])
        else:
            cells = category_columns(one, [label], missing="zero")[0]
            gaps[:, column] = [cell is None for cell in cells]
    return gaps


def most_frequent(
    x: NDArray,
    labels: Sequence[str],
    numbers: Sequence[int],
    times: NDArray[np.int64] | None = None,
) -> tuple[Category, ...]:
    """The value that most rows of each column have; of several the first in order.

    Raises:
        EncodingError: a column without any value.
    """
    fills = []
    times = np.ones(len(x), np.int64) if times is None else times
    for column, label in enumerate(labels):
        one = x[:, [column]]
        if column in numbers:
            values = number_columns(one, [label], missing="zero")[:, 0]
            known, place = np.unique(values, return_inverse=True)
            known = known[~np.isnan(known)]
            found: Sequence[Category] = known.tolist()
            place = np.where(place.reshape(-1) < len(known), place.reshape(-1), NONE)
        else:
            cells = category_columns(one, [label], missing="zero")[0]
            found = distinct_categories(cells)
            place = places(cells, found) if found else np.full(len(x), NONE)
        if not len(found):
            raise EncodingError(f"{label} has no values to take the most frequent of; leave it out")
        counts = np.zeros(len(found), np.int64)
        np.add.at(counts, place[place != NONE], times[place != NONE])
        fills.append(found[int(np.argmax(counts))])
    return tuple(fills)


def check_marked(marked: Sequence[int], n_features: int, missing: str) -> tuple[int, ...]:
    """The columns with a bit for a missing value, rising.

    Raises:
        EncodingError: no such columns, or any where `missing` is not "indicator".
    """
    found = tuple(map(int, marked))
    if found and missing != "indicator":
        raise EncodingError(f'marked columns are for missing="indicator", not {missing!r}')
    if list(found) != sorted(set(found)) or any(not 0 <= c < n_features for c in found):
        raise EncodingError(
            f"marked columns are {list(found)}; expected rising ones in 0..{n_features - 1}"
        )
    return found


def check_fills(
    fills: Sequence[Category], n_features: int, numbers: Sequence[int], missing: str
) -> tuple[Category, ...]:
    """What fills the gaps of each column.

    Raises:
        EncodingError: none where `missing` is "most-frequent", any elsewhere, another number of
            them, or no number for a column of numbers.
    """
    expected = n_features if missing == "most-frequent" else 0
    if len(fills) != expected:
        raise EncodingError(
            f"got {len(fills)} values for gaps with missing={missing!r}; expected {expected}"
        )
    found = tuple(f if isinstance(f, str) else float(f) for f in fills)
    for column, fill in enumerate(found):
        if fill != fill or (column in numbers and isinstance(fill, str)):
            raise EncodingError(f"column {column} fills gaps with {fill!r}; expected a value of it")
    return found


def fills_state(fills: Sequence[Category]) -> tuple[Config, dict[str, NDArray]]:
    """What a config and arrays hold of fills: text in the one, numbers in the other."""
    if not fills:
        return {}, {}
    numbers = [fill for fill in fills if not isinstance(fill, str)]
    text = [fill if isinstance(fill, str) else None for fill in fills]
    return {"fills": text}, {"fills": np.array(numbers, np.float64)}


def read_fills(config: Config, arrays: Arrays) -> tuple[Category, ...]:
    """The fills that `fills_state` stored.

    Raises:
        EncodingError: they are malformed.
    """
    found = config["fills"]
    if not isinstance(found, list):
        raise EncodingError(f"table fills are a {type(found).__name__}; expected a list")
    if "fills" not in arrays:
        raise EncodingError("table state lacks the array 'fills'; the state is damaged or foreign")
    numbers = read_array(arrays, "fills", np.float64, ndim=1).tolist()
    if len(numbers) != sum(fill is None for fill in found):
        raise EncodingError(
            f"array 'fills' has {len(numbers)} entries; expected one for each null among the fills"
        )
    read_list([fill for fill in found if fill is not None], "table fills", str)
    rest = iter(numbers)
    return tuple(next(rest) if fill is None else fill for fill in found)


def filled_cells(cells: list[Category | None], fill: Category | None) -> list[Category | None]:
    """The cells of a column with `fill` in its gaps, if any."""
    return cells if fill is None else [fill if cell is None else cell for cell in cells]
