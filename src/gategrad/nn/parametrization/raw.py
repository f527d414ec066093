"""raw: a softmax over the 16 functions (Petersen et al. 2022, arXiv 2210.08277, eq. 2).

Weights are 16 logits a gate in the order of difflogic's gate ids. The mixture is linear in the
functions, so it has the coefficients `softmax(w) @ M` with a fixed M (16, 4).
"""

import math

import torch
from torch import Tensor

from gategrad.nn.functions import (
    N_FUNCTIONS,
    TABLE_A,
    coefficients_of_all,
    id_from_table,
    table_from_id,
)
from gategrad.nn.parametrization.base import Parametrization, check_strength

# Softmax share of 0.91 for the pass-through gate (arXiv 2411.04732).
RESIDUAL_LOGIT = 5.0


def _init(kind: str, out_dim: int, generator: torch.Generator) -> Tensor:
    """Gaussian: N(0, 1) logits. Residual: logit 5 for the function a, 0 for the others."""
    if kind == "gaussian":
        return torch.randn(out_dim, N_FUNCTIONS, generator=generator)
    weight = torch.zeros(out_dim, N_FUNCTIONS)
    weight[:, id_from_table(TABLE_A)] = RESIDUAL_LOGIT
    return weight


def _coefficients(weight: Tensor) -> Tensor:
    ids = torch.arange(N_FUNCTIONS, device=weight.device)
    of_ids = coefficients_of_all(weight.device, weight.dtype)[table_from_id(ids)]
    return torch.softmax(weight, dim=1) @ of_ids


def _tables(weight: Tensor) -> Tensor:
    """The largest logit's function; the lowest gate id among equal ones."""
    return table_from_id(weight.argmax(dim=1))


def _weights_from_tables(tables: Tensor, strength: float) -> Tensor:
    """One logit a gate, such that the softmax gives its function the share `strength`."""
    share = check_strength(strength)
    weight = torch.zeros(len(tables), N_FUNCTIONS)
    logit = math.log((N_FUNCTIONS - 1) * share / (1 - share))
    return weight.scatter_(1, id_from_table(tables)[:, None], logit)


RAW = Parametrization("raw", N_FUNCTIONS, _init, _coefficients, _tables, _weights_from_tables)
