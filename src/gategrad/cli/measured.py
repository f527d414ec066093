"""The figures of decisions on test rows, with what a constant answer would have."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import figures


@dataclass(frozen=True)
class OfClass:
    """How one class, or one label, was told from the rest; None where no row says.

    Attributes:
        rows: that are of the class, or have the label.
        right: of these.
        recall: right of rows.
        f1: harmonic mean of recall and precision.
        accuracy: of a label, the share of all rows that are right; of a class its recall.
    """

    rows: int
    right: int
    recall: float | None
    f1: float | None
    accuracy: float | None


def of_classes(names: tuple[str, ...], decided: NDArray, y: NDArray) -> dict[str, OfClass]:
    """Each class by name; decided (n,), y (n,) with -1 for a class that the model doesn't know."""
    found = {}
    for c, name in enumerate(names):
        one = _of(decided == c, y == c)
        found[name] = OfClass(one.rows, one.right, one.recall, one.f1, one.recall)
    return found


def of_labels(names: tuple[str, ...], decided: NDArray, y: NDArray) -> dict[str, OfClass]:
    """Each label by name; (n, k) of 0 and 1."""
    return {name: _of(decided[:, i] == 1, y[:, i] == 1) for i, name in enumerate(names)}


def _of(said: NDArray[np.bool_], true: NDArray[np.bool_]) -> OfClass:
    rows, right = int(true.sum()), int((said & true).sum())
    both = rows + int(said.sum())
    return OfClass(
        rows,
        right,
        right / rows if rows else None,
        2 * right / both if both else None,
        float(np.mean(said == true)) if len(true) else None,
    )


def constant(kind: str, y: NDArray) -> dict[str, float]:
    """What the best constant answer gets, by the names of JSON."""
    if kind == "regression":
        mean = np.broadcast_to(y.mean(0), y.shape)
        return {"constant_rmse": figures.rmse(mean, y)}
    return {"constant_accuracy": figures.constant_figure(kind, y)}


def as_json(kind: str, classes: dict[str, OfClass]) -> dict[str, object]:
    """Figures of each class or label for machines."""
    found: dict[str, object] = {
        "recall": {name: one.recall for name, one in classes.items()},
        "f1": {name: one.f1 for name, one in classes.items()},
        "rows": {name: one.rows for name, one in classes.items()},
    }
    if kind == "multilabel":
        found["ones"] = found.pop("rows")
    return found
