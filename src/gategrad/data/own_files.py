"""The user's own data: arrays in a `.npz`, or a table with its columns' names."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gategrad.data import csv_columns, formats, npz_arrays, several
from gategrad.data.arrow_table import ArrowSheet, ArrowTable
from gategrad.data.cells import DECIMALS, few
from gategrad.data.columns import DATES, Sheet, Taken, index_columns, take
from gategrad.data.csv_header import unnamed
from gategrad.data.errors import DataError
from gategrad.data.labels import Encoded, Label, encode

_ONE_PART = ("x", "y")
_TWO_PARTS = ("x_train", "y_train", "x_test", "y_test")
_KNOWN = (".npz", *formats.TABLES)


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
        labels: the classes as a model gives them back: integers if the file has numbers.
        taken: what each column of a table was taken for.
        notes: sentences about what was left out, or is legal and looks wrong.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray | None
    y_test: np.ndarray | None
    classes: tuple[str, ...]
    columns: tuple[str, ...] = ()
    labels: tuple[Label, ...] = ()
    taken: tuple[Taken, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def dates(self) -> tuple[str, ...]:
        """The columns of dates, which are numbers of days."""
        return tuple(column.name for column in self.taken if column.kind == DATES)


@dataclass(frozen=True)
class _Asked:
    """What the caller of `load_file` wants of a table."""

    target: str | None
    columns: Sequence[str] | None
    categories: Collection[str]
    classes: Sequence[str] | None
    targets: str
    ignore: Collection[str]
    unseen: str
    gaps: bool


def load_file(
    path: str | Path,
    *,
    target: str | None = None,
    columns: Sequence[str] | None = None,
    categories: Collection[str] = (),
    classes: Sequence[str] | None = None,
    targets: str = "classes",
    ignore: Collection[str] = (),
    decimal: str | None = None,
    unseen: str = "refuse",
    gaps: bool = False,
) -> OwnData:
    """Rows and labels of a user's file.

    Args:
        path: a `.npz` with arrays x and y, or x_train, y_train, x_test and y_test (x of more than
            two dimensions is flattened); or a table: a `.csv` or `.tsv` in UTF-8 with a header row,
            also packed as `.csv.gz`, a `.parquet`, `.arrow` or `.feather`, or "-", a `.csv` on
            standard input. Its columns are numbers, dates (numbers of days since 1970-01-01) or
            categories as str; `OwnData.taken` says which.
        target: the table's column that holds the labels; of labels and numbers several, as "a,b".
            Not for `.npz`.
        columns: the table's columns to use as features, in this order; default: all but `target`,
            and an index that a DataFrame wrote.
        categories: columns to read as categories even where all cells are numbers.
        classes: label names in order, such as a trained model's; default: those in the file, in
            the order of numbers or of the alphabet.
        targets: "classes", one a row; "labels", columns of 0 and 1; or "numbers", columns of them.
        ignore: columns to leave out.
        decimal: "." or "," of a `.csv`; default: a point, or where semicolons separate the cells
            either, the same in each column.
        unseen: "refuse" a label that is not in `classes`, or "count" it as -1.
        gaps: whether cells of a table may be missing: NaN among numbers and dates, None among
            categories; else a gap among numbers is an error, and "?" a category.

    Raises:
        DataError: the file is not what is described here; the message names the row, column or
            array, and what to do.
    """
    path = formats.checked(path, _KNOWN)
    if targets not in several.TARGETS:
        raise DataError(f"unknown targets {targets!r}; known: {', '.join(several.TARGETS)}")
    asked = _Asked(target, columns, categories, classes, targets, ignore, unseen, gaps)
    if formats.is_table(path):
        return _from_table(_sheet(path, decimal), asked)
    given: dict[str, object] = {"target": target, "columns": columns, "categories": categories}
    _refuse_table_options(path, given | {"ignore": ignore, "decimal": decimal})
    return _from_arrays(path, asked)


def load_rows(
    path: str | Path,
    *,
    columns: Sequence[str] | None = None,
    categories: Collection[str] = (),
    decimal: str | None = None,
) -> np.ndarray:
    """The rows of a user's file without labels, to predict on.

    Args:
        path: a `.npz` with an array x, or else x_test; or a table as for `load_file`.
        columns: the table's columns to use, in this order; default: all.
        categories: columns to read as categories even where all cells are numbers.
        decimal: as for `load_file`.

    Returns:
        x (n, features), as `OwnData.x_train`.

    Raises:
        DataError: as `load_file`.
    """
    path = formats.checked(path, _KNOWN)
    if formats.is_csv(path):
        text = csv_columns.read(path, _known_decimal(decimal))
        return csv_columns.features(text, columns or text.header, categories)
    if formats.is_table(path):
        sheet = _sheet(path, decimal)
        return take(sheet, tuple(columns or sheet.header), categories)[0]
    _refuse_table_options(path, {"columns": columns, "categories": categories, "decimal": decimal})
    arrays = npz_arrays.read(path)
    (key,) = npz_arrays.require(arrays, [("x",), ("x_test",)], path)
    return npz_arrays.features(arrays, key, path)


def _sheet(path: Path, decimal: str | None) -> Sheet:
    _known_decimal(decimal)
    if formats.is_csv(path):
        return csv_columns.read(path, decimal)
    return ArrowSheet(ArrowTable(path))


def _known_decimal(decimal: str | None) -> str | None:
    if decimal not in (None, *DECIMALS):
        raise DataError(f"decimal is {decimal!r}; known: {' and '.join(DECIMALS)}")
    return decimal


def _refuse_table_options(path: Path, options: dict[str, object]) -> None:
    given = [name for name, value in options.items() if value]
    if given:
        raise DataError(f"{' and '.join(given)} is for .csv files; {path} has arrays by name")


def _from_arrays(path: Path, asked: _Asked) -> OwnData:
    arrays = npz_arrays.read(path)
    keys = npz_arrays.require(arrays, [_TWO_PARTS, _ONE_PART], path)
    xs = [npz_arrays.features(arrays, key, path) for key in keys[::2]]
    if len({x.shape[1] for x in xs}) > 1:
        raise DataError(
            f"{path}: x_train has {xs[0].shape[1]} features and x_test {xs[1].shape[1]}; "
            "expected the same"
        )
    sources = list(zip(keys[1::2], xs, strict=True))
    if asked.targets != "classes":
        ys = [
            several.from_array(arrays[key], len(x), asked.targets, f"{path}: {key}")
            for key, x in sources
        ]
        known = several.names_of(asked.classes, ys[0].shape[1], path)
        several.names_of(known, ys[-1].shape[1], path)
        x_test, y_test = (xs[1], ys[1]) if ys[1:] else (None, None)
        return OwnData(xs[0], ys[0], x_test, y_test, known)
    raw = [npz_arrays.labels(arrays, key, len(x), path) for key, x in sources]
    found = _encoded(raw, asked, f"{path}: {' and '.join(keys[1::2])}")
    x_test, y_test = (xs[1], found.parts[1]) if xs[1:] else (None, None)
    return OwnData(
        *(xs[0], found.parts[0], x_test, y_test, found.classes),
        labels=found.labels,
        notes=found.notes,
    )


def _encoded(values: Sequence[np.ndarray], asked: _Asked, where: str) -> Encoded:
    return encode(values, classes=asked.classes, where=where, unseen=asked.unseen)


def _from_table(sheet: Sheet, asked: _Asked) -> OwnData:
    apart = _target_columns(sheet, asked)
    used, notes = _feature_columns(sheet, asked, apart)
    if asked.targets == "classes":
        values = csv_columns.targets(sheet, apart[0])
        found = _encoded([values], asked, f"{sheet.path}: column {apart[0]!r}")
        x, taken = take(sheet, used, asked.categories, gaps=asked.gaps)
        return OwnData(
            *(x, found.parts[0], None, None, found.classes, used, found.labels, taken),
            (*notes, *found.notes),
        )
    y = several.from_columns(sheet, apart, asked.targets)
    x, taken = take(sheet, used, asked.categories, gaps=asked.gaps)
    if asked.classes is not None and len(asked.classes) != len(apart):
        several.names_of(asked.classes, len(apart), sheet.path)
    names = apart if asked.classes is None else tuple(asked.classes)
    return OwnData(x, y, None, None, names, used, taken=taken, notes=notes)


def _target_columns(sheet: Sheet, asked: _Asked) -> tuple[str, ...]:
    if asked.target is None:
        raise DataError(
            f"{sheet.path}: which column holds the labels? Give it as target (--target COLUMN); "
            f"the columns are: {few(sheet.header)}"
        )
    names = several.names_in(asked.target, sheet.path)
    if asked.targets != "classes":
        return names
    if asked.target not in sheet.header and len(names) > 1 and set(names) <= set(sheet.header):
        raise DataError(
            f"{sheet.path}: {asked.target!r} are several columns, and classes are in one; for "
            "columns of 0 and 1 add --task multilabel, for columns of numbers --task regression"
        )
    return (asked.target,)


def _feature_columns(
    sheet: Sheet, asked: _Asked, apart: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns to use, and notes about those that are left out."""
    for name in asked.ignore:
        sheet.position(name)
    left: tuple[str, ...] = () if asked.columns else index_columns(sheet)
    if asked.columns:
        used = tuple(asked.columns)
    else:
        apart = (*apart, *asked.ignore, *left)
        used = tuple(name for name in sheet.header if name not in set(apart))
    if "" in used:
        raise unnamed(sheet.path)
    if not used or set(apart) & set(used):
        raise DataError(
            f"{sheet.path}: expected one feature column or more, without {asked.target!r}"
        )
    return used, tuple(
        f"{sheet.path}: column {name!r} counts the rows, as the index of a DataFrame does; it is "
        "left out"
        for name in left
    )
