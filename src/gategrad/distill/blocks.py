"""Blocks of logic layers: a tree of gates for each bit, whose leaves learn what they read."""

from dataclasses import dataclass
from math import ceil

import numpy as np
import torch
from numpy.typing import NDArray

from gategrad.nn import LogicDense, Sequential


def candidate_inputs(
    influence: NDArray[np.float32], pins: int, count: int, noise: NDArray[np.float32] | None = None
) -> NDArray[np.int64]:
    """The inputs that each pin of a tree may read, (outputs, pins, count).

    An output's inputs go by their influence, the largest first, to pins 0, 1, ..., again and again:
    together the pins see the `pins * count` largest ones.

    Args:
        influence: (inputs, outputs).
        pins: of a tree.
        count: inputs a pin.
        noise: added to the logarithms, (inputs, outputs): trees of equal influence then differ.
    """
    merit = np.log(influence + 1e-12)
    order = np.argsort(-(merit if noise is None else merit + noise), axis=0, kind="stable")
    # Inputs without any influence tell nothing: those that have some come over again.
    useful = np.maximum((influence > 0).sum(0), 1)
    place = np.arange(pins * count)[:, None] % useful
    chosen = np.take_along_axis(order, place, 0)  # (pins * count, outputs)
    return chosen.T.reshape(-1, count, pins).swapaxes(1, 2)


def pin_bits(
    inputs: NDArray[np.int64], bits_of: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """Bits (outputs, pins, count) of the inputs (outputs, pins, m) that pins may read.

    Args:
        inputs: by their number.
        bits_of: (F, T), the bits of each input.
        count: bits a pin, at most m * T.
    """
    found = bits_of[inputs]
    return found.reshape(*inputs.shape[:2], -1)[:, :, :count]


def drawn_bits(
    inputs: NDArray[np.int64], bits_of: NDArray[np.int64], generator: np.random.Generator
) -> NDArray[np.int64]:
    """One bit of each of the inputs (outputs, pins, count), of those that stand for it."""
    return bits_of[inputs, generator.integers(0, bits_of.shape[1], inputs.shape)]


@dataclass(frozen=True)
class Gates:
    """What every `LogicDense` of a block is made with; see there."""

    parametrization: str = "raw"
    init: str = "gaussian"
    estimator: str = "soft"


def tree_block(
    n_in: int, pins: NDArray[np.int64], generator: torch.Generator, gates: Gates
) -> Sequential:
    """A tree of two-input gates for each output.

    Args:
        n_in: bits that go in.
        pins: (outputs, leaves, candidates), leaves a power of 2: the bits that each leaf's pin
            chooses among.
        generator: of the weights.
        gates: what they are.
    """
    n_out, leaves, _ = pins.shape
    flat = pins.reshape(n_out * leaves // 2, 2, -1).transpose(1, 0, 2)
    width = flat.shape[1]
    layers = [_layer(n_in, width, gates, generator, candidates=np.ascontiguousarray(flat))]
    while width > n_out:
        pairs = np.arange(width).reshape(-1, 2).T
        layers.append(_layer(width, width // 2, gates, generator, connections=pairs))
        width //= 2
    return Sequential(*layers)


def _layer(
    n_in: int,
    n_out: int,
    gates: Gates,
    generator: torch.Generator,
    *,
    connections: str | NDArray[np.int64] = "learned",
    candidates: NDArray[np.int64] | None = None,
) -> LogicDense:
    return LogicDense(
        n_in,
        n_out,
        connections=connections,
        candidates=candidates,
        parametrization=gates.parametrization,
        init=gates.init,
        estimator=gates.estimator,
        generator=generator,
    )


def inputs_a_pin(candidates: int, bits_a_number: int) -> int:
    """How many numbers it takes for so many candidate bits."""
    return ceil(candidates / bits_a_number)
