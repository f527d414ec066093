"""Consecutive layers on inputs that are bits, with learned wires, as one node of the graph.

The native core packs inputs, one bit each, and hands packed bits from layer to layer; gates and the
products of gradients with all candidates read these, so that K candidates of a pin cost K bits of
reads a sample. The bits are all that is kept for the backward pass, with the gates' coefficients
and the wires chosen. A gradient is gathered from the gates that read a wire where it is needed, and
stored only where a layer below gathers from it.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx

from gategrad import _core
from gategrad.engine import isa
from gategrad.nn.checks import outside_graphs, refuse_second_derivative
from gategrad.nn.executors.cpu.arrays import checked, pooled
from gategrad.nn.executors.cpu.description import check_groups
from gategrad.nn.executors.cpu.native_pins import given
from gategrad.nn.gates.noise import kept_noise
from gategrad.nn.gates.weight_kind import WeightKind

WORD: int = _core.learned_word
# Gates times samples under which a further thread costs more than it helps.
_WORK_A_THREAD = 1 << 15
# What choosing wires costs, in samples.
_PIN = 16
# What is kept of a gate: soft and forward coefficients, float32, and its two wires, int32.
_GATE_BYTES = 40


@outside_graphs
def run_learned(
    layers: Sequence[nn.Module], x: Tensor, *, n_groups: int = 0, scale: float = 1.0
) -> Tensor | None:
    """`LogicDense` layers on x (batch, in_dim), and sums of `n_groups` groups times `scale`.

    Args:
        layers: for which `BITS` has no reason.
        x: of any dtype; what is not bool or uint8 is converted to float32.
        n_groups: groups of the last layer's outputs to sum, or 0.
        scale: factor on the sums.

    Returns:
        (batch, n_groups), or where n_groups is 0 (batch, out_dim of the last layer), which is a
        transposed view. None where x is no bits.
    """
    if x.dtype not in (torch.bool, torch.uint8):
        x = x.to(torch.float32)
    tensors, described, drawn = [], [], kept_noise(layers)
    for layer in layers:
        weight, kind, hard = layer.bank.core_weights()
        wiring = layer.wiring
        logits, wires = (
            (None, layer.wires()) if wiring is None else (wiring.logits, wiring.candidates)
        )
        wires = wires.contiguous()
        tensors += [weight, logits, wires]
        described.append(_described(layer, kind, hard, logits))
    _check_chain(described, n_groups)
    n_gates = sum(layer.n for layer in described)
    stack = _core.BitStack(
        isa=isa.choose()[0],
        layers=described,
        batch=len(x),
        n_groups=n_groups,
        scale=scale,
        threads=max(1, min(torch.get_num_threads(), (len(x) + _PIN) * n_gates // _WORK_A_THREAD)),
    )
    # Coefficients of all layers, their wires and their packed inputs, in turn.
    words = -(-len(x) // WORD) * sum(layer.n_in for layer in described)
    kept = _GATE_BYTES // 8 * n_gates + words
    out = _LearnedStack.apply(stack, kept, x, *tensors)
    if out is None:
        drawn.restore()
        return None
    # A view made inside the function could not be changed in place.
    return out if n_groups else out.t()


def _described(
    layer: nn.Module, kind: WeightKind, hard: bool, logits: Tensor | None
) -> _core.BitLayer:
    return _core.BitLayer(
        n_in=layer.in_dim,
        n=layer.out_dim,
        candidates=0 if logits is None else logits.shape[2],
        weights=kind.value,
        straight_through=bool(hard),
        grad_factor=float(layer.grad_factor),
    )


def _check_chain(layers: Sequence[_core.BitLayer], n_groups: int) -> None:
    """ValueError where the layers, or the groups of the last one, don't fit each other."""
    for before, after in pairwise(layers):
        if after.n_in != before.n:
            raise ValueError(
                f"a layer of {before.n} gates is followed by one of {after.n_in} inputs"
            )
    check_groups(n_groups, layers[-1].n)


