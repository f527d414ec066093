"""Rows as scikit-learn hands them in: checked, columns of categories found, equal rows together."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_CELLS = (str, bool, int, float, np.number, np.bool_, type(None))
# By the names of their classes, since neither library need be there.
_GAPS = ("NAType", "NaTType")
_CATEGORIES = ("category", "Categorical", "Enum")


def check_cells(x: NDArray) -> None:
    """Refuse cells that are neither text nor numbers.

    Args:
        x: (n, columns), of any dtype.

    Raises:
        TypeError: there is one; names row and column.
    """
    if x.dtype != object:
        return
    odd = {
        kind
        for kind in set(map(type, x.ravel().tolist()))
        if not issubclass(kind, _CELLS) and kind.__name__ not in _GAPS
    }
    if not odd:
        return
    row, column = next((r, c) for r, c in np.ndindex(x.shape) if type(x[r, c]) in odd)
    raise TypeError(
        f"X at row {row}, column {column} is a {type(x[row, column]).__name__}; argument must be a "
        "string or a number"
    )


def categorical_columns(x: Any, asked: str | Sequence[int | str] | None) -> list[int | str]:
    """The columns whose numbers are categories, by place or name.

    Args:
        x: rows as the caller has them.
        asked: "auto", those of a DataFrame that have a dtype of categories; or the columns; None
            is none.

    Raises:
        ValueError: another text than "auto".
    """
    if asked is None:
        return []
    if not isinstance(asked, str):
        return list(asked)
    if asked != "auto":
        raise ValueError(f"categorical is {asked!r}; expected 'auto', or a list of columns")
    names = getattr(x, "columns", None)
    if names is None or not hasattr(x, "dtypes"):
        return []
    dtypes = list(x.dtypes)
    return [place for place, dtype in enumerate(dtypes) if _holds_categories(dtype)]


def _holds_categories(dtype: Any) -> bool:
    return getattr(dtype, "name", None) == "category" or type(dtype).__name__ in _CATEGORIES


def together(
    bits: NDArray[np.bool_], y: NDArray, weights: NDArray
) -> tuple[NDArray[np.bool_], NDArray, NDArray]:
    """Equal rows of one target as one row with the sum of their weights, in an order of their own.

    So a row of weight 2 is that row twice, whatever the order of rows; rows of weight 0 are gone.

    Args:
        bits: (n, inputs).
        y: (n,) classes or (n, k) numbers.
        weights: (n,) of at least 0.
    """
    targets = np.ascontiguousarray(y.reshape(len(y), -1), dtype=np.float64)
    packed = np.packbits(bits, axis=1)
    key = np.hstack([packed, targets.view(np.uint8).reshape(len(y), -1)])
    kinds = np.ascontiguousarray(key).view([("", np.void, key.shape[1])])[:, 0]
    kept = np.flatnonzero(weights > 0)
    _, first, place = np.unique(kinds[kept], return_index=True, return_inverse=True)
    found = kept[first]
    return bits[found], y[found], np.bincount(place.reshape(-1), weights[kept], len(found))
