"""The figures of decisions on test rows, with what a constant answer would have."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import figures, metrics


@dataclass(frozen=True)
class OfClass:
    """How one class, or one label, was told from the rest; None where no row says.

    Attributes:
        rows: that are of the class, or have the label.
        right: of these.
        recall: right of rows.
        precision: right of the rows that were taken for it.
        f1: harmonic mean of recall and precision.
        accuracy: of a label, the share of all rows that are right; of a class its recall.
    """

    rows: int
    right: int
    recall: float | None
    f1: float | None
    accuracy: float | None
    precision: float | None = None


def of_classes(names: tuple[str, ...], decided: NDArray, y: NDArray) -> dict[str, OfClass]:
    """Each class by name; decided (n,), y (n,) with -1 for a class that the model doesn't know."""
    found = {}
    for c, name in enumerate(names):
        one = _of(decided == c, y == c)
        found[name] = replace(one, accuracy=one.recall)
    return found


def of_labels(names: tuple[str, ...], decided: NDArray, y: NDArray) -> dict[str, OfClass]:
    """Each label by name; (n, k) of 0 and 1."""
    return {name: _of(decided[:, i] == 1, y[:, i] == 1) for i, name in enumerate(names)}


def _of(said: NDArray[np.bool_], true: NDArray[np.bool_]) -> OfClass:
    rows, right = int(true.sum()), int((said & true).sum())
    taken = int(said.sum())
    both = rows + taken
    return OfClass(
        rows,
        right,
        right / rows if rows else None,
        2 * right / both if both else None,
        float(np.mean(said == true)) if len(true) else None,
        right / taken if taken else None,
    )


def of_decisions(
    decided: NDArray, probabilities: NDArray | None, y: NDArray, n_classes: int
) -> dict[str, object]:
    """Figures of all classes together by the names of JSON; None where no row says.

    Args:
        decided: (n,) classes.
        probabilities: (n, classes), where there are some.
        y: (n,) classes, -1 for one that the model doesn't know; such rows are left out.
        n_classes: of the model.
    """
    known = y >= 0
    table = metrics.confusion(decided, y, n_classes)
    found: dict[str, object] = {
        "balanced_accuracy": _or_none(metrics.balanced_accuracy(table)),
        "macro_f1": float(np.mean([one.f1 or 0.0 for one in _each(decided, y, n_classes)])),
        "confusion": table.tolist(),
    }
    if probabilities is not None and known.any():
        p, true = probabilities[known], y[known]
        found["auc"] = _or_none(metrics.measured("auc", decided[known], p, true))
        found["log_loss"] = metrics.log_loss(p, true)
    return found


def _each(decided: NDArray, y: NDArray, n_classes: int) -> list[OfClass]:
    return [_of(decided == c, y == c) for c in range(n_classes)]


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else value


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
        "precision": {name: one.precision for name, one in classes.items()},
        "f1": {name: one.f1 for name, one in classes.items()},
        "rows": {name: one.rows for name, one in classes.items()},
    }
    if kind == "multilabel":
        found["ones"] = found.pop("rows")
    return found
