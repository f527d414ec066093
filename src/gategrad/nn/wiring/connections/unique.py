"""unique: no two gates read the same wires."""

import torch
from torch import Tensor

from gategrad.nn.wiring.connections.unique_sets import unique_sets


def unique_connections(
    in_dim: int, out_dim: int, generator: torch.Generator, *, pins: int = 2
) -> Tensor:
    """Random wires (pins, out_dim) int64 whose unordered sets all differ.

    For pairs: wires lie on a circle in random order. A distance s joins each wire with the one s
    places on: in_dim different pairs that use every wire twice. Whole distances are drawn until
    the rest is less than one; the rest are steps of distance 1, every other step first. So fan-outs
    differ by at most one, also those of either pin alone; every wire is used when
    2 * out_dim >= in_dim; out_dim may be as large as in_dim (in_dim - 1) / 2; and time and memory
    are linear in in_dim + out_dim. The order of gates is random. `unique_sets` does the same for
    more pins.

    Raises:
        ValueError: there are fewer than out_dim sets.
    """
    if pins > 2:
        return unique_sets(in_dim, out_dim, pins, generator)
    n_pairs = in_dim * (in_dim - 1) // 2
    if out_dim > n_pairs:
        raise ValueError(
            f'connections="unique" can\'t give {out_dim} gates different pairs of {in_dim} wires: '
            f'there are {n_pairs}; use at most {n_pairs} gates or connections="random"'
        )
    starts, distances = _places(in_dim, out_dim, generator)
    circle = torch.randperm(in_dim, generator=generator)
    pairs = torch.stack([circle[starts], circle[(starts + distances) % in_dim]])
    return pairs[:, torch.randperm(out_dim, generator=generator)]


def _places(in_dim: int, out_dim: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Starts and distances (out_dim,) of the pairs on the circle."""
    n_whole, n_rest = divmod(out_dim, in_dim)
    n_distances = (in_dim - 1) // 2
    if n_whole == n_distances:  # what is left of an even circle: its in_dim / 2 diameters
        distances = torch.arange(1, n_distances + 1)
        rest, rest_distance = torch.randperm(in_dim // 2, generator=generator), in_dim // 2
    else:
        distances = 2 + torch.randperm(n_distances - 1, generator=generator)[:n_whole]
        rest, rest_distance = _every_other_first(in_dim), 1
    starts = torch.cat([torch.arange(in_dim).repeat(n_whole), rest[:n_rest]])
    whole = distances.repeat_interleave(in_dim)
    return starts, torch.cat([whole, torch.full((n_rest,), rest_distance)])


def _every_other_first(in_dim: int) -> Tensor:
    return torch.cat([torch.arange(0, in_dim, 2), torch.arange(1, in_dim, 2)])
