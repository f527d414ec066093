"""Scores of every kind, checked, as logits of the student's head."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gategrad.teachers.errors import TeacherError

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]
# What a probability of 0 is taken for: a logit of -14.
_LEAST = 1e-6
_SUMS_TO_ONE = 1e-3


@dataclass(frozen=True)
class Goal:
    """The student's head: its kind, and how many scores it has."""

    kind: str
    n_scores: int


@dataclass(frozen=True)
class Logits:
    """How the scores of one teacher become logits of one head; `of` looks at some first.

    Attributes:
        goal: the head.
        probabilities: whether scores are probabilities.
    """

    goal: Goal
    probabilities: bool

    @classmethod
    def of(
        cls, some: Floats, goal: Goal, gives: str | None, rows: Numbers | None = None
    ) -> "Logits":
        """For a teacher whose scores of some rows, (m, k), are these; `rows` as below.

        Raises:
            TeacherError: scores of another number of classes, or that are no numbers.
        """
        _check(some, goal, rows)
        looks = goal.kind in ("argmax", "binary") and some.shape[1] > 1 and _sums_to_one(some)
        if gives == "logits" and looks:
            raise TeacherError(
                "the teacher's scores are said to be logits, and those of each row sum to 1; leave "
                "gives out, or say gives='probabilities'"
            )
        probabilities = looks if gives is None else gives == "probabilities"
        return cls(goal, probabilities and goal.kind != "regression")

    def __call__(self, scores: Floats, rows: Numbers | None = None) -> Floats:
        """Logits (n, n_scores) float32 of scores (n, k).

        Args:
            scores: of n rows.
            rows: (n,) what they are called in messages; their place where None.

        Raises:
            TeacherError: scores that are no numbers, or probabilities that are none; names row and
                column.
        """
        _check(scores, self.goal, rows)
        if self.probabilities:
            _check_probabilities(scores, self.goal, rows)
        wide = scores.shape[1] > 1
        if self.goal.kind == "binary":
            one = _logs(scores) if self.probabilities and wide else scores
            one = one[:, 1:] - one[:, :1] if wide else self._one(scores)
            return one.astype(np.float32)
        if self.goal.kind == "argmax" and not wide and self.goal.n_scores == 2:
            one = self._one(scores)
            return np.hstack([np.zeros_like(one), one]).astype(np.float32)
        if self.goal.kind == "argmax":
            return _logs(scores) if self.probabilities else scores
        return self._one(scores)

    def _one(self, scores: Floats) -> Floats:
        """Logits of one or several yes or no."""
        return _logs(scores) - _logs(1 - scores) if self.probabilities else scores


def _logs(p: Floats) -> Floats:
    return np.log(np.maximum(p, _LEAST))


def _sums_to_one(scores: Floats) -> bool:
    low = float(scores.min(initial=0.0)) >= -_SUMS_TO_ONE
    return len(scores) > 0 and low and bool((abs(scores.sum(1) - 1) < _SUMS_TO_ONE).all())


def _called(row: int, rows: Numbers | None) -> int:
    return row if rows is None else int(rows[row])


def _check(scores: Floats, goal: Goal, rows: Numbers | None) -> None:
    width, k = scores.shape[1], goal.n_scores
    if goal.kind == "binary":
        wanted = {1, 2}
    else:
        wanted = {k, 1} if goal.kind == "argmax" and k == 2 else {k}
    if width not in wanted:
        names = {"argmax": "classes", "multilabel": "labels", "regression": "outputs"}
        n = " or ".join(map(str, sorted(wanted)))
        raise TeacherError(
            f"the teacher gives {width} scores a row; expected {n}, for the network's "
            f"{k if goal.kind != 'binary' else 2} {names.get(goal.kind, 'classes')}"
        )
    bad = ~np.isfinite(scores)
    if bad.any():
        row, column = (int(i) for i in np.argwhere(bad)[0])
        raise TeacherError(
            f"the teacher's score of row {_called(row, rows)}, class {column} is "
            f"{scores[row, column]}; expected finite numbers"
        )


def _check_probabilities(scores: Floats, goal: Goal, rows: Numbers | None) -> None:
    bad = (scores < -_SUMS_TO_ONE) | (scores > 1 + _SUMS_TO_ONE)
    if bad.any():
        row, column = (int(i) for i in np.argwhere(bad)[0])
        raise TeacherError(
            f"the teacher's probability of row {_called(row, rows)}, class {column} is "
            f"{scores[row, column]:g}; expected 0 to 1, or gives='logits'"
        )
    if goal.kind != "multilabel" and scores.shape[1] > 1:
        off = abs(scores.sum(1) - 1) > _SUMS_TO_ONE
        if off.any():
            row = int(np.argmax(off))
            raise TeacherError(
                f"the teacher's probabilities of row {_called(row, rows)} sum to "
                f"{scores[row].sum():g}; expected 1, or gives='logits'"
            )
