"""Fitting of a table: which columns are numbers, and an encoder for them."""

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad.encoding.binned import Binned
from gategrad.encoding.cells import is_number_column, number_columns, read_number
from gategrad.encoding.errors import EncodingError
from gategrad.encoding.fields import choice
from gategrad.encoding.levels import check_count, quantile_levels, uniform_levels
from gategrad.encoding.names import column_labels
from gategrad.encoding.rows import NUMBER_KINDS
from gategrad.encoding.thermometer import Thermometer

NUMERIC = ("thermometer", "binned")
SPACINGS = {"quantile": quantile_levels, "uniform": uniform_levels}


def split_columns(
    x: NDArray, categorical: Sequence[int | str], names: Sequence[str] | None
) -> tuple[list[int], list[int]]:
    """Sort the columns of a table into numeric and categorical ones.

    Args:
        x: (n, columns) numbers, text or objects.
        categorical: indices or names of columns that are categorical whatever they hold.
        names: the columns' names, or None.

    Returns:
        `(numeric, categorical)`, the indices in order.

    Raises:
        EncodingError: a column in `categorical` that isn't there.
    """
    if isinstance(categorical, str):
        raise EncodingError(f"categorical is {categorical!r}; expected a list of columns")
    forced = {_column_index(column, x.shape[1], names) for column in categorical}
    is_numeric = [i not in forced and _is_numeric(x[:, i]) for i in range(x.shape[1])]
    labels = column_labels(names, x.shape[1])
    for i in range(x.shape[1]):
        if not is_numeric[i] and i not in forced:
            _warn_of_strays(x[:, i].tolist(), labels[i])
    places = (np.flatnonzero(is_numeric), np.flatnonzero(~np.array(is_numeric)))
    return places[0].tolist(), places[1].tolist()


def fit_numeric(
    x: NDArray,
    bits: int,
    labels: Sequence[str],
    *,
    numeric: str,
    spacing: str,
    missing: str,
    times: NDArray[np.int64] | None = None,
) -> Thermometer | Binned:
    """Fit the encoder of the numeric columns, each without its missing values.

    Args:
        x: (n, F) numbers, text or objects.
        bits: levels of a thermometer, or bins.
        labels: (F,) names of the columns in messages.
        numeric: "thermometer" or "binned".
        spacing: "quantile" or "uniform".
        missing: "error", or what lets missing values pass.
        times: (n,) how often each row counts; once where None.

    Raises:
        EncodingError: bad options, a missing value with `missing="error"`, or an infinite range.
    """
    choice(numeric, NUMERIC, "numeric")
    choice(spacing, tuple(SPACINGS), "spacing")
    binned = numeric == "binned"
    n_levels = check_count(bits, "bits", smallest=2 if binned else 1) - binned
    values = number_columns(x, labels, missing=missing)
    if x.dtype.kind == "f":
        values = values.astype(x.dtype)
    levels = np.hstack(
        [
            SPACINGS[spacing](
                column[there, None],
                n_levels,
                labels=[label],
                times=None if times is None else times[there],
            )
            for column, there, label in zip(values.T, ~np.isnan(values.T), labels, strict=True)
        ]
    )
    return Binned(levels) if binned else Thermometer(levels)


def whole_times(sample_weight: ArrayLike | None, n: int) -> NDArray[np.int64] | None:
    """How often each row counts: whole weights as they are, others in thousandths of their mean.

    Raises:
        EncodingError: not (n,) finite numbers above 0.
    """
    if sample_weight is None:
        return None
    weights = np.asarray(sample_weight, np.float64)
    if weights.shape != (n,) or not (np.isfinite(weights) & (weights > 0)).all():
        raise EncodingError(
            f"sample_weight has shape {weights.shape}; expected ({n},) finite numbers above 0, one "
            "for each row: leave out rows that don't count"
        )
    if (np.rint(weights) == weights).all() and weights.sum() < 2**53:
        return weights.astype(np.int64)
    return np.maximum(np.rint(1000 * weights / weights.mean()), 1).astype(np.int64)


def _warn_of_strays(cells: Sequence[object], label: str) -> None:
    """Warn of a column of categories most of whose cells are numbers."""
    numbers, strays = 0, []
    for row, cell in enumerate(cells):
        try:
            numbers += not np.isnan(read_number(cell))
        except ValueError:
            strays.append(row)
    if 0 < len(strays) < numbers:
        warnings.warn(
            f"{label}: {numbers:,} of {len(cells):,} cells are numbers, but row {strays[0]} holds "
            f"{cells[strays[0]]!r}, so all are taken for categories; correct or drop the row, or "
            "name the column in categorical=",
            stacklevel=4,
        )


def _is_numeric(column: NDArray) -> bool:
    return column.dtype.kind in NUMBER_KINDS or is_number_column(column.tolist())


def _column_index(column: int | str, n_columns: int, names: Sequence[str] | None) -> int:
    if isinstance(column, str):
        if names is None or column not in names:
            known = "none, pass names=" if names is None else ", ".join(names)
            raise EncodingError(f"categorical names the column {column!r}; known: {known}")
        return names.index(column)
    if isinstance(column, (bool, np.bool_)) or not isinstance(column, (int, np.integer)):
        raise EncodingError(f"categorical holds {column!r}; expected column indices or names")
    if not 0 <= column < n_columns:
        raise EncodingError(f"categorical holds {column}; expected a column in 0..{n_columns - 1}")
    return int(column)
