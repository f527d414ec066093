"""What the native core is told of a pass through layers, arrays apart, and checked for it."""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from gategrad import _core
from gategrad.engine import isa

# What a gate's weights are, by the core's names, which say more of each.
KINDS = {name: getattr(_core.WeightKind, name) for name in _core.WeightKind.__members__}
TABLES = ("light_entries", "entries")
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
        kind: one of `KINDS`.
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
    layers: list[_core.LayerDescription]
    dtype: torch.dtype
    batch: int
    n_in: int
    width: int
    features_major: bool


def describe(
    x: Tensor,
    layers: Iterable[StackLayer],
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
    described, width, work, dtype = [], n_in, 0, None
    for layer in layers:
        dtype = dtype or layer.weight.dtype
        inputs, n_out = _checked_sizes(layer, dtype)
        described.append(
            _core.LayerDescription(
                weights=KINDS[layer.kind], inputs=inputs, n_in=width, n_out=n_out,
                straight_through=layer.straight_through, grad_factor=layer.grad_factor,
                smoothing=layer.smoothing, window=layer.window,
            )
        )  # fmt: skip
        width, work = n_out, work + _work(layer, inputs, n_out)
    check_groups(n_groups, width)
    work = (batch + _PARAMETRIZATION) * work // _NUMBERS
    threads = max(1, min(torch.get_num_threads(), work // _WORK_A_THREAD))
    stack = _core.StackDescription(
        isa=isa.choose()[0], layers=described, batch=batch, n_groups=n_groups, scale=scale,
        threads=threads,
    )  # fmt: skip
    return Pass(stack, described, dtype, batch, n_in, n_groups or width, features_major)


def _checked_sizes(layer: StackLayer, dtype: torch.dtype) -> tuple[int, int]:
    """Inputs of a gate, and outputs."""
    wires, weight, kind, window = layer.wires, layer.weight, layer.kind, layer.window
    n_gates = weight.shape[0] if window is None else window.n_gates
    inputs = weight.shape[1].bit_length() - 1 if kind in TABLES else 2
    if weight.dtype != dtype:
        raise ValueError("wires and weights of a layer must fit, in one dtype for all layers")
    shape = _weight_shape(kind, inputs, n_gates, layer.straight_through)
    if weight.shape != shape:
        raise ValueError(f"weights are {tuple(weight.shape)}; expected {shape} of {kind}")
    if wires is not None:
        if not (wires.is_contiguous() and weight.is_contiguous() and wires.dtype == torch.int64):
            raise ValueError("wires and weights must be contiguous, and wires int64")
        lists = (inputs, n_gates) if window is None else (window.leaves, window.out_channels)
        if wires.shape != lists:
            raise ValueError("wires and weights of a layer must fit, in one dtype for all layers")
    return inputs, n_gates if window is None else window.n_out


def _work(layer: StackLayer, inputs: int, n_out: int) -> int:
    """Numbers that a sample costs."""
    nodes = 1 if layer.window is None else max(1, layer.window.n_gates // layer.window.out_channels)
    return n_out * nodes * _numbers(layer.kind, inputs)


def _weight_shape(kind: str, inputs: int, n_gates: int, hard: bool) -> tuple[int, ...]:
    if kind == "coefficients":
        return n_gates, 2 if hard else 1, 4
    return n_gates, 16 if kind == "logits" else _numbers(kind, inputs)


def _numbers(kind: str, inputs: int) -> int:
    """Coefficients of a gate."""
    return 1 << inputs if kind in TABLES else 4


def check_groups(n_groups: int, n_outputs: int) -> None:
    """ValueError where that many groups, 0 being none, do not divide the outputs."""
    if n_groups < 0 or (n_groups and n_outputs % n_groups):
        raise ValueError(f"{n_groups} groups do not divide {n_outputs} outputs")


def shape_of(layer: _core.LayerDescription) -> tuple[int, ...]:
    return _weight_shape(layer.weights.name, layer.inputs, layer.n_gates, layer.straight_through)


def numbers_of(layer: _core.LayerDescription) -> int:
    return _numbers(layer.weights.name, layer.inputs)
