"""The user's own data: a `.npz` of arrays or a `.csv` with a header row."""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gategrad.data import csv_columns, npz_arrays, several
from gategrad.data.errors import DataError
from gategrad.data.labels import encode

_ONE_PART = ("x", "y")
_TWO_PARTS = ("x_train", "y_train", "x_test", "y_test")


@dataclass(frozen=True)
class OwnData:
    """Rows and labels from a file.

    Attributes:
        x_train: (n, features); bool, uint8, float32, float64, or object (float or str) of a table.
        y_train: (n,) int64, indices into `classes`; (n, k) int64 of 0 and 1 for targets that are
            labels; (n, k) float64 for numbers.
        x_test: the file's test part, or None if it has one part only (`split` makes two).
        y_test: labels of x_test, or None.
        classes: label names; for labels and numbers the names of the columns.
        columns: feature names of a table, () for arrays.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray | None
    y_test: np.ndarray | None
    classes: tuple[str, ...]
    columns: tuple[str, ...] = ()


def load_file(
    path: str | Path,
    *,
    target: str | None = None,
    columns: Sequence[str] | None = None,
    categories: Collection[str] = (),
    classes: Sequence[str] | None = None,
    targets: str = "classes",
) -> OwnData:
    """Rows and labels of a user's `.npz` or `.csv` file.

    Args:
        path: a `.npz` with arrays x and y, or x_train, y_train, x_test and y_test (x of more than
            two dimensions is flattened); or a `.csv` in UTF-8 with a header row. A `.csv` column
            whose cells are all numbers is float64, any other holds categories as str.
        target: the `.csv` column that holds the labels; of labels and numbers several, as "a,b".
            Not for `.npz`.
        columns: the `.csv` columns to use as features, in this order; default: all but `target`.
        categories: `.csv` columns to read as categories even where all cells are numbers.
        classes: label names in order, such as a trained model's; default: those in the file, in
            the order of numbers or of the alphabet.
        targets: "classes", one a row; "labels", columns of 0 and 1; or "numbers", columns of them.

    Raises:
        DataError: the file is not what is described here; the message names the row, column or
            array, and what to do.
    """
    path = _checked(path)
    if targets not in several.TARGETS:
        raise DataError(f"unknown targets {targets!r}; known: {', '.join(several.TARGETS)}")
    if path.suffix == ".csv":
        return _from_csv(path, target, columns, categories, classes, targets)
    _refuse_csv_options(path, {"target": target, "columns": columns, "categories": categories})
    arrays = npz_arrays.read(path)
    keys = npz_arrays.require(arrays, [_TWO_PARTS, _ONE_PART], path)
    xs = [npz_arrays.features(arrays, key, path) for key in keys[::2]]
    if len({x.shape[1] for x in xs}) > 1:
        raise DataError(
            f"{path}: x_train has {xs[0].shape[1]} features and x_test {xs[1].shape[1]}; "
            "expected the same"
        )
    if targets != "classes":
        ys = [
            several.from_array(arrays[key], len(x), targets, f"{path}: {key}")
            for key, x in zip(keys[1::2], xs, strict=True)
        ]
        known = several.names_of(None, classes, ys[0].shape[1], path)
        several.names_of(None, known, ys[-1].shape[1], path)
        return OwnData(xs[0], ys[0], *((xs[1], ys[1]) if ys[1:] else (None, None)), known)
    raw = [
        npz_arrays.labels(arrays, key, len(x), path) for key, x in zip(keys[1::2], xs, strict=True)
    ]
    known, ys = encode(raw, classes=classes, where=f"{path}: {' and '.join(keys[1::2])}")
    if len(xs) == 1:
        return OwnData(xs[0], ys[0], None, None, known)
    return OwnData(xs[0], ys[0], xs[1], ys[1], known)


def load_rows(
    path: str | Path,
    *,
    columns: Sequence[str] | None = None,
    categories: Collection[str] = (),
) -> np.ndarray:
    """The rows of a user's file without labels, to predict on.

    Args:
        path: a `.npz` with an array x, or else x_test; or a `.csv` as for `load_file`.
        columns: the `.csv` columns to use, in this order; default: all.
        categories: `.csv` columns to read as categories even where all cells are numbers.

    Returns:
        x (n, features), as `OwnData.x_train`.

    Raises:
        DataError: as `load_file`.
    """
    path = _checked(path)
    if path.suffix == ".csv":
        sheet = csv_columns.read(path)
        return csv_columns.features(sheet, columns or sheet.header, categories)
    _refuse_csv_options(path, {"columns": columns, "categories": categories})
    arrays = npz_arrays.read(path)
    (key,) = npz_arrays.require(arrays, [("x",), ("x_test",)], path)
    return npz_arrays.features(arrays, key, path)


def _checked(path: str | Path) -> Path:
    path = Path(path)
    if path.suffix not in (".npz", ".csv"):
        raise DataError(f"{path} ends in {path.suffix or 'nothing'!r}; expected .npz or .csv")
    if not path.is_file():
        raise DataError(f"{path} is not a file; check the name")
    if not os.access(path, os.R_OK):
        raise DataError(f"{path} may not be read by this user; check its permissions")
    return path


def _refuse_csv_options(path: Path, options: dict[str, object]) -> None:
    given = [name for name, value in options.items() if value]
    if given:
        raise DataError(f"{' and '.join(given)} is for .csv files; {path} has arrays by name")


def _from_csv(
    path: Path,
    target: str | None,
    columns: Sequence[str] | None,
    categories: Collection[str],
    classes: Sequence[str] | None,
    targets: str,
) -> OwnData:
    sheet = csv_columns.read(path)
    if target is None:
        raise DataError(
            f"{path}: which column holds the labels? Give it as target; "
            f"the columns are: {csv_columns.few(sheet.header)}"
        )
    apart = (target,) if targets == "classes" else several.names_of(target, None, None, path)
    wanted = [csv_columns.targets(sheet, target)] if targets == "classes" else []
    y = None if targets == "classes" else several.from_columns(sheet, apart, targets)
    used = tuple(columns or (name for name in sheet.header if name not in apart))
    if not used or set(apart) & set(used):
        raise DataError(f"{path}: expected one feature column or more, without {target!r}")
    x = csv_columns.features(sheet, used, categories)
    if y is not None:
        if classes is not None and len(classes) != len(apart):
            several.names_of(None, classes, len(apart), path)
        return OwnData(x, y, None, None, apart if classes is None else tuple(classes), used)
    known, (y,) = encode(wanted, classes=classes, where=f"{path}: column {target!r}")
    return OwnData(x, y, None, None, known, used)
