"""light: the entries of the truth table (input-wise parametrization, arXiv 2510.03250).

Weights W are one number an entry in truth-table order (w00, w10, w01, w11 for two inputs); the
entries are `0.5 + 0.5 sin(W)`, interpolated multilinearly. The sine comes back: weights can't run
away.
"""

import math
from functools import partial

import torch
from torch import Tensor

from gategrad.nn.gates.functions import coefficients_from_entries, entries_from_tables
from gategrad.nn.gates.parametrization.base import Parametrization, check_strength
from gategrad.nn.gates.parametrization.logits import table_from_bits
from gategrad.nn.gates.parametrization.table import TableParametrization

N_ENTRIES = 4
NOISE_STD = 0.25
SHIFT = 1.2


def gaussian_entries(
    out_dim: int, generator: torch.Generator, n_entries: int = N_ENTRIES
) -> Tensor:
    """W ~ N(0, 0.25**2)."""
    return NOISE_STD * torch.randn(out_dim, n_entries, generator=generator)


def shifted_entries(
    tables: Tensor, shift: float, generator: torch.Generator, n_entries: int = N_ENTRIES
) -> Tensor:
    """The same, shifted up by `shift` where the table (n,) has a 1, and down where it has a 0."""
    return gaussian_entries(len(tables), generator, n_entries) + shift * signs(tables, n_entries)


def signs(tables: Tensor, n_entries: int = N_ENTRIES) -> Tensor:
    """1.0 and -1.0 for the bits (n, n_entries) of tables (n,)."""
    return 2 * entries_from_tables(tables, torch.float32, n_entries) - 1


def entries_by_sine(weight: Tensor) -> Tensor:
    """Table entries of weights of any shape."""
    return 0.5 + 0.5 * torch.sin(weight)


def _towards(tables: Tensor, generator: torch.Generator, n_entries: int = N_ENTRIES) -> Tensor:
    return shifted_entries(tables, SHIFT, generator, n_entries)


def _coefficients(weight: Tensor) -> Tensor:
    return coefficients_from_entries(entries_by_sine(weight))


def _tables(weight: Tensor) -> Tensor:
    """Entries above 0.5 become 1; an entry of exactly 0.5 becomes 0."""
    return table_from_bits(entries_by_sine(weight) > 0.5)


def _weights_from_tables(tables: Tensor, strength: float, n_entries: int = N_ENTRIES) -> Tensor:
    """Entries of `strength` for a 1 and `1 - strength` for a 0."""
    return math.asin(2 * check_strength(strength) - 1) * signs(tables, n_entries)


LIGHT = Parametrization(
    "light", N_ENTRIES, gaussian_entries, _coefficients, _tables, _towards, _weights_from_tables
)
"""`"light"`: four table entries `0.5 + 0.5 sin W` (arXiv 2510.03250)."""


def light_tables(inputs: int) -> TableParametrization:
    """The same for gates with `inputs` inputs."""
    n_entries = 1 << inputs
    return TableParametrization(
        "light",
        inputs,
        partial(gaussian_entries, n_entries=n_entries),
        entries_by_sine,
        _tables,
        partial(_towards, n_entries=n_entries),
        partial(_weights_from_tables, n_entries=n_entries),
    )
