"""The autograd function behind gates with up to six inputs: interpolated truth tables.

A gate's value is the multilinear interpolation of the 2**k entries of its table (arXiv 2510.03250
for n inputs): operand by operand, from the last one on, the upper half of the table is mixed with
the lower one. Tensors are features-major, (features, batch). This is the definition in plain torch;
`gategrad.nn.executors.cpu.native_tables` computes the same.
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

from gategrad.nn.checks import outside_graphs, refuse_second_derivative
from gategrad.nn.constants import traced

# Numbers in the largest temporary of a run of gates.
_TILE_NUMBERS = 1 << 17


@outside_graphs
def table_gates(
    x: Tensor,
    wires: Tensor,
    forward_entries: Tensor,
    soft_entries: Tensor,
    grad_factor: float = 1.0,
    smoothing: float = 0.0,
) -> Tensor:
    """Evaluate one set of tables, differentiate another.

    The gradient of entry i is the sum over the batch of grad times, for every operand j, x_j where
    bit j of i is set, else 1 - x_j: on bits, the entry that is looked up gets the gradient. That of
    operand l is the difference of the tables' halves with operand l on and off, interpolated at the
    other operands, or, with smoothing s, at `s + (1 - 2 s) x` of them. With s = 1/4 on bits that is
    the extended finite difference of arXiv 2410.11112: of entries t = 2 e - 1 a sum with weights
    `0.5 * 0.75**(k - 1)` times `3**-(operands other than l that differ from x)`.

    Args:
        x: values (in_dim, batch), features-major, floating.
        wires: (k, out_dim) int64, the rows of x that the gates read, the least significant first.
        forward_entries: (out_dim, 2**k), which the output is computed with; no gradient flows to
            them.
        soft_entries: (out_dim, 2**k), which gradients are taken of.
        grad_factor: factor on the gradient of x.
        smoothing: s.

    Returns:
        (out_dim, batch), contiguous. It can be differentiated once, not twice; x is all of the size
        of the batch that is kept for that.
    """
    return _TableGates.apply(x, wires, forward_entries, soft_entries, grad_factor, smoothing)


class _TableGates(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: FunctionCtx,
        x: Tensor,
        wires: Tensor,
        forward: Tensor,
        soft: Tensor,
        grad_factor: float,
        smoothing: float,
    ) -> Tensor:
        x = x.contiguous()
        ctx.save_for_backward(x, wires, soft)
        ctx.grad_factor, ctx.smoothing = grad_factor, smoothing
        y = x.new_empty(wires.shape[1], x.shape[1])
        for gates in _tiles(x, wires):
            y[gates] = _interpolate(forward[gates], x[wires[:, gates]])
        return y

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, ...]:
        refuse_second_derivative()
        x, wires, soft = ctx.saved_tensors
        wants_x, _, _, wants_soft, _, _ = ctx.needs_input_grad
        grad_x = torch.zeros_like(x) if wants_x else None
        grad_soft = torch.empty_like(soft) if wants_soft else None
        for gates in _tiles(x, wires):
            operands = x[wires[:, gates]]
            if wants_soft:
                products = _products(operands)
                grad_soft[gates] = torch.bmm(products, grad[gates, :, None])[:, :, 0]
            if wants_x:
                operands = ctx.smoothing + (1 - 2 * ctx.smoothing) * operands
                slopes = _slopes(soft[gates], operands) * grad[gates]
                grad_x.index_add_(0, wires[:, gates].flatten(), slopes.flatten(0, 1))
        if wants_x and ctx.grad_factor != 1.0:
            grad_x *= ctx.grad_factor
        return grad_x, None, None, grad_soft, None, None


def _interpolate(entries: Tensor, operands: Tensor) -> Tensor:
    """Values (n, batch) of tables (n, 2**k) at operands (k, n, batch)."""
    values = entries[:, :, None]
    for operand in reversed(operands):
        low, high = values.chunk(2, 1)
        values = low + operand[:, None] * (high - low)
    return values.expand(-1, -1, operands.shape[2])[:, 0]


def _products(operands: Tensor) -> Tensor:
    """How much of each entry is in the value, (n, 2**k, batch)."""
    products = torch.ones_like(operands[0])[:, None]
    for operand in operands:
        upper = products * operand[:, None]
        products = torch.cat([products - upper, upper], 1)
    return products


def _slopes(entries: Tensor, operands: Tensor) -> Tensor:
    """Derivatives (k, n, batch) of the interpolation by each operand."""
    out = torch.empty_like(operands)
    for j in range(len(operands)):
        low, high = entries.view(len(entries), -1, 2, 1 << j).unbind(2)
        others = torch.cat([operands[:j], operands[j + 1 :]])
        out[j] = _interpolate((high - low).flatten(1), others)
    return out


def _tiles(x: Tensor, wires: Tensor) -> Iterator[slice]:
    """Runs of gates whose temporaries stay small."""
    k, n_gates = wires.shape
    # A graph is for every batch.
    size = n_gates if traced() else max(1, _TILE_NUMBERS // ((1 << k) * max(1, x.shape[1])))
    for start in range(0, n_gates, size):
        yield slice(start, min(start + size, n_gates))
