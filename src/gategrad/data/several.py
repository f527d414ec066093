"""Targets that are no classes: labels of 0 and 1, or numbers, one column each."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gategrad.data import csv_columns
from gategrad.data.columns import Sheet
from gategrad.data.errors import DataError

# What a file's targets may be read as.
TARGETS = ("classes", "labels", "numbers")


def from_array(y: np.ndarray, rows: int, targets: str, where: str) -> np.ndarray:
    """An array of a `.npz` as (rows, k): int64 of 0 and 1 for "labels", float64 for "numbers".

    Args:
        y: (rows, k), or (rows,) for one column.
        rows: of x.
        targets: "labels" or "numbers".
        where: file and array, for messages.

    Raises:
        DataError: another shape or dtype, or a value that is no such target.
    """
    shape, y = y.shape, y[:, None] if y.ndim == 1 else y
    if y.ndim != 2 or len(y) != rows or y.shape[1] == 0:
        raise DataError(f"{where} has shape {shape}; expected ({rows}, columns), or ({rows},)")
    if y.dtype.kind not in "biuf":
        raise DataError(f"{where} has dtype {y.dtype}; expected numbers")
    return _checked(y.astype(np.float64), targets, where, range(y.shape[1]))


def from_columns(sheet: Sheet, names: Sequence[str], targets: str) -> np.ndarray:
    """The same of the named columns of a `.csv`.

    Raises:
        DataError: an unknown column, or a cell that is no such target.
    """
    columns = []
    for name in names:
        values = csv_columns.typed(sheet, name, target=True)
        if not isinstance(values, np.ndarray):
            wanted = "0 or 1" if targets == "labels" else "numbers"
            raise DataError(f"{sheet.path}: column {name!r} holds text; expected {wanted}")
        columns.append(values)
    y = np.stack(columns, 1)
    return _checked(y, targets, f"{sheet.path}: target", names)


def names_in(target: str, path: Path) -> tuple[str, ...]:
    """The names of the target columns that "a,b" says.

    Raises:
        DataError: one of them twice.
    """
    found = tuple(name.strip() for name in target.split(","))
    if len(set(found)) < len(found):
        raise DataError(f"{path}: the target columns {target!r} name one twice")
    return found


def names_of(classes: Sequence[str] | None, k: int, path: Path) -> tuple[str, ...]:
    """The names of k target columns: those of a model, or their numbers.

    Raises:
        DataError: another number of names than of columns.
    """
    names = tuple(map(str, range(k) if classes is None else classes))
    if len(names) != k:
        raise DataError(f"{path} has {k} target columns; expected {len(names)}: {', '.join(names)}")
    return names


def _checked(y: np.ndarray, targets: str, where: str, names: Sequence[object]) -> np.ndarray:
    bad = ~np.isfinite(y) if targets == "numbers" else (y != 0) & (y != 1)
    if bad.any():
        row, column = (int(i) for i in np.argwhere(bad)[0])
        expected = "finite numbers" if targets == "numbers" else "0 or 1"
        raise DataError(
            f"{where} column {names[column]} holds {y[row, column]:g} in row {row + 1}; expected "
            f"{expected}"
        )
    return y if targets == "numbers" else y.astype(np.int64)
