"""Which of the trained candidates a model is made of, and how much each counts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from gategrad.model import Model, ensemble
from gategrad.sklearn.choosing import CONSTANT, Compared, best
from gategrad.sklearn.members import Fitted
from gategrad.sklearn.stacking import stacked, temperature_of

ENSEMBLE = "ensemble"
"""The name of the weighted sum among what is compared."""


@dataclass(frozen=True)
class Choice:
    """What a model is made of.

    Attributes:
        weights: of the scores of what is to be trained, by name.
        figures: of all that was compared, by name.
    """

    weights: dict[str, float]
    figures: dict[str, float]


def chosen(found: Compared, *, by_figure: bool) -> Choice:
    """Weigh the members.

    Args:
        found: members on rows that they were not trained on.
        by_figure: whether one is taken alone where its figure is better, as where a metric was
            asked for.
    """
    weights = stacked(found.scores, found.judge)
    figures = found.figures | {ENSEMBLE: found.judge.answers(_joined(weights, found))}
    if by_figure:
        # Of equal figures the first, so the ensemble before its members.
        order = {name: figures[name] for name in (ENSEMBLE, *found.figures)}
        if (name := best(order)) != ENSEMBLE:
            weights = {name: _alone(found, name)}
    return Choice(weights, figures)


def put_together(choice: Choice, fitted: Mapping[str, Fitted], constant: Model) -> Model:
    """The model of bits; `fitted` are those of the choice, without the constant answer."""
    models = [fitted[name].model(w) for name, w in choice.weights.items() if name != CONSTANT]
    factors = [1.0] * len(models)
    if CONSTANT in choice.weights:
        models.append(constant)
        factors.append(choice.weights[CONSTANT])
    # Its note on rounding leaves out that of the members.
    return replace(ensemble(models, factors), meta=None).optimize()


def _joined(weights: Mapping[str, float], found: Compared) -> np.ndarray:
    judge = found.judge
    joined = np.zeros((len(judge.weights), judge.task.n_scores))
    for name, weight in weights.items():
        joined += weight * (_constant(found) if name == CONSTANT else found.scores[name])
    return joined


def _constant(found: Compared) -> np.ndarray:
    judge = found.judge
    if judge.task.kind == "regression":
        return np.average(judge.task.targets, axis=0, weights=judge.weights)
    return np.log(np.maximum(judge.shares(), 1e-9))


def _alone(found: Compared, name: str) -> float:
    if name == CONSTANT or found.judge.task.kind == "regression":
        return 1.0
    return max(temperature_of(found.scores[name], found.judge), 1e-6)
