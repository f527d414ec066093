"""What a parametrization of two-input gates provides."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

INITS = ("gaussian", "residual")


@dataclass(frozen=True)
class Parametrization:
    """The functions that turn weights (out_dim, n_parameters) into gates.

    Args:
        name: as given to `LogicDense(parametrization=...)`.
        n_parameters: learned numbers a gate.
        init: `(kind, out_dim, generator) -> (out_dim, n_parameters)`, kind being one of `INITS`.
        coefficients: `weight -> (out_dim, 4)`, differentiable.
        tables: `weight -> (out_dim,)` int64, the truth tables that the gates harden to.
        weights_from_tables: `(tables (out_dim,), strength) -> (out_dim, n_parameters)`, weights
            that harden to these tables and whose relaxed gates are `strength` sure of them.
    """

    name: str
    n_parameters: int
    init: Callable[[str, int, torch.Generator], Tensor]
    coefficients: Callable[[Tensor], Tensor]
    tables: Callable[[Tensor], Tensor]
    weights_from_tables: Callable[[Tensor, float], Tensor]


def check_strength(strength: float) -> float:
    """`strength`; ValueError unless it is between 0.5 and 1, both excluded."""
    if not 0.5 < strength < 1.0:
        raise ValueError(f"strength must be above 0.5 and below 1, got {strength!r}")
    return strength
