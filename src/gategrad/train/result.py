"""What a training run returns."""

from dataclasses import dataclass
from typing import Literal

Stopped = Literal["finished", "patience", "interrupted"]


@dataclass(frozen=True)
class Evaluation:
    """One look at the network during training.

    Attributes:
        step: steps done so far.
        loss: mean training loss of the steps since the evaluation before; nan at step 0.
        soft_accuracy: fraction right of the relaxed network, soft gates, on the validation rows.
        hard_accuracy: fraction right of the circuit on the same rows.
        gates: live gates of the optimized circuit, where there is a gate penalty; else None.
    """

    step: int
    loss: float
    soft_accuracy: float
    hard_accuracy: float
    gates: int | None = None

    @property
    def gap(self) -> float:
        """Soft minus hard accuracy, what discretization costs on these rows."""
        return self.soft_accuracy - self.hard_accuracy


@dataclass(frozen=True)
class Result:
    """How a training run went; the network itself holds the weights of the best evaluation.

    Attributes:
        soft_accuracy: of the best evaluation, see `Evaluation`.
        hard_accuracy: of the best evaluation, measured on the circuit.
        best_step: steps done at the best evaluation; 0 where training improved nothing.
        steps: steps done in all, those before a resume included.
        seconds: duration of the training loop with its evaluations, those before a resume included.
        stopped: "finished", "patience" (no better evaluation for that long) or "interrupted".
        history: every evaluation, the first at step 0.
    """

    soft_accuracy: float
    hard_accuracy: float
    best_step: int
    steps: int
    seconds: float
    stopped: Stopped
    history: tuple[Evaluation, ...]
