"""Networks of two-input gates, rows for them, and their gradients."""

from itertools import pairwise

import torch

from gategrad import nn


def net_of(
    dims: tuple[int, ...] = (20, 30, 24),
    *,
    parametrization: str = "raw",
    estimator: str = "soft",
    dtype: torch.dtype = torch.float64,
    recompute: bool | None = False,
    grad_factor: float = 1.0,
    seed: int = 0,
    k: int = 0,
) -> nn.Sequential:
    generator = torch.Generator().manual_seed(seed)
    layers = [
        nn.LogicDense(a, b, parametrization=parametrization, estimator=estimator, dtype=dtype,
                      grad_factor=grad_factor, generator=generator)
        for a, b in pairwise(dims)
    ]  # fmt: skip
    head = [nn.GroupSum(k, tau=3.0)] if k else []
    return nn.Sequential(*layers, *head, recompute=recompute)


def rows(batch: int, width: int = 20, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.rand(batch, width, dtype=dtype, generator=torch.Generator().manual_seed(batch))


def gradients(net: torch.nn.Module, x: torch.Tensor) -> list[torch.Tensor]:
    """Output, gradient of x and of all weights, for a fixed gradient of the output."""
    x = x.clone().requires_grad_()
    net.zero_grad()
    out = net(x)
    weights = torch.linspace(-1, 2, out.numel(), dtype=out.dtype).reshape(out.shape)
    (out * weights).sum().backward()
    return [out.detach(), x.grad, *(p.grad.clone() for p in net.parameters())]
