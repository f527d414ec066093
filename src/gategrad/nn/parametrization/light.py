"""light: the four entries of the truth table (input-wise parametrization, arXiv 2510.03250).

Weights W are four numbers a gate in truth-table order (w00, w10, w01, w11); the entries are
`0.5 + 0.5 sin(W)`, interpolated multilinearly. The sine comes back: weights can't run away.
"""

import math

import torch
from torch import Tensor

from gategrad.nn.functions import coefficients_from_entries, entries_from_tables
from gategrad.nn.parametrization.base import Parametrization, check_strength
from gategrad.nn.parametrization.logits import table_from_bits

N_ENTRIES = 4
NOISE_STD = 0.25
SHIFT = 1.2


def gaussian_entries(out_dim: int, generator: torch.Generator) -> Tensor:
    """W ~ N(0, 0.25**2)."""
    return NOISE_STD * torch.randn(out_dim, N_ENTRIES, generator=generator)


def shifted_entries(tables: Tensor, shift: float, generator: torch.Generator) -> Tensor:
    """The same, shifted up by `shift` where the table (n,) has a 1, and down where it has a 0."""
    return gaussian_entries(len(tables), generator) + shift * signs(tables)


def signs(tables: Tensor) -> Tensor:
    """1.0 and -1.0 for the bits (n, 4) of tables (n,)."""
    return 2 * entries_from_tables(tables, torch.float32) - 1


def _towards(tables: Tensor, generator: torch.Generator) -> Tensor:
    return shifted_entries(tables, SHIFT, generator)


def _entries(weight: Tensor) -> Tensor:
    return 0.5 + 0.5 * torch.sin(weight)


def _coefficients(weight: Tensor) -> Tensor:
    return coefficients_from_entries(_entries(weight))


def _tables(weight: Tensor) -> Tensor:
    """Entries above 0.5 become 1; an entry of exactly 0.5 becomes 0."""
    return table_from_bits(_entries(weight) > 0.5)


def _weights_from_tables(tables: Tensor, strength: float) -> Tensor:
    """Entries of `strength` for a 1 and `1 - strength` for a 0."""
    return math.asin(2 * check_strength(strength) - 1) * signs(tables)


LIGHT = Parametrization(
    "light", N_ENTRIES, gaussian_entries, _coefficients, _tables, _towards, _weights_from_tables
)
