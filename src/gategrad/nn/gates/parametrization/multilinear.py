"""multilinear: the polynomial's four coefficients, learned as they are (arXiv 2605.08657).

Weights are c0, c1, c2, c3 of `c0 + c1 a + c2 b + c3 a b`. The hard gate is the nearest of the 16
functions' coefficient vectors, in Euclidean distance. With the straight-through estimator the
forward pass uses that vector and the gradient of the weights is passed through unchanged; inputs
get the gradient of the learned polynomial. The soft network is the learned polynomial itself,
whose values may leave [0, 1]: train it straight-through.
"""

import torch
from torch import Tensor

from gategrad.nn.gates.functions import (
    N_FUNCTIONS,
    coefficients_from_entries,
    coefficients_from_tables,
    coefficients_of_all,
    table_from_id,
)
from gategrad.nn.gates.parametrization.base import Parametrization, check_strength
from gategrad.nn.gates.parametrization.logits import tables_from_logits

N_COEFFICIENTS = 4
ENTRY_STD = 0.5
NOISE_STD = 0.1


def minus_distances(weight: Tensor) -> Tensor:
    """Minus the squared distances (n, 16) of weights (n, 4) to the functions, by gate id.

    Without the square of the weights themselves, which all 16 share.
    """
    ids = torch.arange(N_FUNCTIONS, device=weight.device)
    vectors = coefficients_of_all(weight.device, weight.dtype)[table_from_id(ids)]
    # One column a term: no product whose order of sums depends on a library.
    out = -vectors.square().sum(1).expand(len(weight), N_FUNCTIONS)
    for i in range(N_COEFFICIENTS):
        out = out + 2 * weight[:, i, None] * vectors[:, i]
    return out


def gaussian(out_dim: int, generator: torch.Generator) -> Tensor:
    """Coefficients of table entries N(0.5, 0.5**2), which are near every function alike."""
    noise = torch.randn(out_dim, N_COEFFICIENTS, generator=generator)
    return coefficients_from_entries(0.5 + ENTRY_STD * noise)


def towards(tables: Tensor, generator: torch.Generator) -> Tensor:
    """The function's own vector plus N(0, 0.1**2)."""
    noise = torch.randn(len(tables), N_COEFFICIENTS, generator=generator)
    return coefficients_from_tables(tables, torch.float32) + NOISE_STD * noise


def weights_from_tables(tables: Tensor, strength: float) -> Tensor:
    """The function's vector, moved (1 - strength) / 2 of the way to the middle of all 16.

    A quarter of that way is the least distance at which another function may be nearer.
    """
    vectors = coefficients_from_tables(tables, torch.float32)
    middle = coefficients_of_all(vectors.device, vectors.dtype).mean(0)
    return vectors + (1 - check_strength(strength)) / 2 * (middle - vectors)


def _coefficients(weight: Tensor) -> Tensor:
    return weight


def _tables(weight: Tensor) -> Tensor:
    """The nearest function; the lowest gate id among equally near ones."""
    return tables_from_logits(minus_distances(weight))


MULTILINEAR = Parametrization(
    "multilinear",
    N_COEFFICIENTS,
    gaussian,
    _coefficients,
    _tables,
    towards,
    weights_from_tables,
)
"""`"multilinear"`: the four coefficients of the polynomial themselves (arXiv 2605.08657)."""
