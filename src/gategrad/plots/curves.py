"""The picture of a training run."""

from collections.abc import Sequence
from typing import Protocol

from gategrad.plots.picture import Picture, PlotError, finished, style

_INCHES = (10.0, 3.6)
SOFT, HARD = "#4e79a7", "#c2600c"


class Look(Protocol):
    """The parts of a `gategrad.train.Evaluation` that are drawn."""

    @property
    def step(self) -> int:
        """Steps done."""

    @property
    def loss(self) -> float:
        """Training loss; nan before the first step."""

    @property
    def soft(self) -> float:
        """Figure of the relaxed network."""

    @property
    def hard(self) -> float:
        """That of the circuit."""

    @property
    def figure(self) -> str:
        """What these are."""


def plot_curves(history: Sequence[Look], best_step: int | None = None) -> Picture:
    """Draw a run: the figure of network and circuit, and the training loss, by steps.

    Args:
        history: of a `gategrad.train.Result`.
        best_step: marked, if given.

    Raises:
        PlotError: no evaluation to draw, or no matplotlib.
    """
    if not history:
        raise PlotError("the run has no evaluation to draw")
    steps = [look.step for look in history]
    with style() as figure_type:
        figure = figure_type(_INCHES, layout="constrained")
        left, right = figure.subplots(1, 2)
        left.plot(steps, [look.soft for look in history], color=SOFT, label="soft, the network")
        left.plot(steps, [look.hard for look in history], color=HARD, label="hard, the circuit")
        if best_step is not None:
            left.axvline(best_step, color="0.6", linewidth=1, linestyle=":", label="the best")
        left.set(title=history[0].figure.capitalize(), xlabel="steps")
        left.legend(fontsize=8)
        # There is no loss before the first step.
        after = [look for look in history if look.loss == look.loss]
        right.plot([look.step for look in after], [look.loss for look in after], color="0.3")
        right.set(title="Training loss", xlabel="steps")
        for axes in (left, right):
            axes.grid(alpha=0.3)
        return finished(figure)
