"""The rows that an estimator trains on, as bits."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gategrad.sklearn.choosing import Judge
from gategrad.sklearn.task import Task


@dataclass(frozen=True)
class Fitting:
    """Rows to train on, equal ones together.

    Attributes:
        bits: (n, inputs).
        task: with the targets of these rows.
        weights: (n,).
        seed: of wiring, weights, order and parts.
        own: the bits that a network reads.
    """

    bits: NDArray[np.bool_]
    task: Task
    weights: NDArray[np.float64]
    seed: int
    own: NDArray[np.int64]

    def only(self, kept: NDArray[np.bool_]) -> "Fitting":
        """Some of the rows."""
        task = replace(self.task, targets=self.task.targets[kept])
        return replace(self, bits=self.bits[kept], task=task, weights=self.weights[kept])

    def held(self, fraction: int | float) -> NDArray[np.bool_]:
        """Which rows training holds back, (n,)."""
        from gategrad.train.splitting import held_rows

        targets = self.task.targets
        labels = targets if targets.ndim == 1 else np.zeros(len(targets), np.int64)
        return held_rows(labels, fraction, self.seed)

    def judge(self) -> Judge:
        """Of answers for these rows; classes count as they do in training."""
        import torch

        from gategrad.train.weights import row_weights

        task = self.task
        found = row_weights(
            task.kind,
            torch.from_numpy(task.targets),
            task.n_scores,
            self.weights,
            task.class_weight,
        )
        return Judge(task, found.double().numpy())
