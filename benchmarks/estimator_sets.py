"""The sets of `benchmarks.estimators`: tables of numbers and text as DataFrames."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import datasets

from gategrad import data
from gategrad.data.locate import data_folder

ROWS = 3_000
_ADULT = [
    *("age", "workclass", "fnlwgt", "education", "education-num", "marital-status"),
    *("occupation", "relationship", "race", "sex", "capital-gain", "capital-loss"),
    *("hours-per-week", "native-country"),
]
# Columns of NSL-KDD: protocol, service and flag are text; the last two are class and difficulty.
_KDD_TEXT, _KDD_LABEL = (1, 2, 3), 41
# Classes of fewer rows can't be in every fold.
_FEWEST = 10


@dataclass(frozen=True)
class TableSet:
    """A set of rows.

    Attributes:
        x: columns; those of text are categories.
        y: (n,) classes, or numbers.
        note: what the rows are, for people.
    """

    x: pd.DataFrame
    y: np.ndarray
    note: str

    @property
    def numbers(self) -> bool:
        """Whether numbers are asked for."""
        return self.y.dtype.kind == "f"


def _adult() -> TableSet:
    x, y, *_ = data.load("adult")
    kept = _some(len(x))
    return TableSet(_frame(x[kept], _ADULT), y[kept], f"{ROWS:,} of its training rows")


def _breast_cancer() -> TableSet:
    x, y, *more = data.load("breast-cancer")
    rows = np.vstack([x, more[0]])
    return TableSet(_frame(rows), np.concatenate([y, more[1]]), "Ljubljana")


def _wisconsin() -> TableSet:
    path = _folder() / "breast-cancer-wisconsin" / "breast-cancer-wisconsin.data"
    rows = pd.read_csv(path, header=None, na_values="?")
    return TableSet(_named(rows.iloc[:, 1:10]), (rows[10] == 4).to_numpy(int), "original")


def _monk(number: int) -> TableSet:
    x, y, *_ = data.load(f"monks-{number}")
    return TableSet(_frame(x), y, "its training rows")


def _kdd() -> tuple[pd.DataFrame, np.ndarray]:
    rows = pd.read_csv(_folder() / "nsl-kdd" / "KDDTrain+_20Percent.txt", header=None)
    rows = rows.iloc[_some(len(rows))].reset_index(drop=True)
    x = rows.iloc[:, :_KDD_LABEL].astype(dict.fromkeys(_KDD_TEXT, object))
    return _named(x), rows[_KDD_LABEL].to_numpy(str)


def _attacks() -> TableSet:
    x, y = _kdd()
    return TableSet(x, (y != "normal").astype(int), f"{ROWS:,} rows of the 20 % file")


def _kinds() -> TableSet:
    x, y = _kdd()
    names, place, count = np.unique(y, return_inverse=True, return_counts=True)
    kept = count[place] >= _FEWEST
    note = f"the same rows; {int((count >= _FEWEST).sum())} of {len(names)} classes"
    return TableSet(x[kept].reset_index(drop=True), y[kept], f"{note}, of {_FEWEST} rows or more")


def _shipped(load: Callable[..., object]) -> Callable[[], TableSet]:
    def make() -> TableSet:
        x, y = load(return_X_y=True, as_frame=True)
        return TableSet(_named(x), y.to_numpy(), "of scikit-learn")

    return make


SETS: dict[str, Callable[[], TableSet]] = {
    "monks-1": lambda: _monk(1),
    "monks-2": lambda: _monk(2),
    "monks-3": lambda: _monk(3),
    "breast-cancer": _breast_cancer,
    "wisconsin": _wisconsin,
    "iris": _shipped(datasets.load_iris),
    "wine": _shipped(datasets.load_wine),
    "digits": _shipped(datasets.load_digits),
    "adult": _adult,
    "nsl-kdd": _attacks,
    "nsl-kdd-kinds": _kinds,
    "diabetes": _shipped(datasets.load_diabetes),
}


def _folder() -> Path:
    found = data_folder()
    if found is None:
        raise SystemExit("nsl-kdd and wisconsin are read below the folder that GATEGRAD_DATA names")
    return found


def _some(n: int) -> np.ndarray:
    return np.sort(np.random.default_rng(0).permutation(n)[:ROWS])


def _frame(x: np.ndarray, names: list[str] | None = None) -> pd.DataFrame:
    """Columns of numbers as float64, others as text."""
    columns = {}
    for place in range(x.shape[1]):
        column = x[:, place]
        try:
            columns[place] = column.astype(np.float64)
        except ValueError:
            columns[place] = pd.Series(column.astype(str), dtype=object)
    return _named(pd.DataFrame(columns), names)


def _named(x: pd.DataFrame, names: list[str] | None = None) -> pd.DataFrame:
    """LightGBM takes no name with a bracket."""
    made = names or [f"x{place}" for place in range(x.shape[1])]
    return x.set_axis(made, axis=1)
