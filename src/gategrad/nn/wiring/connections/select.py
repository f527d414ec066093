"""Choose a wiring by name, or take the user's own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from gategrad.nn.checks import known_name
from gategrad.nn.wiring.connections.candidates import (
    DEFAULT_CANDIDATE_RADIUS,
    DEFAULT_CANDIDATES,
    local_candidates,
    random_candidates,
)
from gategrad.nn.wiring.connections.given import given_candidates, given_connections
from gategrad.nn.wiring.connections.local import DEFAULT_RADIUS, local_connections
from gategrad.nn.wiring.connections.random import random_connections
from gategrad.nn.wiring.connections.structured import structured_connections
from gategrad.nn.wiring.connections.unique import unique_connections

CONNECTIONS = ("random", "unique", "local", "structured", "learned")

Connections = str | Tensor | ArrayLike | Callable[[int, int, torch.Generator], Tensor | ArrayLike]
Active = Tensor | ArrayLike

# The wirings that each option is for.
_OPTIONS = {
    "image_shape": ("local", "structured", "learned"),
    "radius": ("local", "structured", "learned"),
    "active": ("local", "structured", "learned"),
    "thresholds": ("structured",),
    "candidates": ("learned",),
    "wire_estimator": ("learned",),
}


@dataclass(frozen=True)
class WiringOptions:
    """What only some wirings have a use for; None: not given.

    Attributes:
        image_shape: for "local" and "structured", which need it, and "learned".
        radius: for the same, with an image_shape.
        active: for the same, with an image_shape.
        thresholds: only for "structured"; 1 without it.
        candidates: only for "learned": how many a pin, or "all"; or the wires themselves, integers
            (pins, out_dim, K).
        wire_estimator: only for "learned"; `connect` only refuses it elsewhere.
    """

    image_shape: Sequence[int] | None = None
    radius: int | None = None
    active: Active | None = None
    thresholds: int | None = None
    candidates: int | str | Tensor | ArrayLike | None = None
    wire_estimator: str | None = None


def connect(
    connections: Connections,
    in_dim: int,
    out_dim: int,
    options: WiringOptions | None = None,
    *,
    pins: int = 2,
    generator: torch.Generator,
) -> Tensor:
    """Wires (pins, out_dim) int64 of `out_dim` gates over `in_dim` inputs, or their candidates.

    Args:
        connections: one of `CONNECTIONS`, or integers (pins, out_dim) of one's own, or a function
            `(in_dim, out_dim, generator)` that gives such integers.
        in_dim: number of wires to choose from.
        out_dim: number of gates.
        options: of the wiring.
        pins: of a gate.
        generator: source of every draw.

    Returns:
        (pins, out_dim); for "learned" the candidates (pins, out_dim, K).

    Raises:
        ValueError: an unknown name, an option of another wiring, or a wiring that is impossible.
    """
    name, own = None, options or WiringOptions()
    if isinstance(connections, str):
        name = known_name("connections", connections, CONNECTIONS)
    _refuse_options_of_others(name, own)
    if callable(connections):
        connections = connections(in_dim, out_dim, generator)
    if name is None:
        return given_connections(connections, in_dim, out_dim, pins=pins)
    if name == "learned":
        return _candidates(in_dim, out_dim, own, pins, generator)
    if name in ("random", "unique"):
        wire = random_connections if name == "random" else unique_connections
        return wire(in_dim, out_dim, generator, pins=pins)
    radius = DEFAULT_RADIUS if own.radius is None else own.radius
    if name == "local":
        image = (own.image_shape, radius, own.active)
        return local_connections(in_dim, out_dim, *image, generator, pins=pins)
    thresholds = 1 if own.thresholds is None else own.thresholds
    image = (own.image_shape, thresholds, radius, own.active)
    return structured_connections(in_dim, out_dim, *image, generator, pins=pins)


def _candidates(
    in_dim: int, out_dim: int, own: WiringOptions, pins: int, generator: torch.Generator
) -> Tensor:
    count = DEFAULT_CANDIDATES if own.candidates is None else own.candidates
    if isinstance(count, (Tensor, np.ndarray, list, tuple)) and np.ndim(count):
        if own.image_shape is not None:
            raise ValueError("candidates of one's own have no windows; leave image_shape out")
        return given_candidates(count, in_dim, out_dim, pins=pins)
    if own.image_shape is None:
        return random_candidates(in_dim, out_dim, count, generator, pins=pins)
    radius = DEFAULT_CANDIDATE_RADIUS if own.radius is None else own.radius
    image = (own.image_shape, radius, own.active)
    return local_candidates(in_dim, out_dim, count, *image, generator, pins=pins)


def _refuse_options_of_others(name: str | None, own: WiringOptions) -> None:
    chosen = "given wires" if name is None else f'connections="{name}"'
    for option, wirings in _OPTIONS.items():
        if getattr(own, option) is not None and name not in wirings:
            takers = " or ".join(f'"{taker}"' for taker in wirings)
            raise ValueError(f"{option} applies only to connections={takers}, not to {chosen}")
    if own.image_shape is not None:
        return
    if name in ("local", "structured"):
        raise ValueError(
            f"{chosen} needs image_shape, the (channels, height, width) or "
            "(height, width) of the input"
        )
    for option in ("radius", "active"):
        if getattr(own, option) is not None:
            raise ValueError(f"{option} is for windows of an image; give image_shape with it")
