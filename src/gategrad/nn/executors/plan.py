"""Who computes layers: the one place that chooses, for running and for people who ask."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn


class Run(NamedTuple):
    """Layers that are to be one operation, and what they are to do.

    Attributes:
        layers: one, or some that follow each other.
        x: (batch, in_dim) rows; or, to ask only, any tensor with their device and dtype.
        training: whether layers train; None: as they are set.
        n_groups: groups of the last layer's outputs to sum, or 0.
        scale: factor on the sums.
        keep: whether to keep the layers' inputs for the backward pass, not to compute them again.
    """

    layers: Sequence[nn.Module]
    x: Tensor
    training: bool | None = None
    n_groups: int = 0
    scale: float = 1.0
    keep: bool = False

    def trains(self, layer: nn.Module) -> bool:
        """Whether a layer trains in this run."""
        return layer.training if self.training is None else self.training


class Executor:
    """Somebody who computes layers. Each is one object, and holds nothing."""

    # For people: "native", "triton".
    name: str

    def reason(self, run: Run) -> str | None:
        """What keeps this executor from the run, or None. Nothing is computed or changed.

        Raises:
            ValueError: the environment variable GATEGRAD_TRAINING names no backend.
        """
        raise NotImplementedError

    def run(self, run: Run) -> Tensor | None:
        """The run, for which there is no reason against; None where values show to be no bits."""
        raise NotImplementedError

    def meant_for(self, device: torch.device) -> bool:
        """Whether it is the first choice for values on `device`."""
        raise NotImplementedError

    def label(self, device: torch.device) -> str:
        """Its name, and what of it there is on `device`."""
        raise NotImplementedError


class Plan(NamedTuple):
    """Who computes a run; None is plain torch, and then `reason` says why."""

    executor: Executor | None
    reason: str | None


def plan(run: Run, executors: Sequence[Executor]) -> Plan:
    """The first executor that has no reason against the run, or plain torch.

    The reason for plain torch is that of the last executor that is meant for the device.
    """
    device, why, closest = run.x.device, None, None
    for executor in executors:
        reason = executor.reason(run)
        if reason is None:
            return Plan(executor, None)
        why = reason
        if executor.meant_for(device):
            closest = reason
    return Plan(None, closest or why)


def takes(run: Run, executor: Executor) -> bool:
    """Whether an executor can do its part of a layer, for callers that go on with the result."""
    return plan(run, (executor,)).executor is not None


def compute(run: Run, executors: Sequence[Executor]) -> Tensor | None:
    """The run by the first executor that can, or None: it is left to plain torch."""
    for executor in executors:
        if executor.reason(run) is None:
            out = executor.run(run)
            if out is not None:
                return out
    return None
