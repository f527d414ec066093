"""A run of logic layers with fixed wires in the native core."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gategrad.nn.checks import are_plain
from gategrad.nn.executors.cpu.description import StackLayer, describe
from gategrad.nn.executors.cpu.native_op import EagerStack, logic_stack
from gategrad.nn.gates.weight_kind import WeightKind

# What the core calls them.
_NAMES = {kind: kind.name.lower() for kind in WeightKind}


def core_gates(layer: nn.Module, wires: Tensor | None) -> StackLayer:
    """A layer's gates as the core takes them now, in `.eval()` if they are tables.

    `wires` are what they read, see `StackLayer`.
    """
    bank, factor = layer.bank, layer.grad_factor
    if not bank.of_tables:
        weight, kind, hard = bank.core_weights()
        return StackLayer(wires, weight, _NAMES[kind], hard, None, factor)
    kind, hard = bank.weight_kind, bank.hard_forward
    # The sine is made in the core; all else comes as entries.
    if kind is WeightKind.LIGHT_ENTRIES:
        weight = layer.weight.contiguous()
        return StackLayer(wires, weight, _NAMES[kind], hard, None, factor, bank.smoothing)
    with torch.autocast(layer.weight.device.type, enabled=False):
        forward, soft = (entries.contiguous() for entries in bank.entries())
    hard = hard and not bank.hard  # else both are the same
    tables = forward if hard else None
    return StackLayer(wires, soft, _NAMES[kind], hard, tables, factor, bank.smoothing)


def run_native(
    layers: Sequence[nn.Module], x: Tensor, *, n_groups: int = 0, scale: float = 1.0, keep: bool
) -> Tensor:
    """`LogicDense` layers on x (batch, in_dim), and sums of `n_groups` groups times `scale`.

    Returns:
        (batch, n_groups), or (batch, out_dim of the last layer) where n_groups is 0.
    """
    gates = [core_gates(layer, layer.wires().contiguous()) for layer in layers]
    wires, weights, kinds, hard, tables, factors, smoothings, _ = map(
        list, zip(*gates, strict=True)
    )
    tables = [table for table in tables if table is not None]
    if x.dtype not in (torch.bool, torch.uint8):
        x = x.to(weights[0].dtype)
    keep = keep and torch.is_grad_enabled()
    if torch.compiler.is_compiling() or not are_plain(x, *wires, *weights, *tables):
        numbers = [float(n) for own in zip(hard, factors, smoothings, strict=True) for n in own]
        tensors = [*wires, *weights, *tables]
        return logic_stack(x, tensors, ",".join(kinds), numbers, n_groups, scale, keep)[0]
    described = describe(x, gates, n_groups=n_groups, scale=scale)
    return EagerStack.apply(described, keep, x, *wires, *weights, *tables)
