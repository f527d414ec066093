"""Expected live gates of convolutions and pools, whose trees are at every position."""

import torch
from torch import Tensor

from gategrad.nn.layers.conv.layer import LogicConv2d
from gategrad.nn.layers.conv.pool import OrPool2d
from gategrad.nn.measures.need import any_of, refuse_more_inputs
from gategrad.nn.measures.operand_use import operand_use

Shape = tuple[int, int, int]


def through_conv(layer: LogicConv2d, need: Tensor | None) -> tuple[Tensor, Tensor]:
    """Expected live gates of all positions, and the need of the input's pixels, flat.

    A gate that reads beyond the border has one operand or none, and isn't live.

    Raises:
        ValueError: gates of more than two inputs.
    """
    refuse_more_inputs(layer.inputs)
    about, bank = layer.describe(), layer.bank
    both, either = operand_use(bank)
    rows = layer.pixels().view(about.leaves, -1)
    inside = (rows < about.n_in).view(-1, 2, rows.shape[1]).all(1)
    need = both.new_ones(about.n_out) if need is None else need.to(both.dtype)
    need, total = need.view(1, -1), both.new_zeros(())
    last = about.n_gates
    for level in reversed(range(about.depth)):
        first = last - len(need) * about.out_channels
        live = need * _over_positions(both[first:last], about.positions).view_as(need)
        total = total + (live if level else live * inside).sum()
        use = _over_positions(either[:, first:last].t(), about.positions)
        read = need[:, :, None] * use.view(*need.shape, 2)
        # Pin j of node n is what reads node, or leaf, 2 n + j.
        need, last = read.transpose(1, 2).reshape(-1, need.shape[1]), first
    pixels = any_of(need.flatten(), rows.flatten(), about.n_in + 1)
    return total, pixels[:-1]


def through_pool(pool: OrPool2d, shape: Shape, need: Tensor | None) -> tuple[Tensor, Tensor]:
    """The same of the OR gates of a pool over images of `shape`."""
    windows = pool.windows(shape)
    count, pixels = windows.shape[:-1].numel(), windows.shape[-1]
    need = torch.ones(count) if need is None else need
    read = need[:, None].expand(-1, pixels).flatten()
    total = (pixels - 1) * need.sum()
    return total, any_of(read, windows.to(need.device).flatten(), shape[0] * shape[1] * shape[2])


def _over_positions(numbers: Tensor, positions: int) -> Tensor:
    return numbers.repeat_interleave(positions, 0)
