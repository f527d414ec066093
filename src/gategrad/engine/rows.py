"""Checks on the rows that a caller hands to an engine."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad.encoding import EncodingError, plain_rows
from gategrad.engine.cores import usable_cores

# What every engine reads in place, at any stride; other numbers are converted to one of these.
ROW_DTYPES = frozenset(np.dtype(t) for t in (np.bool_, np.uint8, np.float32, np.float64))
LARGEST_EXACT = 2**53
BLOCK_VALUES = 2**20

_BITS_HINT = (
    "threshold the data as in training, such as x > 0.5, or fit an encoder: "
    "gategrad.encoding.Thermometer.quantile(x_train, bits)"
)
_NAN_HINT = "fill in missing values or drop the row"


class InputError(ValueError):
    """Rows that a model can't take; the message says which, what is expected and what to do."""


def check_rows(x: ArrayLike, *, n_features: int, bits: bool) -> NDArray:
    """Check shape and dtype of rows; values are left to `check_values`.

    Args:
        x: (n, n_features) bool, integers, float16, float32 or float64, in any memory order.
        n_features: the width to insist on.
        bits: whether the columns are bits, for messages.

    Returns:
        bool, uint8, float32 and float64 arrays as they are, without a copy; anything else as a
        float32 or float64 copy of the same values.

    Raises:
        InputError: another dtype or shape, or an integer beyond 2**53.
    """
    x = as_array(x)
    if x.dtype.kind not in "buif" or x.dtype.itemsize > 8:
        raise InputError(
            f"x has dtype {x.dtype}; expected bool, uint8, float32 or float64: "
            "convert it, such as with x.astype(np.float32)"
        )
    if x.ndim != 2 or x.shape[1] != n_features:
        columns = "bits" if bits else "features"
        raise InputError(
            f"x has shape {x.shape}; expected (rows, {n_features}), {n_features} {columns} a row: "
            f"{_shape_hint(x, n_features)}"
        )
    return _convert(x)


def check_values(x: NDArray, *, bits: bool) -> None:
    """Check the values of rows that `check_rows` passed.

    Args:
        x: (n, features) bool, uint8, float32 or float64.
        bits: refuse everything but 0 and 1; else only NaN.

    Raises:
        InputError: names the first such row, its column and the value.
    """
    if x.dtype == bool or (not bits and x.dtype.kind != "f"):
        return
    for start, block in _blocks(x):
        bad = (block != 0) & (block != 1) if bits else np.isnan(block)
        if not bad.any():
            continue
        row, column = (int(i) for i in np.unravel_index(np.argmax(bad), bad.shape))
        where = f"x[{start + row}, {column}] (row {start + row}, column {column})"
        value = block[row, column]
        if bits and not np.isnan(value):
            raise InputError(f"{where} is {value}; expected bits, 0 or 1: {_BITS_HINT}")
        expected = "bits, 0 or 1" if bits else "a number"
        raise InputError(f"{where} is nan; expected {expected}: {_NAN_HINT}")


def as_array(x: ArrayLike) -> NDArray:
    """`x` as numpy reads it, a table's columns in their order; InputError where it can't."""
    try:
        return x if type(x) is np.ndarray and x.dtype.names is None else np.asarray(plain_rows(x))
    except EncodingError as error:
        raise InputError(str(error)) from None
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(
            f"x is a {type(x).__name__} that numpy can't read as an array ({error}); expected "
            "(rows, features) numbers: pass rows of one length, a torch tensor as x.detach().cpu()"
        ) from None


def _shape_hint(x: NDArray, n_features: int) -> str:
    if x.ndim == 1 and len(x) == n_features:
        return "pass a single row as x[None, :]"
    if x.ndim > 2 and n_features and x[:1].size in (0, n_features):
        return "flatten each sample with x.reshape(len(x), -1)"
    return "pass the columns that the model was made for, in their order"


def _convert(x: NDArray) -> NDArray:
    if x.dtype in ROW_DTYPES and x.dtype.isnative:
        return x
    if (place := _inexact(x)) is not None:
        row, column = place
        raise InputError(
            f"x[{row}, {column}] (row {row}, column {column}) is {x[row, column]}; expected at "
            "most 2**53, beyond which float64 has gaps: scale it down, or convert it with "
            "x.astype(np.float64) if rounding is fine"
        )
    single = x.dtype.itemsize <= 2 or x.dtype == np.float32
    return x.astype(np.float32 if single else np.float64)


def is_exact(x: NDArray) -> bool:
    """Whether float64 holds every number of rows (n, features) that are integers or reals."""
    return _inexact(x) is None


def _inexact(x: NDArray) -> tuple[int, int] | None:
    """Row and column of the first integer beyond 2**53."""
    if x.dtype.kind not in "iu" or x.dtype.itemsize < 8:
        return None
    for start, block in _blocks(x):
        bad = block > LARGEST_EXACT
        if x.dtype.kind == "i":
            bad |= block < -LARGEST_EXACT
        if bad.any():
            row, column = (int(i) for i in np.unravel_index(np.argmax(bad), bad.shape))
            return start + row, column
    return None


def _blocks(x: NDArray) -> Iterator[tuple[int, NDArray]]:
    """Row blocks of bounded size with their first row, so that temporaries stay small."""
    step = max(1, BLOCK_VALUES // max(1, x.shape[1]))
    for start in range(0, len(x), step):
        yield start, x[start : start + step]


def check_threads(threads: int | None) -> int | None:
    """`threads` as an int, or None.

    Raises:
        InputError: it is neither None nor an integer of at least 1.
    """
    if threads is None:
        return None
    if isinstance(threads, bool) or not isinstance(threads, (int, np.integer)) or threads < 1:
        raise InputError(f"threads is {threads!r}; expected an integer of at least 1, or None")
    return int(threads)


def thread_count(threads: int | None) -> int:
    """`threads`, or where it is None what `gategrad.engine.cores.usable_cores` gives.

    Raises:
        InputError: as `check_threads`.
        ValueError: as `usable_cores`.
    """
    return check_threads(threads) or usable_cores()
