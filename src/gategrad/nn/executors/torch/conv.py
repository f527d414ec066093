"""Convolutions in plain torch: dense layers whose gates share weights over positions.

What the leaves read is one row each and position, (leaves * out_channels * positions) of them, and
a level of the trees is one layer of gates with the weights of `nodes * out_channels` repeated over
positions. Rows are features-major, (channels * height * width, batch), and so are results.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from gategrad.nn.executors.description import ConvDescription
from gategrad.nn.executors.torch.polynomial import gate_polynomials
from gategrad.nn.executors.torch.table_gates import table_gates


def trees(
    description: ConvDescription,
    rows: Tensor,
    wires: Tensor,
    gates: tuple[Tensor, Tensor],
    *,
    grad_factor: float | None = None,
) -> Tensor:
    """The trees of every position, level by level; memory for all nodes of all positions.

    Args:
        description: of the convolution.
        rows: (n, batch) that leaves read, in the dtype of the gates.
        wires: rows of each leaf, (leaves, out_channels, positions).
        gates: forward and soft numbers of all gates, coefficients (n_gates, 4) or entries
            (n_gates, 2**inputs), as `GateBank.coefficients` and `entries` give them.
        grad_factor: on the gradient of the rows, in the place of the description's.

    Returns:
        (out_channels * positions, batch), contiguous.
    """
    factor = description.grad_factor if grad_factor is None else grad_factor
    compute = _tables if description.weights.of_tables else _polynomials
    first = 0
    for level in range(description.depth):
        nodes = 1 << (description.depth - 1 - level)
        pins = description.inputs if level == 0 else 2
        last = first + nodes * description.out_channels
        shared = [_over_positions(part[first:last], description.positions) for part in gates]
        read = wires.reshape(nodes, pins, -1).transpose(0, 1).reshape(pins, -1)
        rows = compute(rows, read, shared, factor, description.smoothing)
        wires, first, factor = torch.arange(len(rows), device=rows.device), last, 1.0
    return rows


def rows_of_leaves(description: ConvDescription, wires: Tensor, zero: int) -> Tensor:
    """Rows (..., positions) that places of the field (...) are at every position.

    Args:
        description: of the convolution.
        wires: places in the receptive field.
        zero: what stands for places beyond the border.
    """
    kernel_y, kernel_x = description.kernel
    channel = wires // (kernel_y * kernel_x)
    dy, dx = wires // kernel_x % kernel_y, wires % kernel_x
    y = _along(description, dy, 0)[..., :, None]
    x = _along(description, dx, 1)[..., None, :]
    inside = (y >= 0) & (y < description.height) & (x >= 0) & (x < description.width)
    rows = (channel[..., None, None] * description.height + y) * description.width + x
    return torch.where(inside, rows, zero).flatten(-2)


def bordered(description: ConvDescription, rows: Tensor) -> Tensor:
    """Rows with one of zeros behind them, which leaves beyond the border read, if any do."""
    if description.padding == (0, 0):
        return rows
    return torch.cat([rows, rows.new_zeros(1, rows.shape[1])])


def _along(description: ConvDescription, steps: Tensor, axis: int) -> Tensor:
    """Rows or columns (..., size) of the image that steps into the field are at each position."""
    starts = torch.arange(description.out_size[axis], device=steps.device)
    starts = starts * description.stride[axis] - description.padding[axis]
    return steps[..., None] + starts


def _over_positions(numbers: Tensor, positions: int) -> Tensor:
    """(gates * positions, ...), those of a gate following each other."""
    return numbers[:, None].expand(-1, positions, -1).reshape(-1, numbers.shape[1])


def _polynomials(
    rows: Tensor, wires: Tensor, gates: Sequence[Tensor], factor: float, smoothing: float
) -> Tensor:
    return gate_polynomials(rows, wires, *gates, factor)


def _tables(
    rows: Tensor, wires: Tensor, gates: Sequence[Tensor], factor: float, smoothing: float
) -> Tensor:
    return table_gates(rows, wires, *gates, factor, smoothing)
