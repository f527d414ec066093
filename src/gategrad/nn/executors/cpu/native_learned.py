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
from gategrad.nn.checks import refuse_second_derivative
from gategrad.nn.executors.cpu.native_op import WEIGHT_KINDS, check_groups, pooled

WORD: int = _core.learned_word
# Gates times samples under which a further thread costs more than it helps.
_WORK_A_THREAD = 1 << 15
# What choosing wires costs, in samples.
_PIN = 16
# What is kept of a gate: soft and forward coefficients, float32, and its two wires, int32.
_GATE_BYTES = 40


@torch.compiler.disable
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
    tensors, sizes = [], []
    for layer in layers:
        weight, _, hard = layer.bank.core_weights()
        wiring = layer.wiring
        logits, wires = (
            (None, layer.indices) if wiring is None else (wiring.logits, wiring.candidates)
        )
        wires = wires.contiguous()
        tensors += [weight, logits, wires]
        sizes.append(_sizes(layer, weight, logits, wires, hard))
    _check_chain(sizes, n_groups)
    n_gates = sum(n for _, n, *_ in sizes)
    threads = max(1, min(torch.get_num_threads(), (len(x) + _PIN) * n_gates // _WORK_A_THREAD))
    settings = (isa.choose()[0], sizes, len(x), n_groups, scale, threads)
    out = _LearnedStack.apply(settings, n_gates, x, *tensors)
    # A view made inside the function could not be changed in place.
    return out if n_groups or out is None else out.t()


def _sizes(
    layer: nn.Module, weight: Tensor, logits: Tensor | None, wires: Tensor, hard: bool
) -> tuple:
    """The core's description of a layer, its arrays apart.

    Raises:
        ValueError: wires that do not fit the gates.
    """
    n = len(weight)
    expected = (2, n) if logits is None else logits.shape
    if wires.shape != expected or wires.dtype != (torch.int64 if logits is None else torch.int32):
        raise ValueError(
            f"wires are {tuple(wires.shape)} {wires.dtype}; expected {tuple(expected)}, int32 "
            "candidates or int64 indices"
        )
    k, kind = 0 if logits is None else logits.shape[2], WEIGHT_KINDS[tuple(weight.shape[1:])]
    return layer.in_dim, n, k, kind, bool(hard), float(layer.grad_factor)


def _check_chain(sizes: Sequence[tuple], n_groups: int) -> None:
    """ValueError where the layers, or the groups of the last one, don't fit each other."""
    for (_, n_out, *_), (n_in, *_) in pairwise(sizes):
        if n_in != n_out:
            raise ValueError(f"a layer of {n_out} gates is followed by one of {n_in} inputs")
    check_groups(n_groups, sizes[-1][1])


class _LearnedStack(torch.autograd.Function):
    """`apply(settings, gates of all layers, x, *(weight, logits or None, wires) of each layer)`."""

    @staticmethod
    def forward(
        ctx: FunctionCtx, settings: tuple, n_gates: int, x: Tensor, *tensors: Tensor | None
    ) -> Tensor | None:
        _, sizes, batch, n_groups, *_ = settings
        # Coefficients of all layers, their wires and their packed inputs, in turn.
        words = -(-batch // WORD) * sum(n_in for n_in, *_ in sizes)
        kept = pooled((_GATE_BYTES // 8 * n_gates + words,), torch.int64)
        out = pooled((batch, n_groups) if n_groups else (len(tensors[-3]), batch), torch.float32)
        x, pointers = _input(x)
        arrays = [0 if t is None else t.data_ptr() for t in tensors]
        if not _core.learned_forward(settings, arrays, kept.data_ptr(), pointers, out.data_ptr()):
            return None
        ctx.save_for_backward(kept, *tensors)
        ctx.settings, ctx.shape = settings, x.shape
        return out

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, ...]:
        refuse_second_derivative()
        kept, *tensors = ctx.saved_tensors
        batch, n_in = ctx.shape
        _, _, wants_x, *wanted = ctx.needs_input_grad
        grads = [
            pooled(t.shape, torch.float32) if wants else None
            for t, wants in zip(tensors, wanted, strict=True)
        ]
        grad_x = pooled((n_in, batch), torch.float32) if wants_x else None
        grad, pointers = _input(grad.contiguous() if ctx.settings[3] else grad.t())
        arrays, grad_arrays = (
            [0 if t is None else t.data_ptr() for t in each] for each in (tensors, grads)
        )
        _core.learned_backward(
            ctx.settings,
            arrays,
            kept.data_ptr(),
            pointers,
            grad_arrays,
            grad_x.data_ptr() if wants_x else 0,
        )
        return None, None, grad_x.t() if wants_x else None, *grads


def _input(x: Tensor) -> tuple[Tensor, tuple[int, int, int]]:
    """X in rows or in columns, and the core's description of it."""
    in_bytes = x.dtype in (torch.bool, torch.uint8)
    if not in_bytes and x.t().is_contiguous():
        return x, (x.data_ptr(), 0, 0)
    if x.stride(1) != 1 or x.stride(0) < x.shape[1]:
        x = x.contiguous()
    address = x.data_ptr()
    return x, (0 if in_bytes else address, address if in_bytes else 0, x.stride(0))
