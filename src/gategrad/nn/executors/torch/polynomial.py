"""The one autograd function behind every layer of two-input gates.

Whatever the parametrization, a relaxed gate is `y = c0 + c1 a + c2 b + c3 a b` (Petersen et al.
2022, arXiv 2210.08277, in the 4-coefficient form of arXiv 2510.03250). Tensors are features-major,
(features, batch): a gate then reads two contiguous rows.
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

from gategrad.nn.checks import outside_graphs, refuse_second_derivative
from gategrad.nn.constants import traced

# Bytes of one temporary on the CPU: those in use together stay in the second-level cache, and
# fresh memory, whose page faults cost as much as the arithmetic, stays small.
_TILE_BYTES = 1 << 19


@outside_graphs
def gate_polynomials(
    x: Tensor,
    indices: Tensor,
    forward_coefficients: Tensor,
    soft_coefficients: Tensor,
    grad_factor: float = 1.0,
) -> Tensor:
    """Evaluate with one set of coefficients, differentiate with another.

    Args:
        x: values (in_dim, batch), features-major, floating.
        indices: wires (2, out_dim) int64, the rows of x that the gates read.
        forward_coefficients: (out_dim, 4), which the output is computed with; no gradient flows to
            them. The soft ones, or those of the hard gates for a straight-through estimator.
        soft_coefficients: (out_dim, 4); the gradient of x is taken through them, and they receive
            sum(g), sum(g a), sum(g b), sum(g a b) over the batch.
        grad_factor: factor on the gradient of x.

    Returns:
        (out_dim, batch), contiguous. It can be differentiated once, not twice.
    """
    return _GatePolynomials.apply(x, indices, forward_coefficients, soft_coefficients, grad_factor)


class _GatePolynomials(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: FunctionCtx,
        x: Tensor,
        indices: Tensor,
        forward: Tensor,
        soft: Tensor,
        grad_factor: float,
    ) -> Tensor:
        x = x.contiguous()
        ctx.save_for_backward(x, indices, soft)
        ctx.grad_factor = grad_factor
        return _evaluate(x, indices, forward)

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, ...]:
        refuse_second_derivative()
        x, indices, soft = ctx.saved_tensors
        wants_x, _, _, wants_soft, _ = ctx.needs_input_grad
        grad = grad.contiguous()
        grad_x = torch.zeros_like(x) if wants_x else None
        grad_soft = torch.empty_like(soft) if wants_soft else None
        for gates, scratch in _tiles(x, indices.shape[1], n_buffers=3):
            a, b, product = scratch
            _gather(x, indices[:, gates], a, b)
            if wants_soft:
                _statistics(a, b, grad[gates], product, out=grad_soft[gates])
            if wants_x:
                _scatter(grad_x, indices[:, gates], soft[gates], scratch[:2], grad[gates])
        if wants_x and ctx.grad_factor != 1.0:
            grad_x *= ctx.grad_factor
        return grad_x, None, None, grad_soft, None


def _evaluate(x: Tensor, indices: Tensor, coefficients: Tensor) -> Tensor:
    if traced():  # a graph has no results in place
        a, b = x[indices[0]], x[indices[1]]
        c0, c1, c2, c3 = coefficients.unsqueeze(2).unbind(1)
        return (a * c3 + c2) * b + (a * c1 + c0)
    y = x.new_empty(indices.shape[1], x.shape[1])
    for gates, (a, b) in _tiles(x, indices.shape[1], n_buffers=2):
        _gather(x, indices[:, gates], a, b)
        c0, c1, c2, c3 = coefficients[gates].unsqueeze(2).unbind(1)
        out = torch.mul(a, c3, out=y[gates])
        out.add_(c2).mul_(b).add_(a.mul_(c1).add_(c0))
    return y


def _gather(x: Tensor, indices: Tensor, a: Tensor, b: Tensor) -> None:
    torch.index_select(x, 0, indices[0], out=a)
    torch.index_select(x, 0, indices[1], out=b)


def _statistics(a: Tensor, b: Tensor, grad: Tensor, product: Tensor, *, out: Tensor) -> None:
    """Gradient of the coefficients, out (gates, 4): grad times 1, a, b and ab over the batch."""
    out[:, 0] = grad.sum(1)
    out[:, 1] = torch.mul(grad, a, out=product).sum(1)
    out[:, 3] = product.mul_(b).sum(1)
    out[:, 2] = torch.mul(grad, b, out=product).sum(1)


def _scatter(
    grad_x: Tensor, indices: Tensor, coefficients: Tensor, pins: Tensor, grad: Tensor
) -> None:
    """Add dy/da and dy/db times grad to the rows of x that each gate read. Overwrites pins."""
    _, c1, c2, c3 = coefficients.unsqueeze(2).unbind(1)
    a, b = pins
    b.mul_(c3).add_(c1).mul_(grad)
    a.mul_(c3).add_(c2).mul_(grad)
    # dy/da was computed from b, in b's place, and the other way round.
    grad_x.index_add_(0, indices.flip(0).flatten(), pins.flatten(0, 1))


def _tiles(x: Tensor, n_gates: int, *, n_buffers: int) -> Iterator[tuple[slice, Tensor]]:
    """Runs of gates, each with scratch (n_buffers, gates, batch) that fits a cache."""
    batch = x.shape[1]
    size = n_gates
    # A graph is for every batch.
    if x.device.type == "cpu" and not traced():
        size = min(n_gates, max(1, _TILE_BYTES // max(1, batch * x.element_size())))
    scratch = x.new_empty(n_buffers, size, batch)
    for start in range(0, n_gates, size):
        stop = min(start + size, n_gates)
        yield slice(start, stop), scratch[:, : stop - start]
