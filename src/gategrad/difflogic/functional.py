"""The 16 operators, as difflogic numbers them, and what its scripts import beside them."""

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

from gategrad.difflogic.devices import checked_device
from gategrad.nn.gates.functions import coefficients_from_tables, table_from_id
from gategrad.nn.wiring.connections.unique import unique_connections

ALL_OPERATIONS = [
    "zero", "and", "not_implies", "a", "not_implied_by", "b", "xor", "or",
    "not_or", "not_xor", "not_b", "implied_by", "not_a", "implies", "not_and", "one",
]  # fmt: skip
"""Names of the operators, by id."""


def _coefficients(like: Tensor) -> Tensor:
    """Coefficients (16, 4) of 1, a, b and ab, by id."""
    tables = table_from_id(torch.arange(len(ALL_OPERATIONS), device=like.device))
    dtype = like.dtype if like.dtype.is_floating_point else torch.float32
    return coefficients_from_tables(tables, dtype)


def bin_op(a: Tensor, b: Tensor, i: int) -> Tensor:
    """Operator `i` of two tensors of one shape with values in [0, 1].

    Raises:
        ValueError: shapes that differ, or an id that is none of 0 to 15.
    """
    if a.shape != b.shape:
        raise ValueError(
            f"a and b have the shapes {tuple(a.shape)} and {tuple(b.shape)}; expected one shape"
        )
    if not 0 <= int(i) < len(ALL_OPERATIONS):
        raise ValueError(f"operator {i} is none of 0 to {len(ALL_OPERATIONS) - 1}")
    c = [int(v) for v in _coefficients(a)[int(i)]]
    return c[0] + c[1] * a + c[2] * b + c[3] * (a * b)


def bin_op_s(a: Tensor, b: Tensor, i_s: Tensor) -> Tensor:
    """Mixture of all operators of a and b (..., n), with shares `i_s` (n, 16).

    The 16 polynomials add up to one (equation 1 of the paper, by 1, a, b and ab), which is what is
    computed.
    """
    c = i_s @ _coefficients(i_s)
    return c[..., 0] + c[..., 1] * a + c[..., 2] * b + c[..., 3] * (a * b)


class GradFactor(torch.autograd.Function):
    """The identity, whose gradient is multiplied by f."""

    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, f: float) -> Tensor:
        """`x` as it is."""
        ctx.f = f
        return x.view_as(x)

    @staticmethod
    def backward(ctx: FunctionCtx, grad_y: Tensor) -> tuple[Tensor, None]:
        """The gradient times f."""
        return grad_y * ctx.f, None


def get_unique_connections(
    in_dim: int, out_dim: int, device: str | None = None
) -> tuple[Tensor, Tensor]:
    """Wires (out_dim,) int64 of both pins: no two gates read the same pair.

    difflogic takes neighbouring inputs first and leaves some unused where their number is even,
    and fails at the greatest possible number of gates. Here pairs are random, fan-out is even, and
    every number of pairs is possible; drawn from torch's global generator.

    Raises:
        ValueError: inputs that would go unused, or more gates than pairs.
    """
    check_widths(in_dim, out_dim)
    pairs = unique_connections(in_dim, out_dim, torch.default_generator)
    return tuple(pairs.to(checked_device(device)))


def check_widths(in_dim: int, out_dim: int) -> None:
    """Raise ValueError where a layer has too few gates to read all of its inputs."""
    if 2 * out_dim < in_dim:
        raise ValueError(
            f"{out_dim} gates can't read {in_dim} inputs, two each; "
            f"expected at least {-(-in_dim // 2)} gates"
        )
