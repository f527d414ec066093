"""Hold rows back to choose on."""

import operator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gategrad.train.errors import TrainError


def held_rows(labels: NDArray[np.int64], validation: int | float, seed: int) -> NDArray[np.bool_]:
    """Which rows to hold back: bool (n,), each class in proportion; each keeps one while it can.

    Args:
        labels: (n,).
        validation: how many rows, an integer below n; or a fraction below 1, at least one row.
        seed: of the draw.

    Raises:
        TrainError: `validation` is neither.

    Examples:
        >>> held_rows(np.arange(12) % 2, 4, seed=0).reshape(-1, 2).sum(axis=0).tolist()
        [2, 2]
    """
    count = _count(validation, len(labels))
    generator = torch.Generator().manual_seed(seed)
    # The first rows in this order are, whatever their number, a fair share of each class.
    place = np.empty(len(labels))
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        order = torch.randperm(len(rows), generator=generator).numpy()
        place[rows] = (order + 0.5) / len(rows)
        # Behind all others: what a class keeps to train on.
        place[rows[order == len(rows) - 1]] += 1
    held = np.zeros(len(labels), bool)
    held[np.argsort(place, kind="stable")[:count]] = True
    return held


def one_sided(to_train: Tensor, to_choose: Tensor) -> str | None:
    """A sentence about classes (n,) that only rows to train on have, or only those to choose on."""
    here, there = (set(part.unique().tolist()) for part in (to_train, to_choose))
    parts = [("choose", here - there), ("train", there - here)]
    lacking = [f"no row to {verb} on is of class {_few(found)}" for verb, found in parts if found]
    return "; ".join(lacking) or None


def _few(classes: set[int]) -> str:
    shown = ", ".join(map(str, sorted(classes)[:10]))
    return shown + (", ..." if len(classes) > 10 else "")


def _count(validation: int | float, n: int) -> int:
    if isinstance(validation, float) and 0 < validation < 1:
        count = max(1, round(validation * n))
    else:
        try:
            count = -1 if isinstance(validation, bool) else operator.index(validation)
        except TypeError:
            count = -1
    if not 0 < count < n:
        raise TrainError(
            f"validation is {validation!r}, of {n} rows; expected how many rows to hold back, "
            "fewer than all, or a fraction below 1, or (x, y), or None"
        )
    return count
