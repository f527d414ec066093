"""Which recipe suits few rows: the one that is best on rows it was not trained on.

Few rows bear few gates, and some bear none: the constant answer is among what is compared, and is
what a model becomes that nothing else beats.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import Circuit, Readout
from gategrad.circuit.figures import constant_figure, figure
from gategrad.circuit.metrics import constant_metric, measured
from gategrad.circuit.probabilities import probabilities
from gategrad.model import Model, linear_model
from gategrad.sklearn.task import Task

CONSTANT = "constant"
"""The name of the constant answer among recipes."""

Scores = NDArray[np.float64]

Scorer = Callable[[NDArray[np.bool_]], Scores]
"""From bits (n, inputs) to scores (n, n_scores)."""

Train = Callable[[str, NDArray[np.bool_]], Scorer]
"""From a name and the rows to train on, (n,) bool, to what scores others."""


@dataclass(frozen=True)
class Judge:
    """How good answers are.

    Attributes:
        task: with the targets of the rows.
        weights: (n,) of the rows.
    """

    task: Task
    weights: NDArray[np.float64]

    def answers(self, given: Scores) -> float:
        """The figure of scores (n, n_scores) and of the decisions that they are."""
        task = self.task
        decided = given if task.kind == "regression" else np.argmax(given, axis=1)
        if task.metric is None:
            return figure(task.kind, decided, task.targets, self.weights)
        p = probabilities(task.kind, given.astype(np.float32))
        return measured(task.metric, decided, p, task.targets, self.weights)

    def constant(self) -> float:
        """That of the best constant answer."""
        task = self.task
        if task.metric is None:
            return constant_figure(task.kind, task.targets, self.weights)
        return constant_metric(task.metric, task.targets, task.n_scores, self.weights)

    def shares(self) -> NDArray[np.float64]:
        """Of each class, (n_scores,), 1 together."""
        found = np.bincount(self.task.targets, self.weights, self.task.n_scores)
        return np.asarray(found / self.weights.sum())

    def only(self, kept: NDArray[np.bool_]) -> "Judge":
        """Of some of the rows, which count as they do here."""
        return Judge(replace(self.task, targets=self.task.targets[kept]), self.weights[kept])


@dataclass(frozen=True)
class Compared:
    """What was compared, on rows that it was not trained on.

    Attributes:
        figures: by name, the constant answer first.
        scores: (rows, n_scores) by name, without the constant answer.
        judge: of these rows.
    """

    figures: dict[str, float]
    scores: dict[str, Scores]
    judge: Judge


def compared(
    names: Sequence[str],
    train: Train,
    bits: NDArray[np.bool_],
    judge: Judge,
    held: Sequence[NDArray[np.bool_]],
) -> Compared:
    """Train on the rows outside each part and score those in it.

    Args:
        names: of what is trained.
        train: trains it.
        bits: (n, inputs).
        judge: of the same rows.
        held: (n,) bool a part, which share no row.
    """
    rows = np.any(held, axis=0)
    asked = judge.only(rows)
    figures, scores = {CONSTANT: asked.constant()}, {}
    for name in names:
        given = np.zeros((len(bits), judge.task.n_scores))
        for part in held:
            given[part] = train(name, ~part)(bits[part])
        scores[name] = given[rows]
        figures[name] = asked.answers(scores[name])
    return Compared(figures, scores, asked)


def best(found: Mapping[str, float]) -> str:
    """The name of the largest; of equal ones the first."""
    return max(found, key=lambda name: found[name])


def held_parts(judge: Judge, folds: int, seed: int) -> list[NDArray[np.bool_]]:
    """So many parts of the rows, (n,) bool each, each class as evenly as it divides."""
    targets = judge.task.targets
    labels = targets if targets.ndim == 1 else np.zeros(len(targets), np.int64)
    place = parts(labels, folds, seed)
    return [place == fold for fold in range(folds)]


def parts(labels: NDArray, folds: int, seed: int) -> NDArray[np.int64]:
    """The part (n,) of each row, each class as evenly as it divides.

    Examples:
        >>> place = parts(np.array([0, 0, 1, 1]), 2, seed=0)
        >>> sorted(place[:2].tolist()), sorted(place[2:].tolist())
        ([0, 1], [0, 1])
    """
    order = np.lexsort([np.random.default_rng(seed).random(len(labels)), labels])
    place = np.empty(len(labels), np.int64)
    place[order] = np.arange(len(labels)) % folds
    return place


def constant_model(judge: Judge, n_inputs: int) -> Model:
    """No gates: the most frequent class with the classes' shares as probabilities, or the mean."""
    circuit = Circuit(n_inputs, [], [], [])
    task, n = judge.task, judge.task.n_scores
    bias, scale, offset = np.zeros(n, np.int32), np.ones(n), np.zeros(n)
    if task.kind == "regression":
        offset = np.average(task.targets, axis=0, weights=judge.weights)
    else:
        share = judge.shares()
        bias[np.argmax(share)] = 1
        offset = np.log(np.maximum(share, 1e-9)) - bias
    readout = Readout(
        task.kind,
        np.zeros(n + 1, np.int64),
        np.zeros(0, np.uint32),
        np.zeros(0, np.int32),
        bias,
        scale.astype(np.float32),
        offset.astype(np.float32),
    )
    return Model(circuit, readout)


def log_shares(judge: Judge, n_inputs: int) -> Model:
    """No gates: the logarithms of the classes' shares as scores, or the mean."""
    if judge.task.kind == "regression":
        return constant_model(judge, n_inputs)
    bias = np.log(np.maximum(judge.shares(), 1e-9))
    return linear_model(np.zeros((n_inputs, len(bias))), bias, kind="argmax")
