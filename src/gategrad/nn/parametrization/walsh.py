"""walsh: coefficients of the Walsh-Hadamard transform (WARP, arXiv 2510.15655, 2602.03527).

With bits as signs s = 1 - 2x the gate is `sigmoid(-z / temperature)`, z = sum over sets S of inputs
of theta_S times the product of their signs. Weights are theta of {}, {a}, {b}, {a, b}.

On bits this is exact. Between them the paper puts real signs into z, which leaves the multilinear
family (a sigmoid of a polynomial); here the four entries `sigmoid(-z(bits) / temperature)` are
interpolated multilinearly, as in every other parametrization: the same values on all bits, the
same circuit, and one kernel for all.
"""

import math

import torch
from torch import Tensor

from gategrad.nn.parametrization.base import check_strength
from gategrad.nn.parametrization.light import N_ENTRIES, gaussian_entries, shifted_entries, signs
from gategrad.nn.parametrization.light_sigmoid import SHIFT
from gategrad.nn.parametrization.logits import from_logits


def _logits(weight: Tensor) -> Tensor:
    """-z on the inputs 00, 10, 01, 11 (written ab)."""
    return -_transform(weight)


def _transform(values: Tensor) -> Tensor:
    """The Walsh-Hadamard transform of (n, 4); twice it is 4 times the identity.

    Sums of two, whose order no library can change: a table must not depend on it.
    """
    v0, v1, v2, v3 = values.unbind(1)
    even, odd, even2, odd2 = v0 + v1, v0 - v1, v2 + v3, v2 - v3
    return torch.stack([even + even2, odd + odd2, even - even2, odd - odd2], 1)


def _from_entry_logits(logits: Tensor) -> Tensor:
    return -_transform(logits) / N_ENTRIES


def _gaussian(out_dim: int, generator: torch.Generator) -> Tensor:
    """Theta ~ N(0, 0.125**2): entries distributed as those of light-sigmoid."""
    return gaussian_entries(out_dim, generator) / 2


def _towards(tables: Tensor, generator: torch.Generator) -> Tensor:
    return _from_entry_logits(shifted_entries(tables, SHIFT, generator))


def _weights_from_tables(tables: Tensor, strength: float) -> Tensor:
    """Entries of `strength` for a 1 and `1 - strength` for a 0, at temperature 1."""
    check_strength(strength)
    return _from_entry_logits(math.log(strength / (1 - strength)) * signs(tables))


WALSH = from_logits(
    "walsh",
    N_ENTRIES,
    _logits,
    gaussian=_gaussian,
    towards=_towards,
    weights_from_tables=_weights_from_tables,
)
