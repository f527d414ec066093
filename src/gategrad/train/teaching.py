"""What a teacher says of the rows of each step, and the loss against it."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from numbers import Real

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from gategrad.options import TrainingOptions
from gategrad.teachers import Goal, Logits, Teacher, as_teacher
from gategrad.teachers.keeping import kept_scores
from gategrad.train.errors import TrainError
from gategrad.train.losses import weighed_mean

DEFAULT_WEIGHT, DEFAULT_TEMPERATURE = 0.5, 2.0
# Rows by which it is told what a teacher gives, and one teacher from another.
_PROBED = 256
_ROWS_AT_ONCE = 4096


@dataclass(frozen=True, eq=False)
class Teaching:
    """The teacher's logits of rows to train on.

    Attributes:
        loss: of the student's scores against them.
        digest: tells one teacher from another, in a checkpoint's settings.
        kept: (n, k) float32 of all rows, in their order; None where rows are made anew.
        teacher: asked for rows that are made anew.
        logits: of its scores.
    """

    loss: "TeacherLoss"
    digest: str
    kept: NDArray[np.float32] | None
    teacher: Teacher
    logits: Logits

    def of(self, chosen: Tensor, made: NDArray | None) -> Tensor:
        """Logits (m, k) of the rows (m,) `chosen`, or of what was `made` of them, on the CPU."""
        if self.kept is not None:
            return torch.from_numpy(self.kept[chosen.cpu().numpy()])
        return torch.from_numpy(np.ascontiguousarray(self.logits(self.teacher.scores(made))))


class TeacherLoss:
    """Distance of a student's scores from its teacher's logits, both softened by a temperature.

    Of classes the cross entropy of the softened distributions, less its least value, times the
    square of the temperature, by which its gradient stays as large as that of the labels' loss
    (Hinton, Vinyals, Dean, arXiv 1503.02531, section 2); of one or several yes or no the same of
    each. Of numbers their squared difference, in standard deviations of the training targets.

    Args:
        kind: of the head.
        weight: share of this loss in the loss that is trained on, 0 to 1.
        temperature: above 0.
        targets: to train on.
    """

    def __init__(self, kind: str, weight: float, temperature: float, targets: Tensor) -> None:
        self.kind, self.weight, self.temperature = kind, weight, temperature
        deviation = targets.double().std(0, correction=0)
        self.scale = torch.where(deviation > 0, deviation, torch.ones_like(deviation))

    @property
    def name(self) -> str:
        """For a checkpoint's settings."""
        return f"teacher {self.weight:g}, temperature {self.temperature:g}"

    def mixed(
        self, labels: Tensor, scores: Tensor, taught: Tensor, weights: Tensor | None
    ) -> Tensor:
        """The loss to train on, of that of the labels and of scores and logits (b, k)."""
        return (1 - self.weight) * labels + self.weight * self(scores, taught, weights)

    def __call__(self, scores: Tensor, taught: Tensor, weights: Tensor | None = None) -> Tensor:
        """A scalar; a row counts by its weight (b,)."""
        taught = taught.to(scores.dtype)
        if self.kind == "regression":
            errors = (scores - taught) / self.scale.to(scores.device, scores.dtype)
            losses = errors.square()
        else:
            losses = self._softened(scores / self.temperature, taught / self.temperature)
            losses = losses * self.temperature**2
        return losses.mean() if weights is None else weighed_mean(losses, weights)

    def _softened(self, scores: Tensor, taught: Tensor) -> Tensor:
        if self.kind == "argmax":
            soft = functional.log_softmax(scores, 1)
            return functional.kl_div(
                soft, functional.log_softmax(taught, 1), reduction="none", log_target=True
            ).sum(1)
        p = torch.sigmoid(taught)
        of = functional.binary_cross_entropy_with_logits
        return of(scores, p, reduction="none") - of(taught, p, reduction="none")


