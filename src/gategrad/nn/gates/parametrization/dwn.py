"""dwn: truth tables between -1 and 1 (differentiable weightless networks, arXiv 2410.11112).

An entry t counts as the bit t > 0, and `(1 + t) / 2` is how sure it is. Weights beyond -1 and 1
count as these, and get no gradient that would take them further out. With `estimator="efd"` the
entry that an input looks up gets the gradient of the output, whole, and the inputs get
extended finite differences; see `gategrad.nn.executors.torch.table_gates`.
"""

from functools import partial

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

from gategrad.nn.gates.parametrization.base import check_strength
from gategrad.nn.gates.parametrization.light import signs
from gategrad.nn.gates.parametrization.logits import table_from_bits
from gategrad.nn.gates.parametrization.table import TableParametrization

SHIFT = 0.5
NOISE_STD = 0.1


def dwn_tables(inputs: int) -> TableParametrization:
    """For gates with `inputs` inputs."""
    n_entries = 1 << inputs
    return TableParametrization(
        "dwn",
        inputs,
        partial(_uniform, n_entries),
        entries_between,
        _tables,
        partial(_towards, n_entries),
        partial(_weights_from_tables, n_entries),
    )


def entries_between(weight: Tensor) -> Tensor:
    """`(1 + t) / 2`; the gradient of an entry goes to its weight whole."""
    return _Entries.apply(weight)


def _uniform(n_entries: int, out_dim: int, generator: torch.Generator) -> Tensor:
    """Uniform in [-1, 1)."""
    return 2 * torch.rand(out_dim, n_entries, generator=generator) - 1


def _towards(n_entries: int, tables: Tensor, generator: torch.Generator) -> Tensor:
    noise = torch.randn(len(tables), n_entries, generator=generator)
    return SHIFT * signs(tables, n_entries) + NOISE_STD * noise


def _tables(weight: Tensor) -> Tensor:
    return table_from_bits(weight > 0)


def _weights_from_tables(n_entries: int, tables: Tensor, strength: float) -> Tensor:
    return (2 * check_strength(strength) - 1) * signs(tables, n_entries)


class _Entries(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, weight: Tensor) -> Tensor:
        ctx.save_for_backward(weight >= 1, weight <= -1)
        return 0.5 + 0.5 * weight.clamp(-1, 1)

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> Tensor:
        high, low = ctx.saved_tensors
        return grad.masked_fill((high & (grad < 0)) | (low & (grad > 0)), 0.0)
