"""light: the four entries of the truth table (input-wise parametrization, arXiv 2510.03250).

Weights W are four numbers a gate in truth-table order (w00, w10, w01, w11); the entries are
`0.5 + 0.5 sin(W)`, interpolated multilinearly.
"""

import math

import torch
from torch import Tensor

from gategrad.nn.functions import TABLE_A, coefficients_from_entries, entries_from_tables
from gategrad.nn.parametrization.base import Parametrization, check_strength

N_ENTRIES = 4
NOISE_STD = 0.25
RESIDUAL_SHIFT = 1.2


def _init(kind: str, out_dim: int, generator: torch.Generator) -> Tensor:
    """Gaussian: W ~ N(0, 0.25**2). Residual: the same, shifted by 1.2 towards the function a."""
    noise = NOISE_STD * torch.randn(out_dim, N_ENTRIES, generator=generator)
    if kind == "gaussian":
        return noise
    pass_through = entries_from_tables(torch.tensor(TABLE_A), torch.float32)
    return noise + RESIDUAL_SHIFT * (2 * pass_through - 1)


def _entries(weight: Tensor) -> Tensor:
    return 0.5 + 0.5 * torch.sin(weight)


def _coefficients(weight: Tensor) -> Tensor:
    return coefficients_from_entries(_entries(weight))


def _tables(weight: Tensor) -> Tensor:
    """Entries above 0.5 become 1; an entry of exactly 0.5 becomes 0."""
    bits = (_entries(weight) > 0.5).long()
    return (bits << torch.arange(N_ENTRIES, device=weight.device)).sum(1)


def _weights_from_tables(tables: Tensor, strength: float) -> Tensor:
    """Entries of `strength` for a 1 and `1 - strength` for a 0."""
    angle = math.asin(2 * check_strength(strength) - 1)
    return angle * (2 * entries_from_tables(tables, torch.float32) - 1)


LIGHT = Parametrization("light", N_ENTRIES, _init, _coefficients, _tables, _weights_from_tables)
