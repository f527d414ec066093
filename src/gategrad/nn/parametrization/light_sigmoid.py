"""light-sigmoid: `light` with entries `sigmoid(W / temperature)` (arXiv 2510.03250).

Unlike the sine it saturates, and as its weights are logits it takes a temperature and noise.
"""

import math

import torch
from torch import Tensor

from gategrad.nn.parametrization.base import check_strength
from gategrad.nn.parametrization.light import N_ENTRIES, gaussian_entries, shifted_entries, signs
from gategrad.nn.parametrization.logits import from_logits

SHIFT = 3.0


def _logits(weight: Tensor) -> Tensor:
    return weight


def _towards(tables: Tensor, generator: torch.Generator) -> Tensor:
    return shifted_entries(tables, SHIFT, generator)


def _weights_from_tables(tables: Tensor, strength: float) -> Tensor:
    """Entries of `strength` for a 1 and `1 - strength` for a 0, at temperature 1."""
    check_strength(strength)
    return math.log(strength / (1 - strength)) * signs(tables)


LIGHT_SIGMOID = from_logits(
    "light-sigmoid",
    N_ENTRIES,
    _logits,
    gaussian=gaussian_entries,
    towards=_towards,
    weights_from_tables=_weights_from_tables,
)
