"""What an estimator learns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from numpy.typing import NDArray


@dataclass(frozen=True)
class Task:
    """What is learned.

    Attributes:
        kind: of the head.
        targets: (n,) classes or (n, k) numbers.
        n_scores: scores a row.
        labels: of the model's classes.
        class_weight: see `train.fit`.
        metric: see `train.fit`.
    """

    kind: str
    targets: NDArray
    n_scores: int
    labels: Sequence[str] | Sequence[int] | None = None
    class_weight: Mapping[int, float] | str | None = None
    metric: str | None = None
