"""Where a model of two classes begins to say the second one.

That is an integer in the readout's bias, which its offset takes back: decisions change, and scores
and probabilities stay, in every engine, file and export.
"""

from math import floor, log

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad.circuit import Readout
from gategrad.model.calibration import check_rows, classes_of, require_logits, with_readout
from gategrad.model.errors import ModelError
from gategrad.model.model import Model

THRESHOLD_METRICS = ("accuracy", "balanced-accuracy", "f1")
"""Metrics that a threshold can be chosen by; the others do not look at decisions."""

# Of a threshold that is at a sum, what float32 leaves of the offset must not decide: so much of a
# sum, and where scores are steep so much of the log odds.
_NEAR, _NEAR_SCORE = 1e-3, 1e-6
# Log odds of the probabilities that float64 tells well from 0 and from 1.
_LEAST_SURE, _MOST_SURE = -700.0, 30.0


def with_threshold(model: Model, threshold: float) -> Model:
    """The model that says the second of two classes where its probability is above `threshold`.

    Probabilities stay. A model has been at 0.5 before, where sums are compared.

    Raises:
        ModelError: other than two classes, scores that are no log odds, or a threshold outside 0
            to 1.
    """
    _require_two(model)
    if not 0 < threshold < 1:
        raise ModelError(f"threshold is {threshold!r}; expected a number above 0 and below 1")
    scale, offset = _slope(model.readout)
    logit = log(threshold / (1 - threshold))
    near = min(_NEAR, _NEAR_SCORE * (1 + abs(logit) + abs(offset)) / scale)
    return _shifted(model, floor((logit - offset) / scale + near))


def chosen_threshold(
    model: Model,
    x: ArrayLike,
    y: ArrayLike,
    *,
    metric: str,
    sample_weight: ArrayLike | None = None,
) -> float:
    """The threshold for `with_threshold` that is best on rows by a metric.

    Of equally good ones the one nearest to 0.5, in scores. It lies halfway between two sums, unless
    that is as good as 0 or 1; then anywhere between them.

    Args:
        model: of two classes.
        x: (n, features) rows that it was not trained on.
        y: their labels, as `predict` gives them.
        metric: "accuracy", "balanced-accuracy" or "f1", of the second class.
        sample_weight: (n,) what each row counts.

    Raises:
        ModelError: other than two classes, scores that are no log odds, another metric, no rows,
            a label that the model doesn't have, or labels or weights that aren't one a row.
    """
    _require_two(model)
    if metric not in THRESHOLD_METRICS:
        raise ModelError(
            f"threshold is by {metric!r}; expected a number, or one of "
            f"{', '.join(THRESHOLD_METRICS)}"
        )
    classes, weights = classes_of(model, y, sample_weight)
    margins = _margins(check_rows(model.sums(x), classes))
    levels = np.union1d(margins, 0)
    logits, good = _cuts(levels, *_slope(model.readout))
    found = _measures(metric, _tables(margins, levels, classes, weights)[good])
    best = logits[good][found == found.max()]
    return float(1 / (1 + np.exp(-best[np.argmin(np.abs(best))])))


def _tables(
    margins: NDArray[np.int64],
    levels: NDArray[np.int64],
    classes: NDArray[np.int64],
    weights: NDArray | None,
) -> NDArray:
    """For each cut of `_cuts` how many rows of class i were taken for class j, (cuts, 2, 2)."""
    at = np.searchsorted(levels, margins)
    tables = np.zeros((len(levels) + 1, 2, 2))
    for c in (0, 1):
        own = classes == c
        count = np.bincount(at[own], None if weights is None else weights[own], len(levels))
        tables[1:, c, 0] = np.cumsum(count)
        tables[:-1, c, 1] = np.cumsum(count[::-1])[::-1]
    return tables


def _measures(metric: str, tables: NDArray) -> NDArray[np.float64]:
    """The metric of each table of two classes, as `gategrad.circuit.metrics` has it of one."""
    right, rows, said = tables.diagonal(axis1=1, axis2=2), tables.sum(2), tables.sum(1)
    if metric == "accuracy":
        found = right.sum(1) / rows.sum(1)
    elif metric == "f1":
        both = rows[:, 1] + said[:, 1]
        found = 2 * right[:, 1] / np.where(both > 0, both, 1)
    else:
        there = rows > 0
        found = (right / np.where(there, rows, 1)).sum(1) / there.sum(1)
    return found


def _cuts(
    levels: NDArray[np.int64], scale: float, offset: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Log odds for each level that a margin may have to exceed, one below them all first.

    Those that no probability in float64 is for are not good.
    """
    cuts, ends = np.append(levels[0] - 1, levels), np.append(levels, np.inf)
    logits = np.clip((cuts + 0.5) * scale + offset, _LEAST_SURE, _MOST_SURE)
    at = (logits - offset) / scale
    at_first = np.arange(len(cuts)) == 0
    return logits, ((at >= cuts) | at_first) & (at < ends - 0.01)


def _require_two(model: Model) -> None:
    require_logits(model)
    readout = model.readout
    if readout.kind == "binary" or (readout.kind == "argmax" and readout.n_classes == 2):
        if (readout.scale == readout.scale[0]).all() and readout.scale[0] > 0:
            return
        raise ModelError("a threshold needs sums of one scale above 0, and the model's differ")
    raise ModelError(
        f"a threshold is for two classes; this is {readout.kind} with {readout.n_classes} sums"
    )


def _slope(readout: Readout) -> tuple[float, float]:
    """The log odds of the second class are margin times the first plus the second."""
    offset = readout.offset.astype(np.float64)
    return float(readout.scale[0]), float(offset[-1] - (0 if len(offset) == 1 else offset[0]))


def _margins(sums: NDArray[np.int32]) -> NDArray[np.int64]:
    """By how much the second class is ahead, bias included."""
    wide = sums.astype(np.int64)
    return wide[:, 0] if wide.shape[1] == 1 else wide[:, 1] - wide[:, 0]


def _shifted(model: Model, by: int) -> Model:
    """The second class must be ahead by more than `by`; scores stay what they are."""
    readout = model.readout
    # Beyond what sums reach a threshold is as good as at their end.
    least, most = _reach(readout)
    by = max(least - 1, min(most, by))
    offset = readout.offset.astype(np.float64)
    offset[-1] += by * float(readout.scale[-1])
    return with_readout(model, scale=readout.scale, offset=offset.astype(np.float32), ahead=-by)


def _reach(readout: Readout) -> tuple[int, int]:
    """The least and the largest margin that sums may have."""
    second = readout.rows == readout.n_classes - 1
    weight = readout.weight.astype(np.int64) * np.where(second, 1, -1)
    ahead = int(readout.bias[-1]) - (0 if readout.n_classes == 1 else int(readout.bias[0]))
    return ahead + int(np.minimum(weight, 0).sum()), ahead + int(np.maximum(weight, 0).sum())
