"""Candidates for learned wiring: the wires (2, out_dim, K) that each pin chooses among."""

from collections.abc import Sequence

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from gategrad.nn.wiring.connections.local import active_mask, planes_of_image

ALL = "all"
DEFAULT_CANDIDATES = 16
# Half the side of the windows of local candidates: 7x7 pixels.
DEFAULT_CANDIDATE_RADIUS = 3
_GATES_AT_ONCE = 1 << 13


def random_candidates(
    in_dim: int, out_dim: int, count: int | str, generator: torch.Generator, *, pins: int = 2
) -> Tensor:
    """Candidates (pins, out_dim, count) int64, those of a pin all different.

    How often two wires are candidates differs by at most one; every wire is one when
    pins * out_dim * count >= in_dim. "all" gives every wire to every pin, in order.

    Raises:
        ValueError: count is neither "all" nor an integer from 1 to in_dim.
    """
    count = in_dim if count == ALL else _checked(count, in_dim)
    if count == in_dim:
        return torch.arange(in_dim).repeat(pins, out_dim, 1)
    rows = pins * out_dim
    stream = _stream(in_dim, rows * count, count, generator).view(rows, count)
    return stream[torch.randperm(rows, generator=generator)].view(pins, out_dim, count)


def local_candidates(
    in_dim: int,
    out_dim: int,
    count: int,
    image_shape: Sequence[int],
    radius: int,
    active: Tensor | ArrayLike | None,
    generator: torch.Generator,
    *,
    pins: int = 2,
) -> Tensor:
    """Candidates (pins, out_dim, count) int64 from one window of an image a gate.

    Each gate has a centre, an active pixel; centres are balanced over them. All its pins draw from
    the active inputs at most `radius` rows and columns from the centre, in any plane. The wires of
    a pin differ, unless the window has fewer: then it lists them over again.

    Raises:
        ValueError: "all", a count below 1, or sizes that do not fit; see `local_connections`.
        TypeError: active is not bool.
    """
    if count == ALL:
        raise ValueError('candidates="all" has no window; leave image_shape out, or give a number')
    count = _checked(count, None)
    mask = active_mask(active, planes_of_image(image_shape, in_dim, radius))
    positions = mask.any(0).flatten().nonzero()[:, 0]
    place = torch.randperm(out_dim, generator=generator) % len(positions)
    centres = positions[torch.randperm(len(positions), generator=generator)[place]]
    parts = [
        _window_draws(part, mask, radius, count, pins, generator)
        for part in centres.split(_GATES_AT_ONCE)
    ]
    return torch.cat(parts, dim=1)


def _checked(count: int | str, in_dim: int | None) -> int:
    bad = isinstance(count, bool) or not hasattr(count, "__index__") or count < 1
    if bad or (in_dim is not None and count > in_dim):
        most = "" if in_dim is None else f" to {in_dim}, the number of wires"
        raise ValueError(f'candidates must be "all" or an integer from 1{most}, got {count!r}')
    return count.__index__()


def _stream(in_dim: int, n: int, count: int, generator: torch.Generator) -> Tensor:
    """Random permutations of the wires end to end, (n,).

    No run of `count` that starts at a multiple of it has a wire twice.
    """
    parts: list[Tensor] = []
    for start in range(0, n, in_dim):
        order = torch.randperm(in_dim, generator=generator)
        n_open = start % count  # wires of a run that the permutation before has begun
        if n_open:
            taken = torch.zeros(in_dim, dtype=torch.bool)
            taken[parts[-1][in_dim - n_open :]] = True
            free = (~taken[order]).nonzero()[: count - n_open, 0]
            rest = torch.ones(in_dim, dtype=torch.bool)
            rest[free] = False
            order = torch.cat([order[free], order[rest]])
        parts.append(order)
    return torch.cat(parts)[:n]


def _window_draws(
    centres: Tensor, mask: Tensor, radius: int, count: int, pins: int, generator: torch.Generator
) -> Tensor:
    planes, height, width = mask.shape
    steps = torch.arange(-radius, radius + 1)
    plane, row, column = torch.meshgrid(torch.arange(planes), steps, steps, indexing="ij")
    rows = (centres // width)[:, None] + row.flatten()
    columns = (centres % width)[:, None] + column.flatten()
    wires = (plane.flatten() * height + rows) * width + columns
    fits = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    fits &= mask.flatten()[wires.clamp(0, mask.numel() - 1)]
    counts = fits.sum(1, keepdim=True)
    keys = torch.rand(pins, *wires.shape, generator=generator).masked_fill_(~fits, 2.0)
    order = keys.argsort(dim=2).gather(2, (torch.arange(count) % counts).expand(pins, -1, -1))
    return wires.expand(pins, -1, -1).gather(2, order)
