"""Checks on the rows that callers hand in, and their exact reading as float64."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad.encoding.errors import EncodingError
from gategrad.encoding.frames import plain_rows
from gategrad.encoding.names import column_labels

LARGEST_EXACT = 2**53
BLOCK_VALUES = 2**20

NUMBER_KINDS = "buif"
TEXT_KINDS = "OUT"
FILL_HINT = 'fill it in, drop the row, or fit a Table with missing="zero" or "indicator"'


def numeric_rows(
    x: ArrayLike, n_features: int | None = None, names: Sequence[str] | None = None
) -> NDArray:
    """Check shape and dtype of purely numeric rows, in any memory order.

    Args:
        x: (n, n_features) bool, integers, float16, float32 or float64.
        n_features: the width to insist on; None while fitting.
        names: of the columns to take where x has named ones.

    Raises:
        EncodingError: another shape or dtype, or a column that is missing or there twice.
    """
    x = _matrix(plain_rows(x, names), n_features)
    if not _is_numeric(x.dtype):
        raise EncodingError(
            f"x has dtype {x.dtype}; expected bool, integers, float16, float32 or float64: convert "
            "it with x.astype(float), or use a Table for columns of text"
        )
    return x


def fitting_rows(x: ArrayLike) -> NDArray:
    """Check rows to fit levels on: numeric, exact in float64 and without NaN.

    Raises:
        EncodingError: another shape or dtype, NaN, or an integer beyond 2**53.
    """
    x = numeric_rows(x)
    for _ in exact_blocks(x):
        pass
    return x


def table_rows(
    x: ArrayLike, n_features: int | None = None, names: Sequence[str] | None = None
) -> NDArray:
    """Check shape and dtype of rows that may hold text and Python objects; see `numeric_rows`.

    Raises:
        EncodingError: another shape, a dtype that is neither numbers, text nor objects, or a
            column that is missing or there twice.
    """
    x = plain_rows(x, names)
    # As an array of one dtype, a list of numbers and text would become text throughout.
    x = _matrix(np.array(x, dtype=object) if isinstance(x, (list, tuple)) else x, n_features)
    if x.dtype.kind not in TEXT_KINDS and not _is_numeric(x.dtype):
        raise EncodingError(
            f"x has dtype {x.dtype}; expected numbers, text or objects: convert it with "
            "x.astype(str) or x.astype(float)"
        )
    return x


def exact_blocks(
    x: NDArray, labels: Sequence[str] | None = None
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Read numeric rows block by block as float64, without rounding and without NaN.

    Args:
        x: (n, F), as `numeric_rows` gives it.
        labels: the columns' names in messages.

    Yields:
        `(rows, values)`: a slice of rows, and those rows as float64.

    Raises:
        EncodingError: NaN, or an integer beyond 2**53; names row and column.
    """
    step = max(1, BLOCK_VALUES // x.shape[1])
    for start in range(0, len(x), step):
        rows = slice(start, min(start + step, len(x)))
        values = exact_float64(x[rows], labels, first_row=start)
        _refuse(np.isnan(values), "is NaN", FILL_HINT, labels, start)
        yield rows, values


def exact_float64(
    x: NDArray, labels: Sequence[str] | None = None, *, first_row: int = 0
) -> NDArray[np.float64]:
    """Convert numbers to float64 without rounding; NaN stays.

    Raises:
        EncodingError: an integer beyond 2**53, where float64 has gaps; names row and column.
    """
    if x.dtype.kind in "iu" and x.dtype.itemsize == 8:
        inexact = x > LARGEST_EXACT
        if x.dtype.kind == "i":
            inexact |= x < -LARGEST_EXACT
        hint = "scale it down, or convert it with x.astype(float) if rounding is fine"
        _refuse(inexact, "is beyond 2**53, where float64 has gaps", hint, labels, first_row)
    return x.astype(np.float64)


def _matrix(x: ArrayLike, n_features: int | None) -> NDArray:
    try:
        x = np.asarray(x)
    except ValueError as error:
        raise EncodingError(f"x is not a rectangular array of rows: {error}") from None
    if x.ndim == 2 and x.shape[1] > 0 and n_features in (None, x.shape[1]):
        return x
    width = "features" if n_features is None else n_features
    raise EncodingError(f"x has shape {x.shape}; expected (rows, {width}): {_shape_hint(x)}")


def _shape_hint(x: NDArray) -> str:
    if x.ndim < 2:
        return "pass one row as x.reshape(1, -1), one column as x.reshape(-1, 1)"
    if x.ndim > 2:
        return "flatten each sample with x.reshape(len(x), -1)"
    return "pass the columns that the encoder was made for, in their order"


def _is_numeric(dtype: np.dtype) -> bool:
    return dtype.kind in NUMBER_KINDS and dtype.itemsize <= 8


def _refuse(
    bad: NDArray[np.bool_], what: str, hint: str, labels: Sequence[str] | None, first_row: int
) -> None:
    """Raise for the first bad value in row order, if there is one."""
    if not bad.any():
        return
    row, column = map(int, np.unravel_index(np.argmax(bad), bad.shape))
    label = (labels or column_labels(None, bad.shape[1]))[column]
    raise EncodingError(f"x at row {first_row + row}, {label} {what}: {hint}")
