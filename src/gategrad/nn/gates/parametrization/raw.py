"""raw: a softmax over the 16 functions (Petersen et al. 2022, arXiv 2210.08277, eq. 2).

Weights are 16 logits a gate in the order of difflogic's gate ids. The mixture is linear in the
functions, so it has the coefficients `softmax(w) @ M` with a fixed M (16, 4).
"""

import math

import torch
from torch import Tensor

from gategrad.nn.gates.functions import N_FUNCTIONS, id_from_table
from gategrad.nn.gates.parametrization.base import check_strength
from gategrad.nn.gates.parametrization.logits import from_logits

# Softmax share of 0.91 for the pass-through gate (arXiv 2411.04732).
FAVOURED_LOGIT = 5.0


def _logits(weight: Tensor) -> Tensor:
    return weight


def _gaussian(out_dim: int, generator: torch.Generator) -> Tensor:
    """N(0, 1) logits."""
    return torch.randn(out_dim, N_FUNCTIONS, generator=generator)


def _towards(tables: Tensor, generator: torch.Generator) -> Tensor:
    """Logit 5 for the function, 0 for the others."""
    return _one_logit(tables, FAVOURED_LOGIT)


def _weights_from_tables(tables: Tensor, strength: float) -> Tensor:
    """One logit a gate, such that the softmax gives its function the share `strength`."""
    share = check_strength(strength)
    return _one_logit(tables, math.log((N_FUNCTIONS - 1) * share / (1 - share)))


def _one_logit(tables: Tensor, logit: float) -> Tensor:
    weight = torch.zeros(len(tables), N_FUNCTIONS)
    return weight.scatter_(1, id_from_table(tables)[:, None], logit)


RAW = from_logits(
    "raw",
    N_FUNCTIONS,
    _logits,
    gaussian=_gaussian,
    towards=_towards,
    weights_from_tables=_weights_from_tables,
)
"""`"raw"`: a softmax over the 16 functions (arXiv 2210.08277)."""