class _LearnedStack(torch.autograd.Function):
    """`apply(stack, numbers kept, x, *(weight, logits or None, wires) of each layer)`."""

    @staticmethod
    def forward(
        ctx: FunctionCtx, stack: _core.BitStack, n_kept: int, x: Tensor, *tensors: Tensor | None
    ) -> Tensor | None:
        batch, n_groups = stack.batch, stack.n_groups
        kept = pooled((n_kept,), torch.int64)
        out = pooled((batch, n_groups) if n_groups else (len(tensors[-3]), batch), torch.float32)
        shapes = [None if t is None else tuple(t.shape) for t in tensors]
        x, given_x = bit_batch(x)
        if not _core.learned_forward(
            stack,
            _arrays(tensors, shapes),
            kept=checked(kept, "kept", torch.int64, (n_kept,)),
            x=given_x,
            out=checked(out, "out", torch.float32, tuple(out.shape)),
        ):
            return None
        ctx.save_for_backward(kept, *tensors)
        ctx.stack, ctx.shape, ctx.shapes = stack, x.shape, shapes
        return out

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, ...]:
        refuse_second_derivative()
        kept, *tensors = ctx.saved_tensors
        batch, n_in = ctx.shape
        _, _, wants_x, *wanted = ctx.needs_input_grad
        arrays = _arrays(tensors, ctx.shapes)
        grads = [
            pooled(shape, torch.float32) if wants else None
            for shape, wants in zip(ctx.shapes, wanted, strict=True)
        ]
        grad_x = pooled((n_in, batch), torch.float32) if wants_x else None
        n_groups = ctx.stack.n_groups
        grad, given_grad = bit_batch(grad.contiguous() if n_groups else grad.t(), bool(n_groups))
        given_grads = [
            given(g, "a gradient", torch.float32, shape)
            for g, shape in zip(grads, ctx.shapes, strict=True)
        ]
        _core.learned_backward(
            ctx.stack,
            arrays,
            kept=checked(kept, "kept", torch.int64, tuple(kept.shape)),
            grad=given_grad,
            grads=_core.BitGradients(weights=given_grads[::3], logits=given_grads[1::3]),
            grad_x=given(grad_x, "grad_x", torch.float32, (n_in, batch)),
        )
        return None, None, grad_x.t() if wants_x else None, *grads


def _arrays(
    tensors: Sequence[Tensor | None], shapes: Sequence[tuple[int, ...] | None]
) -> _core.BitArrays:
    """What the layers compute with, checked against the shapes of the forward pass."""
    weights, logits, wires = [], [], []
    for weight, choice, read in zip(tensors[::3], tensors[1::3], tensors[2::3], strict=True):
        own = shapes[3 * len(weights) : 3 * len(weights) + 3]
        weights.append(checked(weight, "a weight", torch.float32, own[0]))
        logits.append(given(choice, "the logits of candidates", torch.float32, own[1]))
        numbers = torch.int64 if choice is None else torch.int32
        wires.append(checked(read, "the wires of a layer", numbers, own[2]))
    return _core.BitArrays(weights=weights, logits=logits, wires=wires)


def bit_batch(x: Tensor, in_rows: bool = False) -> tuple[Tensor, _core.BitBatch]:
    """X in rows, or else in columns, and the core's description of it, while x lives."""
    in_bytes = x.dtype in (torch.bool, torch.uint8)
    if not in_bytes and not in_rows and x.t().is_contiguous():
        columns = x.t()
        array = checked(columns, "a batch", torch.float32, tuple(columns.shape))
        return x, _core.BitBatch(array=array, stride=0)
    if x.stride(1) != 1 or x.stride(0) < x.shape[1]:
        x = x.contiguous()
    array = checked(x, "a batch", x.dtype, tuple(x.shape), rows=True)
    return x, _core.BitBatch(array=array, stride=x.stride(0) if len(x) > 1 else x.shape[1])
