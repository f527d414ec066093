"""What a parametrization of two-input gates provides."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Parametrization:
    """The functions that turn weights (out_dim, n_parameters) into gates.

    Give `LogicDense(parametrization=...)` one of your own and it runs in the native core, as the
    core takes coefficients. `from_logits` makes one of logits, and then temperature, Gumbel noise
    and, for 16 logits, a limited set of gates apply to it.

    Args:
        name: as given to `LogicDense(parametrization=...)`.
        n_parameters: learned numbers a gate.
        gaussian: `(out_dim, generator) -> (out_dim, n_parameters)`, weights that favour no gate.
        coefficients: `weight -> (out_dim, 4)`, differentiable: c0, c1, c2, c3 of
            `c0 + c1 a + c2 b + c3 a b`.
        tables: `weight -> (out_dim,)` int64, the truth tables that the gates harden to.
        towards: `(tables (out_dim,), generator) -> (out_dim, n_parameters)`, weights whose relaxed
            gates are close to these truth tables; all initializations but "gaussian" use it.
        weights_from_tables: `(tables (out_dim,), strength) -> (out_dim, n_parameters)`, weights
            that harden to these tables and whose relaxed gates are `strength` sure of them;
            `from_circuit` uses it.
        logits: `weight -> (out_dim, 16)` logits of the functions by gate id, or `(out_dim, 4)`
            logits of the truth table's entries; None where the gates have no such form.
        temperature: that divides the logits, unless the layer says otherwise.
    """

    name: str
    n_parameters: int
    gaussian: Callable[[int, torch.Generator], Tensor]
    coefficients: Callable[[Tensor], Tensor]
    tables: Callable[[Tensor], Tensor]
    towards: Callable[[Tensor, torch.Generator], Tensor] | None = None
    weights_from_tables: Callable[[Tensor, float], Tensor] | None = None
    logits: Callable[[Tensor], Tensor] | None = None
    temperature: float = 1.0


def check_strength(strength: float) -> float:
    """`strength`; ValueError unless it is between 0.5 and 1, both excluded."""
    if not 0.5 < strength < 1.0:
        raise ValueError(f"strength must be above 0.5 and below 1, got {strength!r}")
    return strength
