"""unique wiring for gates with more than two pins: different sets of wires, balanced."""

from math import comb

import torch
from torch import Tensor

from gategrad.nn.wiring.connections.random import shuffled_pins

# Shapes are listed, not drawn, where that many times the gates wanted make up all sets.
_LISTED = 4


def unique_sets(in_dim: int, out_dim: int, pins: int, generator: torch.Generator) -> Tensor:
    """Random wires (pins, out_dim) int64 of different unordered sets, `pins` wires in each.

    Wires lie on a circle in random order. A shape, the gaps from wire to wire around the circle,
    can start at every wire: sets that use every wire equally often. Whole shapes are drawn until
    the rest is less than one; the rest are runs of neighbours, one after the other around the
    circle. So fan-outs differ by at most one, every wire is used when pins * out_dim >= in_dim,
    and out_dim may be as large as the number of sets.

    Raises:
        ValueError: there are fewer than out_dim sets.
    """
    n_sets = comb(in_dim, pins)
    if out_dim > n_sets:
        raise ValueError(
            f'connections="unique" can\'t give {out_dim} gates different sets of {pins} of '
            f"{in_dim} wires: there are {n_sets}; use at most {n_sets} gates or "
            'connections="random"'
        )
    listed = n_sets <= _LISTED * out_dim
    shapes = _all_shapes(in_dim, pins) if listed else _draw(in_dim, out_dim, pins, generator)
    shapes = shapes[torch.randperm(len(shapes), generator=generator)]
    sets, left = [], out_dim
    for shape, size in zip(shapes, _sizes(shapes), strict=True):
        if size <= left:
            starts = torch.arange(size)
            sets.append(starts[:, None] + _offsets(shape))
            left -= size
    sets.append(_runs(in_dim, pins)[:left, None] + torch.arange(pins))
    circle = torch.randperm(in_dim, generator=generator)
    wires = circle[torch.cat(sets) % in_dim]
    return shuffled_pins(wires[torch.randperm(out_dim, generator=generator)], generator)


def _all_shapes(in_dim: int, pins: int) -> Tensor:
    """Every shape but the run of neighbours, (n, pins), in the form that `_canonical` gives it."""
    rest = torch.combinations(torch.arange(1, in_dim), pins - 1)
    return _others(_canonical(_gaps(rest, in_dim)))


def _draw(in_dim: int, out_dim: int, pins: int, generator: torch.Generator) -> Tensor:
    """Enough random shapes for out_dim sets, different ones, in an order of no meaning."""
    wanted = out_dim // in_dim
    shapes = torch.empty(0, pins, dtype=torch.int64)
    while len(shapes) < wanted:
        # Draws are cheap, and those with a wire twice are left out.
        drawn = torch.randint(1, in_dim, (2 * wanted + 16, pins - 1), generator=generator)
        rest = drawn.sort(dim=1).values
        rest = rest[(rest.diff(dim=1) > 0).all(1)]
        shapes = _others(_canonical(torch.cat([shapes, _gaps(rest, in_dim)])))
    # Of those that are there, all are alike, except that few are short; take no more than needed.
    return shapes


def _gaps(rest: Tensor, in_dim: int) -> Tensor:
    """Gaps (n, pins) of the sets {0, *rest}, rest (n, pins - 1) ascending."""
    ends = torch.nn.functional.pad(rest, (1, 0))
    return torch.nn.functional.pad(ends, (0, 1), value=in_dim).diff(dim=1)


def _canonical(gaps: Tensor) -> Tensor:
    """Different shapes, each with the smallest of its rotations, sorted."""
    best = gaps
    for shift in range(1, gaps.shape[1]):
        turned = gaps.roll(shift, dims=1)
        best = torch.where(_less(turned, best)[:, None], turned, best)
    return best.unique(dim=0)


def _less(a: Tensor, b: Tensor) -> Tensor:
    """Whether rows of `a` come before those of `b`."""
    first = (a != b).int().argmax(dim=1, keepdim=True)
    return (a.gather(1, first) < b.gather(1, first))[:, 0]


def _others(shapes: Tensor) -> Tensor:
    """Without the run of neighbours."""
    return shapes[(shapes[:, :-1] > 1).any(1)]


def _sizes(shapes: Tensor) -> list[int]:
    """Sets of each shape: one a wire, or fewer where turning by some gaps gives the same."""
    in_dim, pins = shapes[:1].sum(), shapes.shape[1]
    sizes = torch.full((len(shapes),), int(in_dim))
    for period in range(pins - 1, 0, -1):
        if pins % period == 0:
            same = (shapes.roll(period, dims=1) == shapes).all(1)
            sizes[same] = int(in_dim) * period // pins
    return sizes.tolist()


def _offsets(shape: Tensor) -> Tensor:
    return torch.nn.functional.pad(shape.cumsum(0)[:-1], (1, 0))


def _runs(in_dim: int, pins: int) -> Tensor:
    """Starts of runs of neighbours, each run beginning where the one before ends."""
    if in_dim == pins:
        return torch.zeros(1, dtype=torch.int64)
    starts = torch.arange(in_dim) * pins
    # After each lap that ends where it began, one further on.
    lap = in_dim // torch.gcd(torch.tensor(in_dim), torch.tensor(pins))
    return (starts + torch.arange(in_dim) // lap) % in_dim
