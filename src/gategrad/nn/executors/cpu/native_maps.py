"""Convolutions and pools on inputs that are bits, straight-through, as one node of the graph.

Maps are packed, one bit a sample, and passed on packed; they are all that is kept for the backward
pass, whose gradients go back through all layers on sixteen samples at a time. What makes entries of
weights is plain torch: they are few, one set a channel. A tree of several levels is as many layers,
of which the upper ones read two channels at one place.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx

from gategrad import _core
from gategrad.engine import isa
from gategrad.nn.checks import outside_graphs, refuse_second_derivative
from gategrad.nn.executors.cpu.arrays import checked, pooled
from gategrad.nn.executors.cpu.conv import conv_window, pool_window
from gategrad.nn.executors.cpu.native_learned import bit_batch
from gategrad.nn.executors.cpu.native_pins import given
from gategrad.nn.executors.cpu.native_tables import entries_of
from gategrad.nn.executors.description import ConvDescription
from gategrad.nn.gates.bank import GateBank
from gategrad.nn.gates.noise import kept_noise
from gategrad.nn.gates.weight_kind import WeightKind

# Of a gate.
MOST_INPUTS: int = _core.map_inputs
_BY_SINE = (WeightKind.LIGHT, WeightKind.LIGHT_ENTRIES)
# Gates times samples under which a further thread costs more than it helps.
_WORK_A_THREAD = 1 << 15


class _Level(NamedTuple):
    """A layer of the core: a pool, or gates at all places of a window.

    Attributes:
        about: what the core is told.
        places: (inputs, gates) int64, that they read; None for a pool.
        forward: (gates, 2**inputs), entries to compute with.
        entries: likewise, to differentiate.
    """

    about: _core.MapLayer
    places: Tensor | None = None
    forward: Tensor | None = None
    entries: Tensor | None = None


@outside_graphs
def run_maps(layers: Sequence[nn.Module], x: Tensor) -> Tensor | None:
    """Convolutions and pools that follow each other.

    Args:
        layers: a `LogicConv2d`; further ones and `OrPool2d`, for which `MAPS` has no reason.
        x: (batch, channels, height, width), of any dtype; what is not bool or uint8 is converted
            to float32.

    Returns:
        (batch, channels, height, width) of the last map, a permuted view. None where x is no bits.
    """
    if x.dtype not in (torch.bool, torch.uint8):
        x = x.to(torch.float32)
    levels, shape, work = [], tuple(x.shape[1:]), 0
    drawn = kept_noise(layers)
    gates = _entries([layer.bank for layer in layers if hasattr(layer, "bank")])
    for layer in layers:
        if hasattr(layer, "bank"):
            about = layer.describe()
            levels += _levels(about, layer.wires(), *next(gates))
            shape = (about.out_channels, *about.out_size)
            work += about.nodes * about.n_out
        else:
            window = pool_window(shape, layer.size, layer.stride)
            levels.append(_Level(_core.MapLayer(window=window, inputs=2, grad_factor=1.0)))
            shape = (shape[0], *layer.out_size(*shape[1:]))
    stack = _core.MapStack(
        isa=isa.choose()[0],
        layers=[level.about for level in levels],
        batch=len(x),
        threads=max(1, min(torch.get_num_threads(), len(x) * work // _WORK_A_THREAD)),
    )
    tensors = [t for level in levels for t in (level.places, level.forward, level.entries)]
    out = _Maps.apply(stack, x.flatten(1), *tensors)
    if out is None:
        drawn.restore()
        return None
    # Views made inside the function could not be changed in place.
    return out.view(*shape, len(x)).permute(3, 0, 1, 2)


def _entries(banks: Sequence[GateBank]) -> Iterator[tuple[Tensor, Tensor]]:
    """Entries of each bank, to compute with and to differentiate.

    Those by the sine alone are made of all weights at once, where all banks are so: a kernel of
    torch takes longer to call than to run on them.
    """
    if all(bank.weight_kind in _BY_SINE and _like(bank, banks[0]) for bank in banks):
        joined = banks[0]._replace(weight=torch.cat([bank.weight for bank in banks]))
        sizes = [len(bank.weight) for bank in banks]
        yield from zip(*(part.split(sizes) for part in _entries_of(joined)), strict=True)
    else:
        yield from map(_entries_of, banks)


def _like(bank: GateBank, other: GateBank) -> bool:
    """Whether gates differ in their weights alone, of two banks by the sine without noise."""
    if bank.noise is not None or other.noise is not None:
        return False
    names = ("weight_kind", "inputs", "estimator", "training", "frozen")
    return all(getattr(bank, name) == getattr(other, name) for name in names)


def _entries_of(bank: GateBank) -> tuple[Tensor, Tensor]:
    with torch.autocast("cpu", enabled=False):
        forward, soft = bank.entries() if bank.of_tables else map(entries_of, bank.coefficients())
    return forward, soft


def _levels(
    about: ConvDescription, wires: Tensor, forward: Tensor, soft: Tensor
) -> Iterator[_Level]:
    """A convolution level by level: its gates on the maps, then each level on that below."""
    first, n_leaves, factor = 0, about.inputs, about.grad_factor
    for level in range(about.depth):
        nodes = about.leaves // about.inputs >> level
        n_gates = nodes * about.out_channels
        own = slice(first, first + n_gates)
        places = wires.view(nodes, n_leaves, -1).transpose(0, 1).reshape(n_leaves, n_gates)
        window = _window(about, level, n_gates)
        told = _core.MapLayer(window=window, inputs=n_leaves, grad_factor=float(factor))
        parts = (part[own].contiguous() for part in (forward, soft))
        yield _Level(told, places.contiguous(), *parts)
        # Of a map, the channels are the gates.
        wires, first, n_leaves, factor = torch.arange(n_gates, device="cpu"), own.stop, 2, 1.0


def _window(about: ConvDescription, level: int, n_gates: int) -> _core.Window:
    """Of a level of gates: level 0 reads the input, and each other one the maps of that below."""
    own = replace(about, depth=1, out_channels=n_gates)
    if level:
        height, width = about.out_size
        one = {"kernel": (1, 1), "stride": (1, 1), "padding": (0, 0)}
        own = replace(own, in_channels=2 * n_gates, height=height, width=width, **one)
    return conv_window(own)


class _Maps(torch.autograd.Function):
    """`apply(stack, x, *(places, forward entries, entries) of each layer)`, all None for pools."""

    @staticmethod
    def forward(
        ctx: FunctionCtx, stack: _core.MapStack, x: Tensor, *tensors: Tensor | None
    ) -> Tensor | None:
        kept = pooled((stack.n_kept,), torch.int64)
        out = pooled((stack.n_out, stack.batch), torch.float32)
        shapes = [None if t is None else tuple(t.shape) for t in tensors]
        x, given_x = bit_batch(x)
        if not _core.maps_forward(
            stack,
            _arrays(tensors, shapes),
            kept=checked(kept, "kept", torch.int64, tuple(kept.shape)),
            x=given_x,
            out=checked(out, "out", torch.float32, tuple(out.shape)),
        ):
            return None
        ctx.save_for_backward(kept, *tensors)
        ctx.stack, ctx.shapes = stack, shapes
        return out

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, ...]:
        refuse_second_derivative()
        kept, *tensors = ctx.saved_tensors
        stack, shapes = ctx.stack, ctx.shapes
        wants_x = ctx.needs_input_grad[1]
        grads = [None if shape is None else pooled(shape, torch.float32) for shape in shapes[2::3]]
        grad_x = pooled((stack.n_in, stack.batch), torch.float32) if wants_x else None
        grad, given_grad = bit_batch(grad.t())
        _core.maps_backward(
            stack,
            _arrays(tensors, shapes),
            kept=checked(kept, "kept", torch.int64, tuple(kept.shape)),
            grad=given_grad,
            grads=[
                given(g, "a gradient", torch.float32, shape)
                for g, shape in zip(grads, shapes[2::3], strict=True)
            ],
            grad_x=given(grad_x, "grad_x", torch.float32, (stack.n_in, stack.batch)),
        )
        of_layers = [g for own in grads for g in (None, None, own)]
        return None, grad_x.t() if wants_x else None, *of_layers


def _arrays(
    tensors: Sequence[Tensor | None], shapes: Sequence[tuple[int, ...] | None]
) -> _core.MapArrays:
    """What the layers compute with, checked against the shapes of the forward pass."""
    names = ("places", "forward", "entries")
    dtypes = (torch.int64, torch.float32, torch.float32)
    parts = {
        name: [given(t, name, dtype, s) for t, s in zip(tensors[i::3], shapes[i::3], strict=True)]
        for i, (name, dtype) in enumerate(zip(names, dtypes, strict=True))
    }
    return _core.MapArrays(**parts)
