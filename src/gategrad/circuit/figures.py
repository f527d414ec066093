"""How good decisions are: the one figure of each kind of head that weights are chosen by."""

import numpy as np
from numpy.typing import NDArray

# The figure of a kind, more of it being better.
FIGURES = {
    "argmax": "accuracy",
    "binary": "accuracy",
    "multilabel": "label accuracy",
    "regression": "R2",
}


def figure(kind: str, decided: NDArray, targets: NDArray, weights: NDArray | None = None) -> float:
    """The figure of decisions, such as `Model.predict` gives them without labels.

    Args:
        kind: of the head.
        decided: (n,) classes; (n, k) of 0 and 1; (n, k) numbers.
        targets: the same.
        weights: (n,) of the rows; each counts 1 where None.

    Returns:
        argmax and binary: the fraction of rows that are right. multilabel: the fraction of all
        labels of all rows that are right (one minus the Hamming loss). regression: R2. nan for
        no rows.
    """
    if not len(targets):
        return float("nan")
    if kind == "regression":
        return r2(decided, targets, weights)
    right = decided == targets
    if weights is None:
        return float(np.mean(right))
    return float(np.average(right.reshape(len(right), -1).mean(1), weights=weights))


def constant_figure(kind: str, targets: NDArray, weights: NDArray | None = None) -> float:
    """The figure of the best constant answer on these targets: what no model should be below.

    argmax and binary: the share of the most frequent class. multilabel: the share of labels that
    the more frequent value of each gets right. regression: 0, R2 of the mean. nan for no rows.
    """
    if not len(targets):
        return float("nan")
    if kind == "regression":
        return 0.0
    if kind == "multilabel":
        ones = np.average(targets, axis=0, weights=weights)
        return float(np.maximum(ones, 1 - ones).mean())
    known = targets >= 0
    counted = None if weights is None else weights[known]
    total = len(targets) if weights is None else weights.sum()
    return float(np.bincount(targets[known], counted).max(initial=0) / total)


def r2(predicted: NDArray, targets: NDArray, weights: NDArray | None = None) -> float:
    """One minus the squared error over that of the mean, the mean of it over k columns (n, k).

    A constant column counts 1 where it is met exactly, else 0. Rows count by `weights` (n,).
    """
    targets = targets.astype(np.float64)
    share = np.ones((len(targets), 1)) if weights is None else weights[:, None]
    mean = targets.mean(0) if weights is None else np.average(targets, axis=0, weights=weights)
    squared = (share * (predicted.astype(np.float64) - targets) ** 2).sum(0)
    around = (share * (targets - mean) ** 2).sum(0)
    constant = np.where(squared == 0, 1.0, 0.0)
    safe = np.where(around > 0, around, 1.0)
    return float(np.where(around > 0, 1 - squared / safe, constant).mean())


def rmse(predicted: NDArray, targets: NDArray) -> float:
    """Root of the mean squared error, in the targets' unit, over all columns."""
    return float(np.sqrt(((predicted.astype(np.float64) - targets) ** 2).mean()))


def subset_accuracy(decided: NDArray, targets: NDArray) -> float:
    """The fraction of rows (n, k) whose labels are all right."""
    return float((decided == targets).all(1).mean())
