"""Adult, Breast Cancer and MONK's problems as the bits of the papers: one bit a level.

The levels are those of the sets' descriptions in the UCI repository; numbers of Adult are cut as in
difflogic's encoding. Rows with a missing value are left out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.bool_]
MISSING = "?"


@dataclass(frozen=True)
class Levels:
    """A column of categories."""

    place: int
    names: tuple[str, ...]

    def bits(self, column: NDArray) -> Bits:
        """One bit a category, (n, categories)."""
        return column.astype(str)[:, None] == np.array(self.names)


@dataclass(frozen=True)
class Cuts:
    """A column of numbers; each cut begins the next level."""

    place: int
    at: tuple[float, ...]

    def bits(self, column: NDArray) -> Bits:
        """One bit a level, (n, cuts + 1)."""
        level = np.digitize(column.astype(float), self.at)
        return level[:, None] == np.arange(len(self.at) + 1)


def encode(x: NDArray, columns: tuple[Levels | Cuts, ...]) -> Bits:
    """Rows of bits of rows of a table, (n, columns) object or numbers."""
    return np.hstack([column.bits(x[:, column.place]) for column in columns])


def complete_rows(x: NDArray, y: NDArray) -> tuple[NDArray, NDArray]:
    """Those without a missing value."""
    whole = ~(x == MISSING).any(axis=1)
    return x[whole], y[whole]


def _levels(place: int, names: str) -> Levels:
    return Levels(place, tuple(names.split()))


def _ranges(place: int, first: int, step: int, n: int, last: int) -> Levels:
    """Levels such as 10-19, 20-29; the last one ends at `last`."""
    starts = range(first, first + n * step, step)
    ends = [start + step - 1 for start in starts[:-1]] + [last]
    return Levels(place, tuple(f"{a}-{b}" for a, b in zip(starts, ends, strict=True)))


ADULT = (
    Cuts(0, (21, 30, 45, 60)),
    _levels(
        1,
        "Private Self-emp-not-inc Self-emp-inc Federal-gov Local-gov State-gov Without-pay "
        "Never-worked",
    ),
    _levels(
        3,
        "Bachelors Some-college 11th HS-grad Prof-school Assoc-acdm Assoc-voc 9th 7th-8th 12th "
        "Masters 1st-4th 10th Doctorate 5th-6th Preschool",
    ),
    _levels(
        5,
        "Married-civ-spouse Divorced Never-married Separated Widowed Married-spouse-absent "
        "Married-AF-spouse",
    ),
    _levels(
        6,
        "Tech-support Craft-repair Other-service Sales Exec-managerial Prof-specialty "
        "Handlers-cleaners Machine-op-inspct Adm-clerical Farming-fishing Transport-moving "
        "Priv-house-serv Protective-serv Armed-Forces",
    ),
    _levels(7, "Wife Own-child Husband Not-in-family Other-relative Unmarried"),
    _levels(8, "White Asian-Pac-Islander Amer-Indian-Eskimo Other Black"),
    _levels(9, "Female Male"),
    Cuts(10, (1, 5000)),
    Cuts(11, (1, 5000)),
    Cuts(12, (1, 13, 26, 41, 60)),
    _levels(
        13,
        "United-States Cambodia England Puerto-Rico Canada Germany Outlying-US(Guam-USVI-etc) "
        "India Japan Greece South China Cuba Iran Honduras Philippines Italy Poland Jamaica "
        "Vietnam Mexico Portugal Ireland France Dominican-Republic Laos Ecuador Taiwan Haiti "
        "Columbia Hungary Guatemala Nicaragua Scotland Thailand Yugoslavia El-Salvador "
        "Trinadad&Tobago Peru Hong Holand-Netherlands",
    ),
)

BREAST_CANCER = (
    _ranges(0, 10, 10, 9, 99),
    _levels(1, "lt40 ge40 premeno"),
    _ranges(2, 0, 5, 12, 59),
    _ranges(3, 0, 3, 13, 39),
    _levels(4, "yes no"),
    _levels(5, "1.0 2.0 3.0"),
    _levels(6, "left right"),
    _levels(7, "left_up left_low right_up right_low central"),
    _levels(8, "yes no"),
)

MONK = tuple(
    Levels(place, tuple(map(str, range(1, n + 1)))) for place, n in enumerate((3, 3, 2, 3, 4, 2))
)
