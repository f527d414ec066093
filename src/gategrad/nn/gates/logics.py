"""Real-valued logics: what a gate computes between 0 and 1, on bits the same in all of them.

"probabilistic" is a polynomial and what the kernels compute. The others are here, in plain torch,
for those who study them (Petersen et al. 2022, arXiv 2210.08277, appendix; van Krieken et al. 2020,
arXiv 2002.06100): "min-max" (Goedel) with a and b = min(a, b), and "lukasiewicz" with
a and b = max(0, a + b - 1). Negation is 1 - a in all; everything else follows from these two by
De Morgan, `a xor b` being (a and not b) or (b and not a).
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

from gategrad.nn.constants import constant
from gategrad.nn.gates.functions import N_FUNCTIONS

LOGICS = ("probabilistic", "min-max", "lukasiewicz")

# Every function as a sum of eight: true, a, b, and the five that differ from logic to logic.
_TERMS = ("true", "a", "b", "a-and-b", "a-and-not-b", "b-and-not-a", "nor", "xor")
_SUMS = (
    {}, {"a-and-b": 1}, {"a-and-not-b": 1}, {"a": 1},
    {"b-and-not-a": 1}, {"b": 1}, {"xor": 1}, {"true": 1, "nor": -1},
    {"nor": 1}, {"true": 1, "xor": -1}, {"true": 1, "b": -1}, {"true": 1, "b-and-not-a": -1},
    {"true": 1, "a": -1}, {"true": 1, "a-and-not-b": -1}, {"true": 1, "a-and-b": -1}, {"true": 1},
)  # fmt: skip


def gate_mixtures(
    logic: str, x: Tensor, indices: Tensor, shares: Tensor, grad_factor: float = 1.0
) -> Tensor:
    """Mixtures of the 16 functions in a logic other than the probabilistic one.

    Args:
        logic: "min-max" or "lukasiewicz".
        x: values (in_dim, batch), features-major, floating.
        indices: wires (2, out_dim) int64.
        shares: (out_dim, 16) by gate id, such as a softmax.
        grad_factor: factor on the gradient of x.

    Returns:
        (out_dim, batch).
    """
    x = _ScaledGradient.apply(x, grad_factor)
    a, b = x[indices[0]], x[indices[1]]
    weights = shares @ _sums(shares.device, shares.dtype)
    terms = (torch.ones_like(a), a, b, *_OWN_TERMS[logic](a, b))
    return sum(weights[:, i, None] * term for i, term in enumerate(terms))


def replaced(soft: Tensor, hard: Tensor) -> Tensor:
    """The values of `hard` with the gradient going to `soft`, exactly (straight-through)."""
    return _Replaced.apply(soft, hard)


def _min_max(a: Tensor, b: Tensor) -> tuple[Tensor, ...]:
    only_a, only_b = torch.minimum(a, 1 - b), torch.minimum(b, 1 - a)
    neither = torch.minimum(1 - a, 1 - b)
    return torch.minimum(a, b), only_a, only_b, neither, torch.maximum(only_a, only_b)


def _lukasiewicz(a: Tensor, b: Tensor) -> tuple[Tensor, ...]:
    only_a, only_b = (a - b).clamp(min=0), (b - a).clamp(min=0)
    return (a + b - 1).clamp(min=0), only_a, only_b, (1 - a - b).clamp(min=0), only_a + only_b


_OWN_TERMS: dict[str, Callable[[Tensor, Tensor], tuple[Tensor, ...]]] = {
    "min-max": _min_max,
    "lukasiewicz": _lukasiewicz,
}


@constant
def _sums(device: torch.device, dtype: torch.dtype) -> Tensor:
    rows = [[float(terms.get(name, 0)) for name in _TERMS] for terms in _SUMS]
    return torch.tensor(rows, dtype=dtype, device=device).view(N_FUNCTIONS, len(_TERMS))


class _ScaledGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, factor: float) -> Tensor:
        ctx.factor = factor
        return x.view_as(x)

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor, None]:
        return grad * ctx.factor, None


class _Replaced(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, soft: Tensor, hard: Tensor) -> Tensor:
        return hard.view_as(hard)

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor, None]:
        return grad, None
