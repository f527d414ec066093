"""Which evaluation is the best one.

By its figure on the rows to choose on; among equal ones by the circuit's loss there, then the later
one. With fewer than `FEW_ROWS` rows a figure is mostly luck: one row of sixteen is six points. Then
the circuit's loss on these and the training rows together decides. The start, before any step, is
chosen only where it is no untrained network: never for a recipe's own, else where its figure is
beyond what a constant answer gets by luck, two standard errors above that answer's.
"""

from dataclasses import dataclass
from math import inf, isnan, sqrt

from gategrad.circuit.metrics import METRICS
from gategrad.train.errors import TrainError
from gategrad.train.result import Evaluation
from gategrad.train.rows import Rows

FEW_ROWS = 50
_STANDARD_ERRORS = 2.0


@dataclass(frozen=True)
class Choosing:
    """How evaluations are compared.

    Attributes:
        few: whether the loss alone counts.
        start_above: the figure that the start must be above to count.
        gate_penalty: weight of the share of live gates.
        neurons: what they are a share of.
    """

    few: bool
    start_above: float
    gate_penalty: float
    neurons: int

    def better(self, new: Evaluation, best: Evaluation | None) -> bool:
        """Whether `new`, a later evaluation, takes the place of `best`."""
        if new.step == 0 and new.hard <= self.start_above:
            return False
        return best is None or self._merit(new) >= self._merit(best)

    def progress(self, new: Evaluation, best: Evaluation | None) -> bool:
        """Whether `new` is better than `best`, and not only later; patience counts those."""
        return best is None or self._merit(new) > self._merit(best)

    def _merit(self, evaluation: Evaluation) -> tuple[float, float]:
        loss = inf if isnan(evaluation.hard_loss) else evaluation.hard_loss
        share = 0.0 if evaluation.gates is None else evaluation.gates / self.neurons
        first = -loss if self.few else evaluation.hard
        return first - self.gate_penalty * share, -loss


def start_bar(kind: str, chosen_on: Rows, *, fresh: bool, constant: float) -> float:
    """`Choosing.start_above`.

    Args:
        kind: of the head.
        chosen_on: the rows to choose on.
        fresh: whether the network is known to be untrained.
        constant: the figure of the best constant answer.
    """
    if fresh:
        return inf
    if kind == "regression" or not 0 <= constant <= 1:
        return constant
    return constant + _STANDARD_ERRORS * sqrt(constant * (1 - constant) / len(chosen_on))


def told(n_rows: int, *, own: bool) -> str | None:
    """What a user should know about so many rows to choose on; `own` where they are held back."""
    if n_rows >= FEW_ROWS:
        return None
    what = "are held back" if own else "are there"
    return (
        f"only {n_rows} rows {what} to choose on, where a figure is mostly luck: the circuit's "
        "loss on all rows chooses"
    )


def checked_metric(kind: str, metric: str | None) -> str | None:
    """The metric that `fit` is told, for a head of `kind`.

    Raises:
        TrainError: an unknown one, or one for a head that has no classes.
    """
    if metric is None:
        return None
    if metric not in METRICS:
        raise TrainError(f"metric is {metric!r}; known: {', '.join(METRICS)}")
    if kind not in ("argmax", "binary"):
        raise TrainError(f"metric={metric!r} is for classes, and the network's head is for {kind}")
    return metric
