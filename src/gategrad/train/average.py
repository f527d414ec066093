"""The average of a network's weights over the last steps of training."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

# Early on the average keeps no more than `(1 + n) / (_SLOW + n)` after n steps, so that the first
# weights, which are random, are soon out of it.
_SLOW = 10


class Average:
    """An exponential moving average of all parameters: `average = ema average + (1 - ema) weights`.

    Args:
        net: whose parameters are averaged, from their values now.
        ema: share that a step keeps, above 0 and below 1.
    """

    def __init__(self, net: nn.Module, ema: float) -> None:
        self._ema = ema
        self._weights = dict(net.named_parameters())
        self._average = {name: weight.detach().clone() for name, weight in self._weights.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after so many steps."""
        keep = min(self._ema, (1 + step) / (_SLOW + step))
        torch._foreach_lerp_(list(self._average.values()), list(self._weights.values()), 1 - keep)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """In the context the network has the averaged weights; then its own again."""
        own = {name: weight.detach().clone() for name, weight in self._weights.items()}
        self._set(self._average)
        try:
            yield
        finally:
            self._set(own)

    @property
    def state(self) -> dict[str, Tensor]:
        """By the names of parameters."""
        return self._average

    def restore(self, state: dict[str, Tensor]) -> None:
        """Continue from a `state`."""
        for name, value in self._average.items():
            value.copy_(state[name])

    @torch.no_grad()
    def _set(self, values: dict[str, Tensor]) -> None:
        for name, weight in self._weights.items():
            weight.copy_(values[name])