def make_teaching(
    options: TrainingOptions,
    goal: Goal,
    x: NDArray,
    kept: NDArray[np.bool_],
    targets: Tensor,
    *,
    online: bool,
) -> Teaching | None:
    """What `fit` is told of a teacher; None where there is none.

    Args:
        options: with the teacher.
        goal: the student's head.
        x: rows to train on, as the user has them, augmented ones behind.
        kept: which of the user's rows these are, without the augmented ones, (n,) bool.
        targets: of the rows to train on.
        online: whether rows are made anew in every step.

    Raises:
        TeacherError: a teacher that can't be read, or scores that don't fit the rows or the head.
        TrainError: options of a teacher that is none, or numbers out of range.
    """
    if options.teacher is None:
        _refuse_without(options)
        return None
    loss = TeacherLoss(goal.kind, _share(options), _temperature(options), targets)
    teacher = as_teacher(options.teacher)
    if teacher.array is not None:
        if options.teacher_scores is not None:
            raise TrainError("soft targets are kept already; leave teacher_scores out")
        return _of_array(teacher, goal, kept, len(x), loss)
    some, rows = teacher.scores(x[:_PROBED]), _users_rows(kept, len(x))
    logits = Logits.of(some, goal, teacher.gives or teacher.read.gives, rows)
    logits(some, rows)
    identity = teacher.identity
    content = sha256(f"{identity}{logits}".encode() + some.tobytes())
    if online:
        if options.teacher_scores is not None:
            raise TrainError(
                "teacher_scores keeps scores of rows that stay as they are, and a transform makes "
                "them anew in every step; leave it out"
            )
        return Teaching(loss, content.hexdigest(), None, teacher, logits)
    key = None if identity is None else _key(content.hexdigest(), x)
    shape = (len(x), goal.n_scores)
    scores = kept_scores(options.teacher_scores, key, shape, _parts(teacher, logits, x, rows))
    return Teaching(loss, _digest(scores), scores, teacher, logits)


def _of_array(
    teacher: Teacher, goal: Goal, kept: NDArray[np.bool_], n: int, loss: TeacherLoss
) -> Teaching:
    """Soft targets of the user's rows; copies of a row, warped or not, share those of the row."""
    array = teacher.array
    if len(array) != len(kept):
        raise TrainError(
            f"the teacher's soft targets have {len(array)} rows, and x has {len(kept)}; expected a "
            "row for each row of x, those that are held back too"
        )
    own, rows = np.asarray(array[kept], np.float32), np.flatnonzero(kept)
    logits = Logits.of(own, goal, teacher.gives, rows)
    scores = np.tile(logits(own, rows), (n // len(own), 1))
    return Teaching(loss, _digest(scores), scores, teacher, logits)


def _users_rows(kept: NDArray[np.bool_], n: int) -> NDArray[np.int64]:
    """Which of the user's rows each of n rows to train on is, or is a copy of."""
    return np.resize(np.flatnonzero(kept), n)


def _parts(
    teacher: Teacher, logits: Logits, x: NDArray, rows: NDArray[np.int64]
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    for first in range(0, len(x), _ROWS_AT_ONCE):
        some = slice(first, first + _ROWS_AT_ONCE)
        yield first, logits(teacher.scores(x[some]), rows[some])


def _digest(scores: NDArray[np.float32]) -> str:
    return sha256(np.ascontiguousarray(scores)).hexdigest()


def _key(content: str, x: NDArray) -> str:
    """Of a teacher on these rows: a file's name."""
    digest = sha256(f"{content}{x.dtype}{x.shape}".encode())
    rows = np.ascontiguousarray(x)
    digest.update(repr(rows.tolist()).encode() if rows.dtype == object else rows.tobytes())
    return digest.hexdigest()[:32]


def _refuse_without(options: TrainingOptions) -> None:
    for name in ("distill_weight", "distill_temperature", "teacher_scores"):
        value = getattr(options, name)
        if value is not None:
            raise TrainError(f"{name}={value!r} is for a teacher; give teacher=, or leave it out")


def _share(options: TrainingOptions) -> float:
    value = DEFAULT_WEIGHT if options.distill_weight is None else options.distill_weight
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= value <= 1:
        raise TrainError(
            f"distill_weight is {value!r}; expected the teacher's share of the loss, 0 to 1"
        )
    return float(value)


def _temperature(options: TrainingOptions) -> float:
    value = options.distill_temperature
    value = DEFAULT_TEMPERATURE if value is None else value
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < value < float("inf"):
        raise TrainError(f"distill_temperature is {value!r}; expected a number above 0, such as 2")
    return float(value)
