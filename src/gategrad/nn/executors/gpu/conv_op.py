"""Levels of a convolution's trees on the Triton kernels, each one node of the autograd graph.

Rows are features-major, (pixels, batch). What passes from level to level is kept for the backward
pass, as plain torch keeps it; weights and wiring are one set for all positions.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

from gategrad.nn.checks import refuse_second_derivative
from gategrad.nn.executors.description import ConvDescription
from gategrad.nn.executors.gpu import tiles
from gategrad.nn.executors.gpu.conv_kernels import (
    leaves_gather,
    level_forward,
    level_statistics,
)
from gategrad.nn.executors.gpu.inverse import readers_of, wires_of


class _Level(NamedTuple):
    """A level as kernels are told of it; `leaves` (pins, out_channels), of the first one only."""

    about: ConvDescription
    leaves: Tensor | None
    factor: float

    @property
    def window(self) -> tuple[int, ...]:
        """Sizes in the kernels' order."""
        about = self.about
        sizes = (about.height, about.width, about.out_size[1])
        return (*sizes, *about.kernel, *about.stride, *about.padding)

    def wires(self, like: Tensor) -> Tensor:
        """The leaves in 32 bits, or for later levels anything."""
        return like if self.leaves is None else wires_of(self.leaves)


def tree_levels(
    about: ConvDescription, rows: Tensor, wires: Tensor, gates: tuple[Tensor, Tensor]
) -> Tensor:
    """The trees at all positions, (out_channels * positions, batch).

    Args:
        about: the convolution, of two-input gates with fixed wiring.
        rows: (pixels, batch) float32, bfloat16 or float16.
        wires: places in the field, (leaves, out_channels).
        gates: coefficients (n_gates, 4) to compute with and to differentiate.
    """
    forward, soft = (numbers.float() for numbers in gates)
    first = 0
    for level in range(about.depth):
        last = first + (about.out_channels << (about.depth - 1 - level))
        own = _Level(about, wires, about.grad_factor) if level == 0 else _Level(about, None, 1.0)
        rows = _TreeLevel.apply(rows, forward[first:last], soft[first:last], own)
        first = last
    return rows


class _TreeLevel(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: FunctionCtx, rows: Tensor, forward: Tensor, soft: Tensor, level: _Level
    ) -> Tensor:
        rows, soft = rows.contiguous(), soft.contiguous()
        ctx.save_for_backward(rows, soft)
        ctx.level = level
        out = rows.new_empty(len(soft) * level.about.positions, rows.shape[1])
        if rows.shape[1]:
            _each_output(level, rows, forward.contiguous(), out, rows, slopes=False)
        return out

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, ...]:
        refuse_second_derivative()
        rows, soft = ctx.saved_tensors
        level, grad = ctx.level, grad.to(rows.dtype).contiguous()
        wants_rows, _, wants_soft, _ = ctx.needs_input_grad
        if not rows.shape[1]:
            return torch.zeros_like(rows), None, torch.zeros_like(soft), None
        grad_soft = _statistics(level, grad, rows, len(soft)) if wants_soft else None
        grad_rows = torch.empty_like(rows) if wants_rows else None
        if wants_rows and level.leaves is not None:
            _gather(level, grad, rows, soft, grad_rows)
        elif wants_rows:
            _each_output(level, rows, soft, grad, grad_rows, slopes=True)
        return grad_rows, None, grad_soft, None


def _each_output(
    level: _Level, rows: Tensor, coefficients: Tensor, out: Tensor, grad: Tensor, *, slopes: bool
) -> None:
    about, (n_rows, batch) = level.about, out.shape
    block_g, block_b = tiles.tile(n_rows, batch)
    n_parts = tiles.blocks(batch, block_b)
    with torch.cuda.device_of(rows):
        level_forward[(tiles.blocks(n_rows, block_g) * n_parts,)](
            rows, level.wires(rows), coefficients, out, grad, len(coefficients), about.positions,
            batch, n_parts, about.out_channels, *level.window,
            LEAVES=level.leaves is not None, SLOPES=slopes, BLOCK_G=block_g, BLOCK_B=block_b,
            num_warps=tiles.WARPS,
        )  # fmt: skip


def _statistics(level: _Level, grad: Tensor, rows: Tensor, n_gates: int) -> Tensor:
    """Gradient of the coefficients (n_gates, 4), sums in a fixed order."""
    about, batch = level.about, rows.shape[1]
    block_p, block_b = tiles.tile(about.positions, batch)
    n_splits = tiles.splits(n_gates, tiles.blocks(about.positions, block_p))
    parts = torch.empty(n_splits, n_gates, 4, dtype=torch.float32, device=rows.device)
    with torch.cuda.device_of(rows):
        level_statistics[(n_gates * n_splits,)](
            grad, rows, level.wires(rows), parts, n_gates, about.positions, batch, n_splits,
            about.out_channels, *level.window,
            LEAVES=level.leaves is not None, BLOCK_P=block_p, BLOCK_B=block_b,
            num_warps=tiles.WARPS,
        )  # fmt: skip
    return parts.sum(0)


def _gather(level: _Level, grad: Tensor, rows: Tensor, soft: Tensor, out: Tensor) -> None:
    about, (n_rows, batch) = level.about, rows.shape
    readers = readers_of(level.leaves, about.field)
    block_g, block_b = tiles.tile(n_rows, batch)
    n_parts = tiles.blocks(batch, block_b)
    with torch.cuda.device_of(rows):
        leaves_gather[(tiles.blocks(n_rows, block_g) * n_parts,)](
            grad, rows, level.wires(rows), soft, *readers, out, about.positions, n_rows, batch,
            n_parts, about.out_channels, about.out_size[0], *level.window, level.factor,
            BLOCK_G=block_g, BLOCK_B=block_b, num_warps=tiles.WARPS,
        )  # fmt: skip
