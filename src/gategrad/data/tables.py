"""The tables of the UCI repository: Adult, Breast Cancer (Ljubljana), MONK's problems.

Numbers are floats, categories are strings; the missing value '?' is a category like the others.
"""

from collections.abc import Callable, Sequence

import numpy as np

from gategrad.data.errors import DataError
from gategrad.data.registry import info
from gategrad.data.split import split

Parts = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]

# Share and seed of the split of sets that are published without one.
TEST_SHARE, SPLIT_SEED = 0.25, 0

_ADULT_NUMBERS = (0, 2, 4, 10, 11, 12)
_BREAST_CANCER_NUMBERS = (5,)


def parse(
    blob: bytes, *, width: int, numbers: Sequence[int], label: int, name: str
) -> tuple[np.ndarray, list[str]]:
    """Rows of comma-separated values without a header.

    Args:
        blob: the file's bytes. Empty lines and lines that begin with "|" are skipped.
        width: number of cells in a row, the label among them.
        numbers: the columns, counted without the label's, that hold numbers.
        label: the label's position in a row.
        name: the file's name, for messages.

    Returns:
        x (n, width - 1) object (float or str), labels.

    Raises:
        DataError: a row has another width, or a number is none; the line is named.
    """
    lines = blob.decode("ascii", "replace").splitlines()
    rows, labels = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("|"):
            continue
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) != width:
            raise DataError(f"{name} line {number} has {len(cells)} cells, expected {width}")
        labels.append(cells.pop(label))
        rows.append(_typed(cells, numbers, f"{name} line {number}"))
    return np.array(rows, object).reshape(len(rows), width - 1), labels


def _typed(cells: list[str], numbers: Sequence[int], where: str) -> list[str | float]:
    typed: list[str | float] = list(cells)
    for column in numbers:
        try:
            typed[column] = float(cells[column])
        except ValueError as error:
            raise DataError(
                f"{where}, column {column + 1}: {cells[column]!r} is not a number"
            ) from error
    return typed


def _indices(labels: list[str], classes: tuple[str, ...], name: str) -> np.ndarray:
    unknown = sorted(set(labels) - set(classes))
    if unknown:
        raise DataError(f"{name} has the label {unknown[0]!r}, expected {' or '.join(classes)}")
    return np.array([classes.index(label) for label in labels], np.int64)


def load_adult(read: Callable[[str], bytes]) -> Parts:
    """x_train (32561, 14) object, y_train (32561,) int64, x_test (16281, 14), y_test."""
    return *_adult_part(read, "adult.data"), *_adult_part(read, "adult.test")


def _adult_part(read: Callable[[str], bytes], name: str) -> tuple[np.ndarray, np.ndarray]:
    x, labels = parse(read(name), width=15, numbers=_ADULT_NUMBERS, label=14, name=name)
    # The labels of adult.test end in a full stop.
    return x, _indices([label.rstrip(".") for label in labels], info("adult").classes, name)


def load_breast_cancer(read: Callable[[str], bytes]) -> Parts:
    """x_train (215, 9) object, y_train (215,) int64, x_test (71, 9), y_test.

    The set is published in one part; a quarter of each class is the test part (seed 0).
    """
    return split(*breast_cancer_rows(read), test=TEST_SHARE, seed=SPLIT_SEED)


def breast_cancer_rows(read: Callable[[str], bytes]) -> tuple[np.ndarray, np.ndarray]:
    """Rows (286, 9) object and labels (286,) int64, in the order of the file."""
    name = "breast-cancer.data"
    x, labels = parse(read(name), width=10, numbers=_BREAST_CANCER_NUMBERS, label=0, name=name)
    return x, _indices(labels, info("breast-cancer").classes, name)


def load_monks(read: Callable[[str], bytes], problem: int) -> Parts:
    """x_train (n, 6) uint8 codes from 1 on, y_train (n,) int64, x_test (432, 6), y_test."""
    return *_monks_part(read, f"monks-{problem}.train"), *_monks_part(read, f"monks-{problem}.test")


def _monks_part(read: Callable[[str], bytes], name: str) -> tuple[np.ndarray, np.ndarray]:
    lines = [line.split() for line in read(name).decode("ascii", "replace").splitlines()]
    try:
        # The last word is the row's name.
        values = np.array([line[:-1] for line in lines if line], np.uint8)
    except ValueError as error:
        raise DataError(f"{name} is not a table of small integers: {error}") from error
    if values.ndim != 2 or values.shape[1] != 7:
        raise DataError(f"{name} has rows of shape {values.shape[1:]}, expected 7 integers a row")
    return values[:, 1:].copy(), values[:, 0].astype(np.int64)
