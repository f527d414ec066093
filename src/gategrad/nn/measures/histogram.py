"""How the outputs of relaxed gates are distributed, layer by layer."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gategrad.nn.checks import positive_count
from gategrad.nn.layers.conv.layer import LogicConv2d
from gategrad.nn.layers.dense import LogicDense

_LAYERS = (LogicDense, LogicConv2d)


@dataclass(frozen=True)
class Histogram:
    """Distribution of gate outputs over gates and rows, one line a layer.

    Attributes:
        counts: (layers, bins) int64.
        edges: (bins + 1,) from 0 to 1; values outside count in the first and the last bin.
        mean: (layers,).
        variance: (layers,) over gates and rows; 0.25 where half of the outputs are 0, half 1.
        signal: (layers,) the part of it that tells rows apart: the variance over the rows, its
            mean over the gates. 0 where every gate is constant.
    """

    counts: NDArray[np.int64]
    edges: NDArray[np.float64]
    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    signal: NDArray[np.float64]


@torch.no_grad()
def output_histogram(net: nn.Module, x: Tensor, *, bins: int = 40) -> Histogram:
    """Histogram of the relaxed outputs of every layer of `net`, in the order of their calls.

    The network stays as it is. At initialization this is the figure by which initializations are
    judged (arXiv 2510.03250): outputs that gather at 0.5 carry no signal, and gradients fade.

    Args:
        net: with at least one `LogicDense` or `LogicConv2d`, called one layer at a time; of a
            convolution, every place of every map is a gate.
        x: (batch, inputs), what the network takes.
        bins: of equal width.

    Raises:
        ValueError: no `LogicDense` was called, or bins is no positive integer.

    Examples:
        >>> layer = LogicDense(8, 500, init="heavy-tail", seed=0)
        >>> output_histogram(layer, torch.eye(8), bins=2).counts.sum()
        np.int64(4000)
    """
    bins = positive_count("bins", bins)
    outputs: list[Tensor] = []
    with _relaxed(net):
        hooks = [
            module.register_forward_hook(lambda layer, _, y: outputs.append(_by_gate(layer, y)))
            for module in net.modules()
            if isinstance(module, _LAYERS)
        ]
        try:
            net(x)
        finally:
            for hook in hooks:
                hook.remove()
    if not outputs:
        raise ValueError("the network called no LogicDense; expected at least one")
    return Histogram(
        np.stack([y.flatten().clamp(0, 1).histc(bins, 0, 1).long().cpu().numpy() for y in outputs]),
        np.linspace(0, 1, bins + 1),
        np.array([y.mean().item() for y in outputs]),
        np.array([y.var(correction=0).item() for y in outputs]),
        np.array([y.var(0, correction=0).mean().item() for y in outputs]),
    )


def _by_gate(layer: nn.Module, y: Tensor) -> Tensor:
    """Outputs (rows, gates) float64 of a layer."""
    y = y.flatten(-3) if isinstance(layer, LogicConv2d) else y
    return y.double().flatten(0, -2)


@contextmanager
def _relaxed(net: nn.Module) -> Iterator[None]:
    """Soft gates in the mode of training while the context lasts, whatever the estimator."""
    layers = [module for module in net.modules() if isinstance(module, _LAYERS)]
    before = [(layer.training, layer.estimator, layer.frozen) for layer in layers]
    try:
        for layer in layers:
            layer.training, layer.estimator, layer.frozen = True, "soft", False
        yield
    finally:
        for layer, (training, estimator, frozen) in zip(layers, before, strict=True):
            layer.training, layer.estimator, layer.frozen = training, estimator, frozen
