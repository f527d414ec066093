"""What a training run returns."""

from dataclasses import dataclass
from math import nan
from typing import Literal

from gategrad.circuit.notebook import facts_html
from gategrad.plots import Picture, plot_curves
from gategrad.plots.live import curves_html

Stopped = Literal["finished", "patience", "interrupted"]


@dataclass(frozen=True)
class Evaluation:
    """One look at the network during training.

    Attributes:
        step: steps done so far.
        loss: mean training loss of the steps since the evaluation before; nan at step 0.
        soft: the figure of the relaxed network, soft gates, on the validation rows.
        hard: that of the circuit on the same rows.
        gates: live gates of the optimized circuit, where there is a gate penalty; else None.
        figure: what `soft` and `hard` are: "accuracy", "label accuracy" (multilabel) or "R2".
        hard_loss: of the circuit's scores, by which equal figures are told apart: on the same rows;
            where there are few, on the training rows too. Of a loss of one's own that of the head.
    """

    step: int
    loss: float
    soft: float
    hard: float
    gates: int | None = None
    figure: str = "accuracy"
    hard_loss: float = nan

    @property
    def gap(self) -> float:
        """Soft minus hard, what discretization costs on these rows."""
        return self.soft - self.hard

    @property
    def soft_accuracy(self) -> float:
        """`soft` of a classifier; an AttributeError for regression."""
        return _accuracy(self, "soft")

    @property
    def hard_accuracy(self) -> float:
        """`hard` of a classifier; an AttributeError for regression."""
        return _accuracy(self, "hard")


@dataclass(frozen=True)
class Result:
    """How a training run went; the network itself holds the weights of the best evaluation.

    Attributes:
        soft: of the best evaluation, see `Evaluation`.
        hard: of the best evaluation, measured on the circuit.
        best_step: steps done at the best evaluation; 0 where training improved nothing of a network
            that was trained before.
        steps: steps done in all, those before a resume included.
        seconds: duration of the training loop with its evaluations, those before a resume included.
        stopped: "finished", "patience" (no better evaluation for that long) or "interrupted".
        history: every evaluation, the first at step 0.
        figure: what `soft` and `hard` are, see `Evaluation`.
        rows_to_choose_on: how many rows they are measured on.
        constant: the figure of the best constant answer there.
    """

    soft: float
    hard: float
    best_step: int
    steps: int
    seconds: float
    stopped: Stopped
    history: tuple[Evaluation, ...]
    figure: str = "accuracy"
    rows_to_choose_on: int = 0
    constant: float = nan

    @property
    def soft_accuracy(self) -> float:
        """`soft` of a classifier; an AttributeError for regression."""
        return _accuracy(self, "soft")

    @property
    def hard_accuracy(self) -> float:
        """`hard` of a classifier; an AttributeError for regression."""
        return _accuracy(self, "hard")

    def plot(self) -> Picture:
        """Draw soft and hard figure and loss by steps; a notebook shows it, `save` writes it.

        Raises:
            PlotError: no matplotlib.
        """
        return plot_curves(self.history, self.best_step)

    def _repr_html_(self) -> str:
        """For notebooks: figures and curves."""
        facts = {
            f"hard {self.figure}": f"{self.hard:.4f}, of the circuit",
            f"soft {self.figure}": f"{self.soft:.4f}, of the relaxed network",
            "a constant answer": f"{self.constant:.4f}",
            "best step": f"{self.best_step:,} of {self.steps:,}, {self.stopped}",
            "seconds": f"{self.seconds:.1f}",
        }
        return facts_html("gategrad.train.Result", facts, curves_html(self.history, self.steps))


def _accuracy(found: Evaluation | Result, name: str) -> float:
    if "accuracy" not in found.figure:
        raise AttributeError(f"this run has no {name}_accuracy; its {found.figure} is in .{name}")
    return getattr(found, name)
