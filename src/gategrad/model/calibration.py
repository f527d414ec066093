"""Probabilities that are as sure as they are right.

A temperature divides the readout's scale and offset, so engines, files and exports have it.
"""

from collections.abc import Callable
from dataclasses import replace
from math import exp, log

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad.circuit import Readout
from gategrad.model.errors import ModelError
from gategrad.model.model import Model

# Of scores of about 1; those of others are searched as far.
_TEMPERATURES = (0.01, 100.0)
_GOLDEN, _STEPS = (5**0.5 - 1) / 2, 60


def calibrated(
    model: Model, x: ArrayLike, y: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> Model:
    """The model with the temperature by which its probabilities fit rows best; decides the same.

    The temperature is the one of least log loss. As in Platt's method the rows' classes count as
    a little unsure, so that few rows that are all right do not make the model sure of everything.

    Args:
        model: of classes.
        x: (n, features) rows that it was not trained on, as `predict` takes them.
        y: their labels, as `predict` gives them.
        sample_weight: (n,) what each row counts.

    Raises:
        ModelError: a model without classes or whose scores are no log odds, no rows, a label that
            it doesn't have, or labels or weights that aren't one a row.

    Examples:
        >>> import gategrad as gg
        >>> sums = gg.Model(gg.Circuit(2, [], [], [2, 3]), gg.Readout.group_sum(2, 2, tau=0.1))
        >>> rows, classes = [[1, 0], [1, 0], [1, 0], [0, 1]], [0, 0, 1, 1]
        >>> sums.probabilities(rows).round(3).max()
        np.float64(1.0)
        >>> calibrated(sums, rows, classes).probabilities(rows).round(3).max()
        np.float64(0.667)
    """
    require_logits(model)
    classes, weights = classes_of(model, y, sample_weight)
    sums = check_rows(model.sums(x), classes)
    factor = temperature(model.readout, sums, classes, weights)
    scale, offset = (
        (old / factor).astype(np.float32) for old in (model.readout.scale, model.readout.offset)
    )
    return with_readout(model, scale=scale, offset=offset)


def with_readout(model: Model, *, scale: NDArray, offset: NDArray, ahead: int = 0) -> Model:
    """The model with another scale and offset, and so much more on the last sum.

    The kernels of a convolution, a second form of the model, have a readout of their own.
    """

    def changed(readout: Readout) -> Readout:
        bias: NDArray = readout.bias.astype(np.int64)
        bias[-1] += ahead
        return replace(readout, bias=bias, scale=scale, offset=offset)

    kernels = model.convolution
    if kernels is not None:
        kernels = replace(kernels, readout=changed(kernels.readout))
    return replace(model, readout=changed(model.readout), convolution=kernels)


def temperature(
    readout: Readout, sums: NDArray[np.int32], y: NDArray[np.int64], weights: NDArray | None = None
) -> float:
    """By what to divide the scores for the least log loss.

    Args:
        readout: argmax or binary.
        sums: (n, C).
        y: (n,) classes.
        weights: (n,); 1 where None.
    """
    # Wider than scores, which may be beyond float32.
    given = sums * readout.scale.astype(np.float64) + readout.offset
    if readout.kind == "binary":
        given = np.column_stack([np.zeros(len(given)), given])
    target = _softened(y, 2 if readout.kind == "binary" else readout.n_classes)

    def loss(at: float) -> float:
        logits = given / exp(at)
        logits -= logits.max(axis=1, keepdims=True)
        found = np.log(np.exp(logits).sum(axis=1)) - (target * logits).sum(axis=1)
        return float(np.average(found, weights=weights))

    size = float(np.abs(given).max()) or 1.0
    least, most = _TEMPERATURES
    return exp(_least(loss, log(min(least, size * least)), log(max(most, size))))


def classes_of(
    model: Model, y: ArrayLike, sample_weight: ArrayLike | None
) -> tuple[NDArray[np.int64], NDArray | None]:
    """The places (n,) of labels among the model's classes, and weights.

    Raises:
        ModelError: a model without classes, no rows, a label that it doesn't have, or weights that
            aren't one a row.
    """
    kind = model.readout.kind
    if kind not in ("argmax", "binary"):
        raise ModelError(f"a {kind} model has no classes to calibrate or to tell apart")
    given = np.asarray(y).reshape(-1)
    if not len(given):
        raise ModelError("there are no rows; expected some that the model was not trained on")
    n = 2 if kind == "binary" else model.readout.n_classes
    known = list(range(n)) if model.labels is None else list(model.labels)
    places = {label: place for place, label in enumerate(known)}
    strange = [label for label in given.tolist() if label not in places]
    if strange:
        raise ModelError(f"y has the label {strange[0]!r}, which is none of the model's: {known}")
    classes = np.array([places[label] for label in given.tolist()], np.int64)
    return classes, None if sample_weight is None else _weights(sample_weight, len(classes))


def require_logits(model: Model) -> None:
    """Refuse the forests whose probabilities are made otherwise.

    Raises:
        ModelError: `meta` has the link "share", or "logistic" for each of several classes.
    """
    link = (model.meta or {}).get("link")
    if link == "share" or (link == "logistic" and model.readout.kind == "argmax"):
        raise ModelError(
            f"the model's scores are no log odds, its link being {link!r}; temperature and "
            "threshold are for those that are: compare its probabilities yourself"
        )


def check_rows(sums: NDArray[np.int32], classes: NDArray[np.int64]) -> NDArray[np.int32]:
    """The sums, where there are as many as labels.

    Raises:
        ModelError: there are not.
    """
    if len(sums) != len(classes):
        raise ModelError(f"x has {len(sums):,} rows, and y {len(classes):,} labels")
    return sums


def _weights(given: ArrayLike, n: int) -> NDArray[np.float64]:
    weights = np.asarray(given, np.float64)
    good = weights.shape == (n,) and np.isfinite(weights).all() and (weights >= 0).all()
    if good and weights.any():
        return weights
    raise ModelError(
        f"sample_weight must be {n:,} finite numbers of at least 0, one a row, not all of them 0"
    )


def _softened(y: NDArray[np.int64], n_classes: int) -> NDArray[np.float64]:
    n = len(y)
    target = np.full((n, n_classes), 1 / (n + n_classes))
    target[np.arange(n), y] = (n + 1) / (n + n_classes)
    return target


def _least(f: Callable[[float], float], low: float, high: float) -> float:
    """Where a function with one valley is least, by the golden section."""
    a, b = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_a, at_b = f(a), f(b)
    for _ in range(_STEPS):
        if at_a <= at_b:
            high, b, at_b = b, a, at_a
            a = high - _GOLDEN * (high - low)
            at_a = f(a)
        else:
            low, a, at_a = a, b, at_b
            b = low + _GOLDEN * (high - low)
            at_b = f(b)
    return (low + high) / 2
