"""How surely signals are needed, from how surely they are read."""

import torch
from torch import Tensor

# Largest probability of being read, so that its logarithm is finite in float32.
ALMOST_SURE = 1 - 1e-6


def any_of(need: Tensor, readers: Tensor, width: int) -> Tensor:
    """Need (width,) of signals, `readers` saying which signal each of `need` stands for."""
    # log(1 - p) adds up where probabilities multiply.
    unread = torch.log1p(-need.clamp(max=ALMOST_SURE))
    return -torch.expm1(need.new_zeros(width).index_add(0, readers, unread))


def refuse_more_inputs(inputs: int) -> None:
    """ValueError for gates of more than two inputs, whose figure is no smooth function."""
    if inputs > 2:
        raise ValueError(
            f"expected_gates counts gates with two inputs; a layer has inputs={inputs}, each of "
            "whose gates becomes several: measure gategrad.circuit.live_gates of the optimized "
            "circuit instead"
        )
