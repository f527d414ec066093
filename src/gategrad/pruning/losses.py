"""The loss that pruning watches, and its derivatives by the integer sums."""

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import Readout

Sums = NDArray[np.floating] | NDArray[np.integer]


def loss(readout: Readout, sums: Sums, targets: NDArray) -> float:
    """The mean over rows of what training minimizes: cross entropy, logistic or squared errors.

    Args:
        readout: says which, and makes scores of sums.
        sums: (n, C).
        targets: (n,) class indices for "argmax", 0 to 1 for "binary"; (n, C) of 0 to 1 for
            "multilabel", and for "argmax" shares of the classes; of numbers for "regression".
    """
    scores = _scores(readout, sums.T)
    wanted = _wanted(readout, targets)
    if readout.kind == "regression":
        return float(0.5 * ((scores - wanted) ** 2).sum(0).mean())
    if readout.kind == "argmax":
        peak = scores.max(0)
        total = np.log(np.exp(scores - peak).sum(0)) + peak
        return float((total - (scores * wanted).sum(0)).mean())
    return float((np.logaddexp(0, scores) - scores * wanted).sum(0).mean())


def derivatives(
    readout: Readout, sums: Sums, targets: NDArray
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """First and second derivative of each row's loss by each sum, both (C, n), of sums (C, n)."""
    scores, wanted = _scores(readout, sums), _wanted(readout, targets)
    scale = readout.scale.astype(np.float64)[:, None]
    said = _answers(readout, scores)
    curve = np.ones_like(said) if readout.kind == "regression" else said * (1 - said)
    slope = said - wanted
    return (slope * scale).astype(np.float32), (curve * scale**2).astype(np.float32)


def leaning(readout: Readout, sums: Sums, targets: NDArray, weight: float) -> NDArray[np.float64]:
    """Targets of which a model's own answers are a part: `weight` of them, the rest the targets.

    Args:
        readout: of the model.
        sums: (n, C), its own.
        targets: as `loss` takes them.
        weight: of the answers, in [0, 1].

    Returns:
        (n, C), or (n,) for "binary", which `loss` and `derivatives` take.
    """
    answers = _answers(readout, _scores(readout, sums.T))
    mixed = ((1 - weight) * _wanted(readout, targets) + weight * answers).T
    return np.ascontiguousarray(mixed[:, 0] if readout.kind == "binary" else mixed)


def _answers(readout: Readout, scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """(C, n): probabilities, or numbers."""
    if readout.kind == "regression":
        return scores
    if readout.kind == "argmax":
        shares = np.exp(scores - scores.max(0))
        return shares / shares.sum(0)
    return 0.5 + 0.5 * np.tanh(0.5 * scores)


def _scores(readout: Readout, sums: Sums) -> NDArray[np.float64]:
    scale, offset = readout.scale.astype(np.float64), readout.offset.astype(np.float64)
    return sums * scale[:, None] + offset[:, None]


def _wanted(readout: Readout, targets: NDArray) -> NDArray[np.float64]:
    """(C, n)."""
    if readout.kind == "argmax" and np.ndim(targets) == 1:
        return (np.arange(readout.n_classes)[:, None] == targets).astype(np.float64)
    return np.atleast_2d(np.asarray(targets, np.float64).T)
