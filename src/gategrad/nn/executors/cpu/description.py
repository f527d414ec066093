"""What the native core is told of a pass through layers, arrays apart, and checked for it."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from gategrad import _core
from gategrad.engine import isa
from gategrad.nn.executors.cpu.layer_facts import UNFIT, LayerFacts, layer_facts

# Numbers of a gate whose work the others are measured by.
_NUMBERS = 4
# Gates times samples, about 0.05 ms, under which a further thread costs more than it helps.
_WORK_A_THREAD = 1 << 16
# What the parametrization of a gate costs, in samples.
_PARAMETRIZATION = 16


class StackLayer(NamedTuple):
    """A layer of a pass.

    Attributes:
        wires: (inputs, out_dim) int64. None: every gate reads rows of its own, pin by pin.
        weight: (out_dim, 16) "logits"; (out_dim, 4) "light"; "coefficients" as they are,
            (out_dim, 1, 4), with those of the forward pass after them, (out_dim, 2, 4), where it is
            straight-through; (out_dim, 2**inputs) "light_entries", or "entries" as they are.
        kind: one of `layer_facts.KINDS`.
        straight_through: hard gates forward, soft ones backward.
        tables: (out_dim, 2**inputs), entries of the forward pass of straight-through "entries".
        grad_factor: on the gradient of the input.
        smoothing: of the operands in the gradient of the input, see `table_gates`.
        window: that goes over maps, for a convolution or a pool: weights are then of the window's
            n_gates gates, and wires (leaves, out_channels) places in it.
    """

    wires: Tensor | None
    weight: Tensor
    kind: str
    straight_through: bool
    tables: Tensor | None = None
    grad_factor: float = 1.0
    smoothing: float = 0.0
    window: _core.Window | None = None


class Pass(NamedTuple):
    """What both passes know of a call: sizes, and how the core is to be called."""

    stack: _core.StackDescription
    layers: list[LayerFacts]
    dtype: torch.dtype
    batch: int
    n_in: int
    width: int
    features_major: bool


def describe(
    x: Tensor,
    layers: Sequence[StackLayer],
    *,
    n_groups: int = 0,
    scale: float = 1.0,
    features_major: bool = False,
) -> Pass:
    """The core's description of a pass, arrays apart.

    Args:
        x: of the pass, (batch, n_in), or (n_in, batch) where features-major.
        layers: of the pass.
        n_groups: of the last one.
        scale: of the sums.
        features_major: x and the output are so; of one layer of tables.

    Raises:
        ValueError: a layer whose arrays don't fit each other, or groups that don't divide the
            outputs.
    """
    batch, n_in = reversed(x.shape) if features_major else x.shape
    facts, width, work, dtype = [], n_in, 0, layers[0].weight.dtype
    for layer in layers:
        wires, weight, window = layer.wires, layer.weight, layer.window
        if weight.dtype != dtype:
            raise ValueError(UNFIT)
        if wires is not None and not (
            wires.is_contiguous() and weight.is_contiguous() and wires.dtype == torch.int64
        ):
            raise ValueError("wires and weights must be contiguous, and wires int64")
        look = layer_facts if window is None else layer_facts.__wrapped__
        known = look(
            layer.kind, layer.straight_through, layer.grad_factor, layer.smoothing, width,
            weight.shape, None if wires is None else wires.shape, window,
        )  # fmt: skip
        facts.append(known)
        width, work = known.core.n_out, work + known.work
    check_groups(n_groups, width)
    work = (batch + _PARAMETRIZATION) * work // _NUMBERS
    threads = max(1, min(torch.get_num_threads(), work // _WORK_A_THREAD))
    stack = _core.StackDescription(
        isa=isa.choose()[0], layers=[known.core for known in facts], batch=batch,
        n_groups=n_groups, scale=scale, threads=threads,
    )  # fmt: skip
    return Pass(stack, facts, dtype, batch, n_in, n_groups or width, features_major)


def check_groups(n_groups: int, n_outputs: int) -> None:
    """ValueError where that many groups, 0 being none, do not divide the outputs."""
    if n_groups < 0 or (n_groups and n_outputs % n_groups):
        raise ValueError(f"{n_groups} groups do not divide {n_outputs} outputs")
