"""What a run tells others while it trains: its start, each evaluation, and its end."""

from collections.abc import Sequence
from dataclasses import replace

from torch import nn

from gategrad.train.errors import TrainError
from gategrad.train.evaluate import modes_kept
from gategrad.train.progress import Reporter
from gategrad.train.result import Evaluation, Result

_METHODS = ("start", "record", "end")


class Callback:
    """What `fit(callbacks=[...])` calls; override what is of interest.

    Any object with these three methods will do. The network is the one in training, with its
    weights of that moment; look at it, measure it, save what `gategrad.discretize` makes of it, but
    change nothing. The mode that a callback leaves it in is put back. What a callback raises ends
    the training and reaches the caller of `fit` as it is.
    """

    def start(self, net: nn.Module, steps: int, history: Sequence[Evaluation]) -> None:
        """Before the first step of this sitting.

        Args:
            net: in training.
            steps: that the run will have at its end.
            history: evaluations so far: none, unless a checkpoint is resumed.
        """

    def record(self, net: nn.Module, evaluation: Evaluation) -> None:
        """After an evaluation, the first of which comes before the first step."""

    def end(self, net: nn.Module, result: Result) -> None:
        """After the training, the weights being those of the best evaluation."""


def checked(callbacks: object) -> tuple[Callback, ...]:
    """The callbacks as a tuple.

    Raises:
        TrainError: no list of objects with all three methods.
    """
    if not isinstance(callbacks, Sequence):
        raise TrainError(
            f"callbacks is {callbacks!r}; expected a list of objects such as train.Callback"
        )
    for i, callback in enumerate(callbacks):
        lacks = [name for name in _METHODS if not callable(getattr(callback, name, None))]
        if lacks or isinstance(callback, type):
            what = "a class; make an object of it" if not lacks else f"without {lacks[0]!r}"
            raise TrainError(
                f"callbacks[{i}] is {callback!r}, {what}; expected an object with the methods "
                "start, record and end, such as a subclass of train.Callback has"
            )
    return tuple(callbacks)


def followed(report: Reporter, net: nn.Module, callbacks: Sequence[Callback]) -> Reporter:
    """A reporter that tells the callbacks of each evaluation as well."""

    def evaluation(found: Evaluation) -> None:
        report.evaluation(found)
        for callback in callbacks:
            with modes_kept(net):
                callback.record(net, found)

    return replace(report, evaluation=evaluation)
