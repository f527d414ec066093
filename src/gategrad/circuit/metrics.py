"""Figures of a classifier that people choose by, where classes are uneven or order matters."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit.figures import figure

# Below it a probability counts as this one in the log loss, as in scikit-learn for float64.
_LEAST = float(np.finfo(np.float64).eps)


def confusion(
    decided: NDArray, y: NDArray, n_classes: int, weights: NDArray | None = None
) -> NDArray:
    """How many rows of class i (row) were taken for class j (column), (n_classes, n_classes).

    Args:
        decided: (n,) classes.
        y: (n,) classes; rows of -1, a class that nobody knows, are left out.
        n_classes: how many there are.
        weights: (n,) of the rows; each counts 1 where None.

    Examples:
        >>> confusion(np.array([0, 1, 1]), np.array([0, 0, 1]), 2).tolist()
        [[1, 1], [0, 1]]
    """
    known = y >= 0
    places = y[known] * n_classes + decided[known]
    counted = None if weights is None else weights[known]
    return np.bincount(places, counted, n_classes**2).reshape(n_classes, n_classes)


def balanced_accuracy(table: NDArray) -> float:
    """The mean recall of the classes that have rows; nan where none has. Takes a `confusion`."""
    rows = table.sum(1)
    there = rows > 0
    return float(np.mean(table.diagonal()[there] / rows[there])) if there.any() else float("nan")


def f1(table: NDArray) -> float:
    """F1 of class 1 of two; the mean of the classes' where there are more. Takes a `confusion`.

    A class without rows that is never said counts 0.
    """
    both = table.sum(0) + table.sum(1)
    each = 2 * table.diagonal() / np.where(both > 0, both, 1)
    return float(each[1] if len(each) == 2 else each.mean())


def auc(scores: NDArray, positive: NDArray[np.bool_], weights: NDArray | None = None) -> float:
    """The chance that a positive row has a larger score than another; equal ones count half.

    Args:
        scores: (n,).
        positive: (n,).
        weights: (n,) of the rows; 1 where None.

    Returns:
        nan where all rows are of one kind.
    """
    weights = np.ones(len(scores)) if weights is None else weights
    _, place = np.unique(scores, return_inverse=True)
    n = int(place.max(initial=-1)) + 1
    of_positive = np.bincount(place, weights * positive, n)
    of_others = np.bincount(place, weights * ~positive, n)
    pairs = of_positive.sum() * of_others.sum()
    below = np.cumsum(of_others) - of_others / 2
    return float((of_positive * below).sum() / pairs) if pairs > 0 else float("nan")


def several_auc(scores: NDArray, y: NDArray, weights: NDArray | None = None) -> float:
    """The mean `auc` of each class against the others by its scores (n, k), of those with rows."""
    each = [auc(scores[:, c], y == c, weights) for c in range(scores.shape[1])]
    known = [found for found in each if not np.isnan(found)]
    return float(np.mean(known)) if known else float("nan")


def log_loss(probabilities: NDArray, y: NDArray, weights: NDArray | None = None) -> float:
    """The mean of minus the logarithm of what each row's class (n,) was given, of (n, k)."""
    given = probabilities[np.arange(len(y)), y].astype(np.float64)
    losses = -np.log(np.clip(given, _LEAST, 1.0))
    return float(np.average(losses, weights=weights))


def _of_table(of: Callable[[NDArray], float]) -> Callable[..., float]:
    def measured(decided: NDArray, p: NDArray, y: NDArray, weights: NDArray | None) -> float:
        return of(confusion(decided, y, p.shape[1], weights))

    return measured


def _accuracy(decided: NDArray, p: NDArray, y: NDArray, weights: NDArray | None) -> float:
    return figure("argmax", decided, y, weights)


def _auc(decided: NDArray, p: NDArray, y: NDArray, weights: NDArray | None) -> float:
    return auc(p[:, 1], y == 1, weights) if p.shape[1] == 2 else several_auc(p, y, weights)


def _log_loss(decided: NDArray, p: NDArray, y: NDArray, weights: NDArray | None) -> float:
    return -log_loss(p, y, weights)


# Each of decisions (n,), probabilities (n, classes), classes (n,) and weights; more is better.
METRICS: dict[str, Callable[..., float]] = {
    "accuracy": _accuracy,
    "balanced-accuracy": _of_table(balanced_accuracy),
    "f1": _of_table(f1),
    "auc": _auc,
    "log-loss": _log_loss,
}


# What they are called in results.
SHOWN = {
    "accuracy": "accuracy",
    "balanced-accuracy": "balanced accuracy",
    "f1": "F1",
    "auc": "AUC",
    "log-loss": "minus log loss",
}


def measured(
    name: str, decided: NDArray, p: NDArray, y: NDArray, weights: NDArray | None = None
) -> float:
    """The metric of that name, more of it being better: minus the log loss.

    Args:
        name: a key of `METRICS`.
        decided: (n,) classes.
        p: (n, classes) probabilities.
        y: (n,) classes.
        weights: (n,) of the rows; 1 where None.
    """
    return METRICS[name](decided, p, y, weights)


def constant_metric(name: str, y: NDArray, n_classes: int, weights: NDArray | None = None) -> float:
    """The metric of the best answer that is the same for all rows."""
    shares = np.bincount(y, weights, n_classes) / (len(y) if weights is None else weights.sum())
    p = np.broadcast_to(shares, (len(y), n_classes))
    answers = (np.full(len(y), c) for c in range(n_classes))
    return max(measured(name, answer, p, y, weights) for answer in answers)
