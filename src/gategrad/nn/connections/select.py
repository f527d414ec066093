"""Choose a wiring by name, or take the user's own."""

from collections.abc import Sequence

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from gategrad.nn.checks import known_name
from gategrad.nn.connections.given import given_connections
from gategrad.nn.connections.local import DEFAULT_RADIUS, local_connections
from gategrad.nn.connections.random import random_connections
from gategrad.nn.connections.unique import unique_connections

CONNECTIONS = ("random", "unique", "local")

Connections = str | Tensor | ArrayLike
Active = Tensor | ArrayLike


def connect(
    connections: Connections,
    in_dim: int,
    out_dim: int,
    *,
    image_shape: Sequence[int] | None = None,
    radius: int | None = None,
    active: Active | None = None,
    generator: torch.Generator,
) -> Tensor:
    """Wires (2, out_dim) int64 of `out_dim` gates over `in_dim` inputs.

    Args:
        connections: "random", "unique", "local", or integers (2, out_dim) of one's own.
        in_dim: number of wires to choose from.
        out_dim: number of gates.
        image_shape: only for "local", and needed there.
        radius: only for "local".
        active: only for "local".
        generator: source of every draw.

    Raises:
        ValueError: an unknown name, an option of another wiring, or a wiring that is impossible.
    """
    if not isinstance(connections, str):
        _refuse_local_options("given wires", image_shape, radius, active)
        return given_connections(connections, in_dim, out_dim)
    known_name("connections", connections, CONNECTIONS)
    if connections == "local":
        if image_shape is None:
            raise ValueError(
                'connections="local" needs image_shape, the (channels, height, width) or '
                "(height, width) of the input"
            )
        radius = DEFAULT_RADIUS if radius is None else radius
        return local_connections(in_dim, out_dim, image_shape, radius, active, generator)
    _refuse_local_options(f'connections="{connections}"', image_shape, radius, active)
    wire = random_connections if connections == "random" else unique_connections
    return wire(in_dim, out_dim, generator)


def _refuse_local_options(chosen: str, image_shape: object, radius: object, active: object) -> None:
    options = {"image_shape": image_shape, "radius": radius, "active": active}
    for name, value in options.items():
        if value is not None:
            raise ValueError(f'{name} applies only to connections="local", not to {chosen}')
