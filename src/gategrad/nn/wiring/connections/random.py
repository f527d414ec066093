"""random: independent pins with balanced fan-out."""

import torch
from torch import Tensor

from gategrad.nn.wiring.connections.candidates import random_candidates


def random_connections(
    in_dim: int, out_dim: int, generator: torch.Generator, *, pins: int = 2
) -> Tensor:
    """Random wires (pins, out_dim) int64 with different pins a gate.

    The fan-outs of any two wires differ by at most one; every wire is used when
    pins * out_dim >= in_dim. Two gates may read the same wires.

    Raises:
        ValueError: in_dim is below the number of pins.
    """
    if in_dim < pins:
        raise ValueError(
            f'connections="random" needs in_dim of at least {pins} for {pins} different pins, '
            f"got {in_dim}"
        )
    if pins > 2:
        sets = random_candidates(in_dim, out_dim, pins, generator, pins=1)[0]
        return shuffled_pins(sets, generator)
    if in_dim == 2:
        first = torch.randint(2, (out_dim,), generator=generator)
        return torch.stack([first, 1 - first])
    pins = _balanced_pins(in_dim, 2 * out_dim, generator).view(2, out_dim)
    _separate(pins, generator)
    return pins


def shuffled_pins(sets: Tensor, generator: torch.Generator) -> Tensor:
    """Wires (pins, out_dim) from the sets (out_dim, pins) of gates, in random order each."""
    order = torch.rand(sets.shape, generator=generator).argsort(dim=1)
    return sets.gather(1, order).t().contiguous()


def _balanced_pins(in_dim: int, n_pins: int, generator: torch.Generator) -> Tensor:
    """Each wire floor or ceil(n_pins / in_dim) times, in random order."""
    order = torch.randperm(in_dim, generator=generator)
    return order[torch.randperm(n_pins, generator=generator) % in_dim]


def _separate(pins: Tensor, generator: torch.Generator) -> None:
    """Swap second pins between gates, in place, until no gate reads one wire twice.

    For a gate that reads wire w twice, a partner that does not read w always exists: w has at most
    ceil(2 n / in_dim) <= n pins among n gates.
    """
    first, second = pins
    while len(twins := (first == second).nonzero()[:, 0]):
        partner = torch.randint(pins.shape[1], twins.shape, generator=generator)
        wire = first[twins]
        fits = (first[partner] != wire) & (second[partner] != wire)
        fits &= _occurs_once(partner) & ~torch.isin(twins, partner)
        twins, partner = twins[fits], partner[fits]
        second[twins], second[partner] = second[partner], second[twins]


def _occurs_once(values: Tensor) -> Tensor:
    _, inverse, counts = values.unique(return_inverse=True, return_counts=True)
    return counts[inverse] == 1
