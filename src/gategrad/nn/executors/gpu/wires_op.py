"""The kernels of learned wires as torch operations, with fake tensors and gradients."""

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

from gategrad.nn.checks import no_second_derivative, refuse_second_derivative
from gategrad.nn.executors.gpu import tiles
from gategrad.nn.executors.gpu.inverse import readers_of, wires_of
from gategrad.nn.executors.gpu.wires_kernels import pins_forward, pins_gather, pins_share_gradient


def forward(rows: Tensor, candidates: Tensor, share: Tensor) -> Tensor:
    """What the pins read, (pins, batch) in the rows' dtype.

    Args:
        rows: (wires, batch).
        candidates: (pins, K) integers.
        share: (pins, K) float32, of the candidates: a softmax, or 1 for the chosen one, 0 else.
    """
    rows, share = rows.contiguous(), share.contiguous()
    batch, (n_pins, n_candidates) = rows.shape[1], share.shape
    out = rows.new_empty(n_pins, batch)
    if batch == 0:
        return out
    block_p, block_b = tiles.tile(n_pins, batch)
    n_parts = tiles.blocks(batch, block_b)
    with torch.cuda.device_of(rows):
        pins_forward[(tiles.blocks(n_pins, block_p) * n_parts,)](
            rows, wires_of(candidates), share, out, n_pins, batch, n_parts,
            K=n_candidates, BLOCK_P=block_p, BLOCK_B=block_b, num_warps=tiles.WARPS,
        )  # fmt: skip
    return out


def backward(
    grad: Tensor,
    rows: Tensor,
    candidates: Tensor,
    share: Tensor,
    factor: float,
    wants_rows: bool,
    wants_share: bool,
) -> tuple[Tensor, Tensor]:
    """Gradients of rows, through the shares that the pins read by, and of any shares.

    `factor` multiplies that of the rows; the other arguments are those of `forward`.
    """
    grad, rows, share = grad.to(rows.dtype).contiguous(), rows.contiguous(), share.contiguous()
    (n_wires, batch), (n_pins, n_candidates) = rows.shape, share.shape
    grad_rows = rows.new_empty(rows.shape if wants_rows else (0,))
    grad_share = share.new_empty(share.shape if wants_share else (0,))
    if batch == 0:
        return grad_rows, grad_share.zero_()
    with torch.cuda.device_of(rows):
        if wants_share:
            block_p, block_b = tiles.tile(n_pins, batch)
            pins_share_gradient[(tiles.blocks(n_pins, block_p) * n_candidates,)](
                grad, rows, wires_of(candidates), grad_share, n_pins, batch,
                K=n_candidates, BLOCK_P=block_p, BLOCK_B=block_b, num_warps=tiles.WARPS,
            )  # fmt: skip
        if wants_rows:
            block_p, block_b = tiles.tile(n_wires, batch)
            n_parts = tiles.blocks(batch, block_b)
            readers = readers_of(candidates, n_wires)
            pins_gather[(tiles.blocks(n_wires, block_p) * n_parts,)](
                grad, share, *readers, grad_rows, n_wires, batch, n_parts,
                factor, K=n_candidates, BLOCK_P=block_p, BLOCK_B=block_b, num_warps=tiles.WARPS,
            )  # fmt: skip
    return grad_rows, grad_share


class EagerWires(torch.autograd.Function):
    """`triton_wires` without the operator around it; the same arguments."""

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        rows: Tensor,
        candidates: Tensor,
        share: Tensor,
        read_by: Tensor,
        factor: float,
    ) -> Tensor:
        """As `triton_wires`."""
        ctx.save_for_backward(rows, candidates, read_by)
        ctx.factor = factor
        return forward(rows, candidates, read_by)

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, ...]:
        """As `backward`."""
        refuse_second_derivative()
        wants = ctx.needs_input_grad[0], ctx.needs_input_grad[2]
        rows, share = backward(grad, *ctx.saved_tensors, ctx.factor, *wants)
        return rows if wants[0] else None, None, share if wants[1] else None, None, None


@torch.library.custom_op("gategrad::triton_wires", mutates_args=())
def triton_wires(
    rows: Tensor, candidates: Tensor, share: Tensor, read_by: Tensor, factor: float
) -> Tensor:
    """As `forward` with `read_by`; the gradient of the shares goes to `share`."""
    return forward(rows, candidates, read_by)


@torch.library.custom_op("gategrad::triton_wires_backward", mutates_args=())
def triton_wires_backward(
    grad: Tensor, rows: Tensor, candidates: Tensor, read_by: Tensor,
    factor: float, wants_rows: bool, wants_share: bool,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """As `backward`."""
    return backward(grad, rows, candidates, read_by, factor, wants_rows, wants_share)


@triton_wires.register_fake
def _(rows, candidates, share, read_by, factor):
    return rows.new_empty(share.shape[0], rows.shape[1])


@triton_wires_backward.register_fake
def _(grad, rows, candidates, read_by, factor, wants_rows, wants_share):
    grad_rows = rows.new_empty(rows.shape if wants_rows else (0,))
    return grad_rows, read_by.new_empty(read_by.shape if wants_share else (0,))


def _setup_context(ctx, inputs, output) -> None:
    rows, candidates, _, read_by, factor = inputs
    ctx.save_for_backward(rows, candidates, read_by)
    ctx.factor = factor


def _backward(ctx, grad):
    wants = ctx.needs_input_grad[0], ctx.needs_input_grad[2]
    rows, share = torch.ops.gategrad.triton_wires_backward(
        grad, *ctx.saved_tensors, ctx.factor, *wants
    )
    return rows if wants[0] else None, None, share if wants[1] else None, None, None


triton_wires.register_autograd(_backward, setup_context=_setup_context)
triton_wires_backward.register_autograd(no_second_derivative)
