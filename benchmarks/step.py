"""One training step, timed in its parts."""

from collections.abc import Callable
from time import perf_counter

import torch
from torch.optim import Optimizer

Step = Callable[[], tuple[float, ...]]


def training_step(
    net: torch.nn.Module, x: torch.Tensor, classes: int, optimizer: Optimizer
) -> Step:
    """A function that makes one step and returns the seconds of forward, backward and optimizer."""
    y = torch.arange(len(x)) % classes

    def step() -> tuple[float, ...]:
        start = perf_counter()
        loss = torch.nn.functional.cross_entropy(net(x), y)
        forward = perf_counter()
        optimizer.zero_grad()
        loss.backward()
        backward = perf_counter()
        optimizer.step()
        return forward - start, backward - forward, perf_counter() - backward

    return step
