"""A run of logic layers with fixed wires in the native core."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gategrad.nn.checks import are_plain
from gategrad.nn.executors.cpu.native_op import EagerStack, describe, logic_stack


def run_native(
    layers: Sequence[nn.Module], x: Tensor, *, n_groups: int = 0, scale: float = 1.0, keep: bool
) -> Tensor:
    """`LogicDense` layers on x (batch, in_dim), and sums of `n_groups` groups times `scale`.

    Returns:
        (batch, n_groups), or (batch, out_dim of the last layer) where n_groups is 0.
    """
    indices, weights, hard_forward, factors = [], [], [], []
    for layer in layers:
        weight, _, hard = layer.bank.core_weights()
        weights.append(weight)
        hard_forward.append(hard)
        indices.append(layer.wires().contiguous())
        factors.append(layer.grad_factor)
    if x.dtype not in (torch.bool, torch.uint8):
        x = x.to(weights[0].dtype)
    keep = keep and torch.is_grad_enabled()
    if torch.compiler.is_compiling() or not are_plain(x, *weights):
        settings = (hard_forward, factors, n_groups, scale, keep)
        return logic_stack(x, indices, weights, *settings)[0]
    described = zip(indices, weights, hard_forward, factors, strict=True)
    settings = describe(x, described, n_groups=n_groups, scale=scale)
    return EagerStack.apply(settings, keep, x, *indices, *weights)
