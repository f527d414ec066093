"""A training run as TensorBoard shows it."""

import os
from collections.abc import Iterator, Sequence
from math import isnan

import torch
from torch import nn

from gategrad.nn import expected_gates, gate_entropy, wire_entropy
from gategrad.train.callbacks import Callback
from gategrad.train.errors import TrainError
from gategrad.train.result import Evaluation, Result


class TensorBoard(Callback):
    """Writes every evaluation of a run for `tensorboard --logdir DIR`.

    The curves are `loss`; `accuracy/soft`, `/hard` and `/gap` (or `R2/...`, as the figure is
    called); `gates/expected`, and `gates/live` where there is a gate penalty; `entropy/gates` and
    `entropy/wires` in bits. A curve is left out where the network has nothing of its kind.

    Args:
        folder: for the run alone, made where it is missing. A run that is resumed goes on in it,
            and what came after the checkpoint is dropped from the curves.

    Raises:
        TrainError: the package tensorboard is missing.
    """

    def __init__(self, folder: str | os.PathLike) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise TrainError(
                f"TensorBoard's files need its package, which can't be imported here ({error}): "
                "pip install gategrad[tensorboard]"
            ) from error
        self.folder = os.fspath(folder)
        self._make_writer = SummaryWriter
        self._writer = None

    def start(self, net: nn.Module, steps: int, history: Sequence[Evaluation]) -> None:
        """Open the files."""
        first = history[-1].step + 1 if history else None
        self._writer = self._make_writer(self.folder, purge_step=first)

    def record(self, net: nn.Module, evaluation: Evaluation) -> None:
        """A point of each curve."""
        for name, value in _curves(net, evaluation):
            self._writer.add_scalar(name, value, evaluation.step)
        self._writer.flush()

    def end(self, net: nn.Module, result: Result) -> None:
        """Close the files."""
        self._writer.close()


@torch.no_grad()
def _curves(net: nn.Module, found: Evaluation) -> Iterator[tuple[str, float]]:
    """Names and values, those alone that are numbers."""
    figure = found.figure.replace(" ", "-")
    values = {
        "loss": found.loss,
        f"{figure}/soft": found.soft,
        f"{figure}/hard": found.hard,
        f"{figure}/gap": found.gap,
        "gates/expected": _expected(net),
        "gates/live": found.gates,
        "entropy/gates": gate_entropy(net),
        "entropy/wires": wire_entropy(net),
    }
    for name, value in values.items():
        if value is not None and not isnan(value):
            yield name, value


def _expected(net: nn.Module) -> float | None:
    """None of gates of more than two inputs, which `expected_gates` refuses."""
    try:
        return float(expected_gates(net))
    except ValueError:
        return None
