"""What a model is put together from beside a trained network: forests and a linear model.

Each is an estimator of scikit-learn on the columns that a table's bits are, and becomes a model of
the same bits: a split is one bit, a weight of a column is weights of its bits.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from gategrad.circuit import Circuit, behind
from gategrad.model import Model, linear_model
from gategrad.model import ensemble as whole_sum
from gategrad.sklearn.columns import Columns
from gategrad.sklearn.task import Task
from gategrad.trees import read
from gategrad.trees.forest import Forest
from gategrad.trees.integers import to_integers
from gategrad.trees.lower import circuit_of

Scores = NDArray[np.float64]

NETWORK, FOREST, BOOSTED, LINEAR = "network", "forest", "boosted", "linear"
TUNED = "tuned"
USUAL = (NETWORK, FOREST, BOOSTED, LINEAR)
"""What a model is made of by default."""
MEMBERS = (*USUAL, TUNED)
"""What a model may be made of."""

# Digits of a leaf's value. Many trees are added, so that what each is off by evens out.
_LEAF_BITS = 8
# Digits of the largest weight of the linear member.
_WEIGHT_DIGITS = 10
# Boosting grows trees for each class.
_MOST_BOOSTED = 3
# Few trees, whose gates are trained on; a part of the rows says when that is best.
_TUNED_TREES, _TUNED_LEAVES, _TUNED_PART = 20, 15, 0.2
# How far a class that the rows lack lies below the least likely one that they have.
_ABSENT = 1.0


@dataclass(frozen=True)
class Fitted:
    """A fitted member.

    Attributes:
        scores: from bits (n, inputs) to scores (n, n_scores).
        model: from a factor of the scores to the model of bits that gives them.
    """

    scores: Callable[[NDArray[np.bool_]], Scores]
    model: Callable[[float], Model]


def checked_members(given: str | Sequence[str]) -> tuple[str, ...]:
    """One name or several, as they are.

    Raises:
        ValueError: none, an unknown one, or one twice.
    """
    several = isinstance(given, Iterable) and not isinstance(given, str)
    asked = tuple(given) if several else (given,)
    unknown = [name for name in asked if name not in MEMBERS]
    if unknown or not asked or len(set(asked)) < len(asked):
        raise ValueError(
            f"members is {given!r}; expected 'auto', or one or several of {', '.join(MEMBERS)}"
        )
    return tuple(map(str, asked))


def fits(name: str, task: Task) -> bool:
    """Whether a member can learn a task in a time that is in proportion."""
    if name not in (BOOSTED, TUNED):
        return True
    return task.n_scores <= _MOST_BOOSTED if task.kind == "argmax" else task.n_scores == 1


def same_numbers(task: Task) -> bool:
    """Whether a target is the same number in all rows, as may be in a part of few."""
    given = task.targets.astype(np.float32)
    return task.kind == "regression" and bool((given == given[:1]).all(axis=0).any())


def fit_member(
    name: str,
    columns: Columns,
    bits: NDArray[np.bool_],
    task: Task,
    weights: NDArray[np.float64],
    *,
    seed: int,
    n_jobs: int,
) -> Fitted:
    """Train a member other than the network.

    Args:
        name: of `MEMBERS`.
        columns: of the bits.
        bits: (n, inputs).
        task: with the targets of these rows.
        weights: (n,) of the rows, classes counted in.
        seed: of what it draws.
        n_jobs: threads.
    """
    if task.kind == "argmax" and len(np.unique(task.targets)) == 1:
        return _one_class(task, columns.n_inputs)
    if same_numbers(task):
        return _mean(task, columns.n_inputs, weights)
    if name == LINEAR:
        return _fit_linear(columns, bits, task, weights)
    if name == TUNED:
        return _fit_tuned(columns, bits, task, weights, seed, n_jobs)
    return _fit_trees(_trees(name, task.kind, seed, n_jobs), columns, bits, task, weights, n_jobs)


def _fit_trees(
    made: Any,
    columns: Columns,
    bits: NDArray[np.bool_],
    task: Task,
    weights: NDArray[np.float64],
    n_jobs: int,
) -> Fitted:
    counts = columns.counts(bits)
    with threadpool_limits(n_jobs, "openmp"):
        made.fit(counts, _targets(task), sample_weight=weights)
    spread = _Spread.of(made, task, _scores(made, counts, task))
    return Fitted(
        lambda rows: spread.scores(_scores(made, columns.counts(rows), task)),
        lambda factor: _forest_model(made, columns, spread, factor),
    )


@dataclass(frozen=True, eq=False)
class _Spread:
    """Scores of the classes among some rows as scores of all classes.

    Attributes:
        classes: places of those that the rows have.
        n_scores: of all.
        floor: the score of the others, below any that the rows have.
    """

    classes: NDArray[np.int64]
    n_scores: int
    floor: float

    @classmethod
    def of(cls, made: Any, task: Task, found: Scores) -> "_Spread":
        classes = np.arange(task.n_scores) if task.kind == "regression" else made.classes_
        return cls(np.asarray(classes, np.int64), task.n_scores, float(found.min()) - _ABSENT)

    def scores(self, found: Scores) -> Scores:
        """(n, n_scores) of (n, classes)."""
        if len(self.classes) == self.n_scores:
            return found
        spread = np.full((len(found), self.n_scores), self.floor)
        spread[:, self.classes] = found
        return spread

    def values(self, found: Scores) -> Scores:
        """The same of what is added to scores, which adds nothing to those of others."""
        spread = np.zeros((len(found), self.n_scores))
        spread[:, self.classes] = found
        return spread


def _one_class(task: Task, n_inputs: int) -> Fitted:
    """What rows of one class teach: nothing but that."""
    spread = _Spread(task.targets[:1], task.n_scores, -_ABSENT)
    found = spread.scores(np.zeros((1, 1)))[0]
    return Fitted(
        lambda rows: np.tile(found, (len(rows), 1)),
        lambda factor: linear_model(
            np.zeros((n_inputs, task.n_scores)), found * factor, kind="argmax"
        ),
    )


def _mean(task: Task, n_inputs: int, weights: NDArray[np.float64]) -> Fitted:
    """What rows teach of which one target is the same in all."""
    found = np.average(task.targets, axis=0, weights=weights)
    nothing = np.zeros((n_inputs, task.n_scores))
    return Fitted(
        lambda rows: np.tile(found, (len(rows), 1)),
        lambda factor: linear_model(nothing, found * factor, kind="regression"),
    )


def _trees(name: str, kind: str, seed: int, n_jobs: int) -> Any:
    from sklearn import ensemble

    classes = kind == "argmax"
    if name == FOREST:
        forest = ensemble.ExtraTreesClassifier if classes else ensemble.ExtraTreesRegressor
        return forest(random_state=seed, n_jobs=n_jobs)
    boosting = (
        ensemble.HistGradientBoostingClassifier
        if classes
        else ensemble.HistGradientBoostingRegressor
    )
    size = {"max_iter": _TUNED_TREES, "max_leaf_nodes": _TUNED_LEAVES} if name == TUNED else {}
    return boosting(random_state=seed, early_stopping=False, **size)


def _targets(task: Task) -> NDArray:
    one = task.kind == "regression" and task.n_scores == 1
    return task.targets[:, 0] if one else task.targets


def _scores(made: Any, rows: NDArray, task: Task) -> Scores:
    """What the model of `made` scores, before rounding."""
    if task.kind == "regression":
        return np.asarray(made.predict(rows), np.float64).reshape(len(rows), task.n_scores)
    if hasattr(made, "decision_function"):
        found = made.decision_function(rows)
    else:
        shares = made.predict_proba(rows)
        found = 2 * shares[:, 1] - 1 if shares.shape[1] == 2 else shares
    if found.ndim == 1:
        found = np.stack([np.zeros(len(found)), found], axis=1)
    return np.asarray(found, np.float64)


def _forest_model(made: Any, columns: Columns, spread: _Spread, factor: float) -> Model:
    forest = read(made)
    if forest.kind != "regression":
        forest = _for_classes(forest, spread)
    forest = replace(forest, value=forest.value * factor, base=forest.base * factor)
    integers = to_integers(forest, _LEAF_BITS)
    circuit, readout = circuit_of(forest, integers)
    signals = columns.signals(forest.encoder.feature, forest.encoder.least)
    front = Circuit(columns.n_inputs, [], [], signals)
    return Model(behind(front, circuit), readout)


def _for_classes(forest: Forest, spread: _Spread) -> Forest:
    """A sum for each class; of two classes all trees add to the second."""
    value, base, target = forest.value, forest.base[None], forest.target
    if forest.kind == "binary":
        # A share less one half is from -1/2 to 1/2, and scores from -1 to 1.
        times = 2.0 if forest.link == "share" else 1.0
        value, base = times * value, times * np.array([[0.0, base[0, 0]]])
        target = np.ones(forest.n_trees, np.int64)
    value = spread.values(value) if target is None else value
    target = None if target is None else spread.classes[target]
    base = spread.scores(base)[0]
    return replace(forest, value=value, base=base, target=target, kind="argmax", link="none")


def _fit_tuned(
    columns: Columns,
    bits: NDArray[np.bool_],
    task: Task,
    weights: NDArray[np.float64],
    seed: int,
    n_jobs: int,
) -> Fitted:
    """Boosted trees as gates that go on learning, chosen on rows that the trees have not seen."""
    from gategrad.train import fine_tune
    from gategrad.train.splitting import held_rows

    labels = task.targets if task.kind == "argmax" else np.zeros(len(bits), np.int64)
    held = held_rows(labels, _TUNED_PART, seed)
    some = replace(task, targets=task.targets[~held])
    trees = _trees(TUNED, task.kind, seed, n_jobs)
    start = _fit_trees(trees, columns, bits[~held], some, weights[~held], n_jobs).model(1.0)
    model = fine_tune(
        start,
        bits[~held],
        some.targets,
        validation=(bits[held], task.targets[held]),
        sample_weight=weights[~held],
        seed=seed,
        threads=n_jobs,
        progress=False,
    )
    return Fitted(
        lambda rows: model.scores(rows, threads=1).astype(np.float64),
        lambda factor: whole_sum([model], [factor]),
    )


def _fit_linear(
    columns: Columns, bits: NDArray[np.bool_], task: Task, weights: NDArray[np.float64]
) -> Fitted:
    from sklearn.linear_model import LogisticRegression, Ridge

    values = columns.values(bits)
    middle, spread = _standard(values, columns, weights)
    made: Any = Ridge() if task.kind == "regression" else LogisticRegression(max_iter=2_000)
    made.fit((values - middle) / spread, _targets(task), sample_weight=weights)
    slopes = np.atleast_2d(made.coef_).T / spread[:, None]
    bias = np.atleast_1d(made.intercept_) - middle @ slopes
    if task.kind == "argmax" and slopes.shape[1] == 1:
        slopes, bias = np.hstack([0 * slopes, slopes]), np.append(0.0, bias)
    of_bits = columns.weights(slopes)
    spread = _Spread.of(made, task, bits @ of_bits + bias)
    of_all, bias_of_all = spread.values(of_bits), spread.scores(bias[None])[0]

    def model(factor: float) -> Model:
        weights = of_all * factor
        return linear_model(weights, bias_of_all * factor, kind=task.kind, digits=_WEIGHT_DIGITS)

    return Fitted(lambda rows: spread.scores(rows @ of_bits + bias), model)


def _standard(
    values: Scores, columns: Columns, weights: NDArray[np.float64]
) -> tuple[Scores, Scores]:
    """Mean and deviation of each column; those of one bit stay as they are."""
    middle = np.average(values, axis=0, weights=weights)
    spread = np.sqrt(np.average((values - middle) ** 2, axis=0, weights=weights))
    as_is = columns.categories | (spread == 0)
    return np.where(as_is, 0.0, middle), np.where(as_is, 1.0, spread)
