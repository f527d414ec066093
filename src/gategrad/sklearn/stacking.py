"""How much each member of an ensemble counts: weights of its scores, on rows it did not learn.

Weights are at least 0 and have the least log loss, or squared error, which rows that are right by
chance sway less than counts of right answers. A member that does not pay is left out.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, nnls

from gategrad.sklearn.choosing import CONSTANT, Judge

Scores = NDArray[np.float64]
Losses = tuple[NDArray[np.float64], NDArray[np.float64]]

# Keeps weights finite where members are always right.
_DECAY = 1e-3
# A member stays whose absence costs more than so many standard errors of what it costs.
_ERRORS = 1.0


def stacked(given: Mapping[str, Scores], judge: Judge) -> dict[str, float]:
    """The weights of the members that pay, by name, the constant answer among them.

    Args:
        given: scores (n, n_scores) of each member, each row's by one that did not learn it.
        judge: of the same rows.
    """
    if judge.task.kind == "regression":
        return _of_numbers(given, judge)
    names = [CONSTANT, *given]
    prior = np.log(np.maximum(judge.shares(), 1e-9))
    scores = np.stack([np.tile(prior, (len(judge.weights), 1)), *given.values()])

    def solve(kept: Sequence[int]) -> Losses:
        return _least_log_loss(scores[list(kept)], judge)

    made = _named(names, *_eliminated(solve, list(range(len(names))), 1, judge.weights))
    return made or {CONSTANT: 1.0}


def temperature_of(scores: Scores, judge: Judge) -> float:
    """The weight of least log loss of scores (n, n_scores) by themselves."""
    return float(_least_log_loss(scores[None], judge)[0][0])


def log_losses(scores: Scores, targets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Of each row, (n,)."""
    above = scores - scores.max(axis=1, keepdims=True)
    right = above[np.arange(len(targets)), targets]
    return np.asarray(np.log(np.exp(above).sum(axis=1)) - right)


def _of_numbers(given: Mapping[str, Scores], judge: Judge) -> dict[str, float]:
    """Of predictions; the mean has what is left of 1."""
    weights, targets = judge.weights, judge.task.targets
    mean = np.average(targets, axis=0, weights=weights)
    deviation = np.sqrt(np.average((targets - mean) ** 2, axis=0, weights=weights))
    unit = np.where(deviation > 0, deviation, 1.0)
    names, wanted = list(given), (targets - mean) / unit
    scores = np.stack([(found - mean) / unit for found in given.values()])
    root = np.sqrt(weights)[:, None]

    def solve(kept: Sequence[int]) -> Losses:
        table = np.stack([(scores[i] * root).reshape(-1) for i in kept], axis=1)
        found, _ = nnls(table, (wanted * root).reshape(-1))
        off = np.tensordot(found, scores[list(kept)], 1) - wanted
        return found, (off**2).mean(axis=1)

    kept, found = _eliminated(solve, list(range(len(names))), 0, weights, (wanted**2).mean(axis=1))
    made = _named(names, kept, found)
    return {CONSTANT: 1.0 - sum(made.values())} | made


def _named(
    names: Sequence[str], kept: Sequence[int], found: NDArray[np.float64]
) -> dict[str, float]:
    return {names[i]: float(w) for i, w in zip(kept, found, strict=True) if w > 0}


def _eliminated(
    solve: Callable[[Sequence[int]], Losses],
    kept: list[int],
    fewest: int,
    weights: NDArray[np.float64],
    nothing: NDArray[np.float64] | None = None,
) -> tuple[list[int], NDArray[np.float64]]:
    """Leave out members one by one, each time the one that is missed least, while it does not pay.

    Args:
        solve: from members to their weights and the losses of rows.
        kept: all members.
        fewest: members to keep.
        weights: (n,) of rows.
        nothing: losses of rows without any member, where none may be kept.
    """
    found, losses = solve(kept)
    full = losses
    while len(kept) > fewest:
        tried = []
        for member in kept:
            rest = [other for other in kept if other != member]
            made = solve(rest) if rest else (np.zeros(0), nothing)
            assert made[1] is not None
            tried.append((float(np.average(made[1] - full, weights=weights)), rest, made))
        _, rest, (other, losses) = min(tried, key=lambda one: one[0])
        if _pays(losses - full, weights):
            break
        kept, found = rest, other
    return kept, found


def _pays(lost: NDArray[np.float64], weights: NDArray[np.float64]) -> bool:
    """Whether losses that are so much larger, row by row, are more than chance."""
    mean = np.average(lost, weights=weights)
    error = np.sqrt((weights**2 * (lost - mean) ** 2).sum()) / weights.sum()
    return bool(mean > _ERRORS * error)


def _least_log_loss(scores: NDArray[np.float64], judge: Judge) -> Losses:
    """Weights of members' scores (m, n, n_scores), and the log loss of each row."""
    targets, rows = judge.task.targets, np.arange(len(judge.weights))
    share = judge.weights / judge.weights.sum()
    sizes = np.array(
        [float(np.abs(one - one.mean(axis=1, keepdims=True)).mean()) for one in scores]
    )
    unit = np.where(sizes > 1e-6, sizes, 1.0)[:, None, None]
    scaled = scores / unit

    def loss(at: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        joined = np.tensordot(at, scaled, 1)
        lost = log_losses(joined, targets)
        p = np.exp(joined - joined.max(axis=1, keepdims=True))
        slope = p / p.sum(axis=1, keepdims=True)
        slope[rows, targets] -= 1
        gradient = np.tensordot(scaled, slope * share[:, None], 2) + 2 * _DECAY * at
        return float(lost @ share + _DECAY * at @ at), gradient

    bounds = [(0, None)] * len(scores)
    found = minimize(loss, np.ones(len(scores)), jac=True, bounds=bounds, method="L-BFGS-B").x
    return found / unit[:, 0, 0], log_losses(np.tensordot(found, scaled, 1), targets)
