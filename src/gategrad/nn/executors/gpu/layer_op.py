"""The kernels of a layer as torch operations, with fake tensors and gradients.

Rows are features-major, (wires, batch); weights are as `gates.py` says. Nothing here reads a value
on the host, so that calls can be captured in a CUDA graph.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

from gategrad.nn.checks import no_second_derivative, refuse_second_derivative
from gategrad.nn.executors.gpu import tiles
from gategrad.nn.executors.gpu.gates import weight_gradients
from gategrad.nn.executors.gpu.inverse import Readers, readers_of, wires_of
from gategrad.nn.executors.gpu.layer_kernels import layer_forward, layer_gather, layer_statistics

_GATES_A_PROGRAM = 128


def forward(
    rows: Tensor, indices: Tensor, weight: Tensor, kind: int, hard: bool
) -> tuple[Tensor, Tensor]:
    """Outputs (gates, batch) in the rows' dtype, and soft coefficients (gates, 4) float32.

    Args:
        rows: (wires, batch) float32, bfloat16 or float16.
        indices: wires (2, gates), integers.
        weight: (gates, 16) logits, (gates, 4) of "light", or coefficients (gates, 1, 4), with those
            of the hard gates after them, (gates, 2, 4), where `hard`.
        kind: of the weights, the value of a `WeightKind`.
        hard: whether the outputs are those of the hard gates.
    """
    rows, weight = rows.contiguous(), weight.contiguous()
    batch, n_gates = rows.shape[1], len(weight)
    out = rows.new_empty(n_gates, batch)
    soft = torch.empty(n_gates, 4, dtype=torch.float32, device=rows.device)
    if batch == 0:
        return out, soft.zero_()
    block_g, block_b = tiles.tile(n_gates, batch)
    n_parts = tiles.blocks(batch, block_b)
    with torch.cuda.device_of(rows):
        layer_forward[(tiles.blocks(n_gates, block_g) * n_parts,)](
            rows, wires_of(indices), weight, out, soft, n_gates, batch, n_parts,
            KIND=kind, HARD=hard, BLOCK_G=block_g, BLOCK_B=block_b, num_warps=tiles.WARPS,
        )  # fmt: skip
    return out, soft


def backward(
    grad: Tensor,
    rows: Tensor,
    indices: Tensor,
    weight: Tensor,
    soft: Tensor,
    kind: int,
    hard: bool,
    factor: float,
    deterministic: bool,
    wants: Sequence[bool],
) -> tuple[Tensor, Tensor]:
    """Gradients of rows and weight; those that are not wanted, `wants` says which, are empty.

    `factor` multiplies that of the rows; `deterministic` adds the gradients of a wire in the order
    of its readers, not atomically. The other arguments are those and the results of `forward`.
    """
    wants_rows, wants_weight = wants
    grad, rows, weight = grad.to(rows.dtype).contiguous(), rows.contiguous(), weight.contiguous()
    grad_rows = rows.new_empty(rows.shape if wants_rows else (0,))
    grad_weight = weight.new_empty(weight.shape if wants_weight else (0,))
    if rows.shape[1] == 0:
        return grad_rows, grad_weight.zero_()
    wires = wires_of(indices)
    atomic = wants_rows and not deterministic
    sums = torch.zeros_like(rows, dtype=torch.float32) if atomic else grad_rows
    with torch.cuda.device_of(rows):
        if wants_weight or atomic:
            parts = _statistics(grad, rows, wires, soft, sums, factor, wants_weight, atomic)
            if wants_weight:
                _weight_gradients(weight, parts, grad_weight, kind, hard)
        if wants_rows and not atomic:
            readers = readers_of(indices, len(rows))
            _gather(grad, rows, wires, readers, soft, grad_rows, factor)
    return sums.to(rows.dtype) if atomic else grad_rows, grad_weight


def _statistics(
    grad: Tensor,
    rows: Tensor,
    wires: Tensor,
    soft: Tensor,
    sums: Tensor,
    factor: float,
    wants_weight: bool,
    atomic: bool,
) -> Tensor:
    """Partial sums (splits, gates, 4) float32; adds to `sums` where the gradient is atomic."""
    n_gates, batch = grad.shape
    block_g, block_b = tiles.tile(n_gates, batch)
    n_blocks = tiles.blocks(n_gates, block_g)
    n_splits = tiles.splits(n_blocks, tiles.blocks(batch, block_b))
    shape = (n_splits, n_gates, 4) if wants_weight else (0,)
    parts = torch.empty(shape, dtype=torch.float32, device=grad.device)
    layer_statistics[(n_blocks * n_splits,)](
        grad, rows, wires, soft, parts, sums, n_gates, batch, n_splits, factor,
        SUMS=wants_weight, ATOMIC=atomic, BLOCK_G=block_g, BLOCK_B=block_b, num_warps=tiles.WARPS,
    )  # fmt: skip
    return parts


def _weight_gradients(weight: Tensor, parts: Tensor, out: Tensor, kind: int, hard: bool) -> None:
    n_splits, n_gates, _ = parts.shape
    weight_gradients[(tiles.blocks(n_gates, _GATES_A_PROGRAM),)](
        weight, parts, out, n_gates, n_splits,
        KIND=kind, HARD=hard, BLOCK=_GATES_A_PROGRAM, num_warps=tiles.WARPS,
    )  # fmt: skip


def _gather(
    grad: Tensor,
    rows: Tensor,
    wires: Tensor,
    readers: Readers,
    soft: Tensor,
    out: Tensor,
    factor: float,
) -> None:
    n_wires, batch = rows.shape
    block_g, block_b = tiles.tile(n_wires, batch)
    n_parts = tiles.blocks(batch, block_b)
    layer_gather[(tiles.blocks(n_wires, block_g) * n_parts,)](
        grad, rows, wires, soft, *readers, out, len(grad), n_wires, batch, n_parts, factor,
        BLOCK_G=block_g, BLOCK_B=block_b, num_warps=tiles.WARPS,
    )  # fmt: skip


class EagerLayer(torch.autograd.Function):
    """`triton_layer` without the operator around it; the same arguments, its first result."""

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        rows: Tensor,
        indices: Tensor,
        weight: Tensor,
        kind: int,
        hard: bool,
        factor: float,
        deterministic: bool,
    ) -> Tensor:
        """As `forward`."""
        out, soft = forward(rows, indices, weight, kind, hard)
        ctx.save_for_backward(rows, indices, weight, soft)
        ctx.settings = (kind, hard, factor, deterministic)
        return out

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, ...]:
        """As `backward`."""
        refuse_second_derivative()
        wants = ctx.needs_input_grad[0], ctx.needs_input_grad[2]
        grads = backward(grad, *ctx.saved_tensors, *ctx.settings, wants)
        rows, weight = (g if wanted else None for g, wanted in zip(grads, wants, strict=True))
        return rows, None, weight, None, None, None, None


@torch.library.custom_op("gategrad::triton_layer", mutates_args=())
def triton_layer(
    rows: Tensor, indices: Tensor, weight: Tensor, kind: int, hard: bool, factor: float,
    deterministic: bool,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """As `forward`; `factor` and `deterministic` are for the gradient, see `backward`."""
    return forward(rows, indices, weight, kind, hard)


@torch.library.custom_op("gategrad::triton_layer_backward", mutates_args=())
def triton_layer_backward(
    grad: Tensor, rows: Tensor, indices: Tensor, weight: Tensor, soft: Tensor,
    kind: int, hard: bool, factor: float, deterministic: bool, wants: Sequence[bool],
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """As `backward`."""
    return backward(grad, rows, indices, weight, soft, kind, hard, factor, deterministic, wants)


@triton_layer.register_fake
def _(rows, indices, weight, kind, hard, factor, deterministic):
    n_gates = weight.shape[0]
    soft = torch.empty(n_gates, 4, dtype=torch.float32, device=rows.device)
    return rows.new_empty(n_gates, rows.shape[1]), soft


@triton_layer_backward.register_fake
def _(grad, rows, indices, weight, soft, kind, hard, factor, deterministic, wants):
    wants_rows, wants_weight = wants
    grad_rows = rows.new_empty(rows.shape if wants_rows else (0,))
    return grad_rows, weight.new_empty(weight.shape if wants_weight else (0,))


def _setup_context(ctx, inputs, output) -> None:
    rows, indices, weight, *settings = inputs
    ctx.save_for_backward(rows, indices, weight, output[1])
    ctx.settings = settings
    ctx.mark_non_differentiable(output[1])
    ctx.set_materialize_grads(False)


def _backward(ctx, grad, _):
    if grad is None:
        return (None,) * 7
    wants = ctx.needs_input_grad[0], ctx.needs_input_grad[2]
    rows, weight = torch.ops.gategrad.triton_layer_backward(
        grad, *ctx.saved_tensors, *ctx.settings, wants
    )
    return rows if wants[0] else None, None, weight if wants[1] else None, None, None, None, None


triton_layer.register_autograd(_backward, setup_context=_setup_context)
triton_layer_backward.register_autograd(no_second_derivative)
