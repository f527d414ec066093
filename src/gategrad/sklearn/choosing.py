"""Which recipe suits few rows: the one that is best on rows it was not trained on.

Few rows bear few gates, and some bear none: the constant answer is among what is compared, and is
what a model becomes that nothing else beats.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import Circuit, Readout, decide, scores
from gategrad.circuit.figures import constant_figure, figure
from gategrad.circuit.metrics import constant_metric, measured
from gategrad.circuit.probabilities import probabilities
from gategrad.encoding import Encoder
from gategrad.model import Model
from gategrad.sklearn.task import Task

CONSTANT = "constant"
"""The name of the constant answer among recipes."""

Train = Callable[[str, NDArray[np.bool_]], Model]
"""From the name of a recipe and the rows to train on, (n,) bool, to a model of bits."""


@dataclass(frozen=True)
class Judge:
    """How good answers are.

    Attributes:
        task: with the targets of the rows.
        weights: (n,) of the rows.
    """

    task: Task
    weights: NDArray[np.float64]

    def answers(self, decided: NDArray, given: NDArray) -> float:
        """The figure of decisions and scores (n, n_scores)."""
        task = self.task
        if task.metric is None:
            return figure(task.kind, decided, task.targets, self.weights)
        p = probabilities(task.kind, given)
        return measured(task.metric, decided, p, task.targets, self.weights)

    def constant(self) -> float:
        """That of the best constant answer."""
        task = self.task
        if task.metric is None:
            return constant_figure(task.kind, task.targets, self.weights)
        return constant_metric(task.metric, task.targets, task.n_scores, self.weights)


def compared(
    names: Sequence[str],
    train: Train,
    bits: NDArray[np.bool_],
    judge: Judge,
    folds: int,
    seed: int,
) -> Mapping[str, float]:
    """The figure of each recipe on all rows, each decided by a model of the other parts' rows.

    Args:
        names: of the recipes.
        train: makes a model.
        bits: (n, inputs).
        judge: of the same rows.
        folds: parts.
        seed: of the parts.

    Returns:
        By name, the constant answer first.
    """
    targets = judge.task.targets
    labels = targets if targets.ndim == 1 else np.zeros(len(bits), np.int64)
    place = parts(labels, folds, seed)
    found = {CONSTANT: judge.constant()}
    for name in names:
        decided: list[NDArray] = [np.zeros(0)] * folds
        given = np.zeros((len(bits), judge.task.n_scores), np.float32)
        for fold in range(folds):
            held = place == fold
            model = train(name, ~held)
            sums = model.sums(bits[held], threads=1)
            decided[fold], given[held] = decide(model.readout, sums), scores(model.readout, sums)
        joined = np.zeros((len(bits), *decided[0].shape[1:]), decided[0].dtype)
        for fold in range(folds):
            joined[place == fold] = decided[fold]
        found[name] = judge.answers(joined, given)
    return found


def best(found: Mapping[str, float]) -> str:
    """The name of the largest; of equal ones the first."""
    return max(found, key=lambda name: found[name])


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


def constant_model(judge: Judge, encoder: Encoder) -> Model:
    """No gates: the most frequent class with the classes' shares as probabilities, or the mean."""
    circuit = Circuit(encoder.n_inputs, [], [], [])
    task, n = judge.task, judge.task.n_scores
    bias, scale, offset = np.zeros(n, np.int32), np.ones(n), np.zeros(n)
    if task.kind == "regression":
        offset = np.average(task.targets, axis=0, weights=judge.weights)
    else:
        share = np.bincount(task.targets, judge.weights, n) / judge.weights.sum()
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
    return Model(circuit, readout, encoder, task.labels)
