"""Consecutive layers on inputs that are bits, with learned wires, as one node of the graph.

The native core packs inputs, one bit each, and hands packed bits from layer to layer; gates and the
products of gradients with all candidates read these, so that K candidates of a pin cost K bits of
reads a sample. The bits are all that is kept for the backward pass, with the gates' coefficients
and the wires chosen. A gradient is gathered from the gates that read a wire where it is needed, and
stored only where a layer below gathers from it.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx

from gategrad import _core
from gategrad.engine import isa
from gategrad.nn.checks import are_plain, refuse_second_derivative
from gategrad.nn.native_op import WEIGHT_KINDS, pooled
from gategrad.nn.relaxed import native_gates
from gategrad.nn.stack import why_not_core

WORD: int = _core.learned_word
# Gates times samples under which a further thread costs more than it helps.
_WORK_A_THREAD = 1 << 15
# What choosing wires costs, in samples.
_PIN = 16
# What is kept of a gate: soft and forward coefficients, float32; with its two wires, int32.
_COEFFICIENT_BYTES, _GATE_BYTES = 32, 40


@torch.compiler.disable
def run_learned(
    layers: Sequence[nn.Module], x: Tensor, *, n_groups: int = 0, scale: float = 1.0
) -> Tensor | None:
    """`LogicDense` layers on x (batch, in_dim), and sums of `n_groups` groups times `scale`.

    Args:
        layers: for which `why_not_learned` has no reason.
        x: of any dtype; what is not bool or uint8 is converted to float32.
        n_groups: groups of the last layer's outputs to sum, or 0.
        scale: factor on the sums.

    Returns:
        (batch, n_groups), or where n_groups is 0 (batch, out_dim of the last layer), which is a
        transposed view. None where x is no bits.
    """
    if x.dtype not in (torch.bool, torch.uint8):
        x = x.to(torch.float32)
    tensors, described = [], []
    for layer in layers:
        weight, hard = native_gates(layer)
        learned = layer.wiring is not None
        logits = layer.wiring.logits if learned else None
        wires = layer.wiring.candidates if learned else layer.indices
        tensors += [weight, logits, wires.contiguous()]
        described.append((layer.in_dim, bool(hard), float(layer.grad_factor)))
    return _LearnedStack.apply((described, n_groups, scale), x, *tensors)


def why_not_learned(layers: Sequence[nn.Module], x: Tensor) -> str | None:
    """What keeps layers from these kernels, or None; that the input is bits shows later."""
    for layer in layers:
        wiring = layer.wiring
        if wiring is None:
            continue
        if wiring.estimator != "straight-through":
            return "wires are mixed"
        candidates, logits = wiring.candidates, wiring.logits
        if candidates.shape[0] != 2:
            return "gates have more than two inputs"
        if not (logits.is_cpu and candidates.is_cpu):
            return "a tensor is not on the CPU"
        if not (logits.is_contiguous() and are_plain(logits)):
            return "logits are not contiguous"
        if logits.dtype != torch.float32:
            return "values are not float32"
    weights = [layer.weight for layer in layers]
    if any(weight.dtype != torch.float32 for weight in weights):
        return "values are not float32"
    if not are_plain(x, *weights):
        return "tensors are no plain ones"
    return why_not_core(layers, x.device)


class _LearnedStack(torch.autograd.Function):
    """`apply(settings, x, *(weight, logits or None, wires) of each layer)`."""

    @staticmethod
    def forward(
        ctx: FunctionCtx, settings: tuple, x: Tensor, *tensors: Tensor | None
    ) -> Tensor | None:
        described, n_groups, scale = settings
        n, batch = len(tensors[-3]), len(x)
        layers = _layers(described, tensors)
        kept = _kept(described, tensors, -(-batch // WORD))
        out = pooled((batch, n_groups) if n_groups else (n, batch), torch.float32)
        x, pointers = _input(x)
        call = (isa.choose()[0], layers, batch, n_groups, scale, _threads(batch, tensors))
        addresses = _kept_addresses(kept, tensors)
        if not _core.learned_forward(*call, pointers, addresses, out.data_ptr()):
            return None
        ctx.save_for_backward(kept, *tensors)
        ctx.settings, ctx.shape = settings, x.shape
        return out if n_groups else out.t()

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, ...]:
        refuse_second_derivative()
        described, n_groups, scale = ctx.settings
        kept, *tensors = ctx.saved_tensors
        batch, n_in = ctx.shape
        grads = [
            pooled(tuple(t.shape), t.dtype) if wanted else None
            for t, wanted in zip(tensors, ctx.needs_input_grad[2:], strict=True)
        ]
        grad_x = pooled((n_in, batch), grad.dtype) if ctx.needs_input_grad[1] else None
        layers = _layers(described, tensors, grads)
        grad, pointers = _input(grad.contiguous() if n_groups else grad)
        _core.learned_backward(
            isa.choose()[0],
            layers,
            batch,
            n_groups,
            scale,
            _threads(batch, tensors),
            _kept_addresses(kept, tensors),
            pointers,
            0 if grad_x is None else grad_x.data_ptr(),
        )
        return None, None if grad_x is None else grad_x.t(), *grads


def _layers(
    described: Sequence[tuple], tensors: Sequence[Tensor | None], grads: Sequence[Tensor] = ()
) -> list[tuple]:
    """The core's description of each layer; addresses stay valid while the tensors live."""
    layers = []
    for i, (n_in, hard, factor) in enumerate(described):
        weight, logits, wires = tensors[3 * i : 3 * i + 3]
        n, k = len(weight), 0 if logits is None else logits.shape[2]
        expected = (2, n) if logits is None else tuple(logits.shape)
        if wires.shape != expected or wires.dtype != (
            torch.int64 if logits is None else torch.int32
        ):
            raise ValueError(
                f"wires are {tuple(wires.shape)} {wires.dtype}; expected {expected}, int32 "
                "candidates or int64 indices"
            )
        of_weight, of_logits, _ = grads[3 * i : 3 * i + 3] or (None, None, None)
        layers.append(
            (
                *((0, 0) if logits is None else (wires.data_ptr(), logits.data_ptr())),
                wires.data_ptr() if logits is None else 0,
                weight.data_ptr(),
                0 if of_logits is None else of_logits.data_ptr(),
                0 if of_weight is None else of_weight.data_ptr(),
                n_in,
                n,
                k,
                WEIGHT_KINDS[tuple(weight.shape[1:])],
                hard,
                factor,
            )
        )
    return layers


def _kept(described: Sequence[tuple], tensors: Sequence[Tensor | None], n_words: int) -> Tensor:
    """Room for the coefficients of all layers, their wires and their packed inputs, in turn."""
    gates = sum(len(weight) for weight in tensors[::3])
    n_bytes = _GATE_BYTES * gates + 8 * n_words * sum(n_in for n_in, *_ in described)
    return pooled((n_bytes // 8,), torch.int64)


def _kept_addresses(kept: Tensor, tensors: Sequence[Tensor | None]) -> tuple[int, int, int]:
    """Where packed inputs, wires and coefficients begin."""
    gates, start = sum(len(weight) for weight in tensors[::3]), kept.data_ptr()
    return start + _GATE_BYTES * gates, start + _COEFFICIENT_BYTES * gates, start


def _input(x: Tensor) -> tuple[Tensor, tuple[int, int, int]]:
    """X in rows or in columns, and the core's description of it."""
    in_bytes = x.dtype in (torch.bool, torch.uint8)
    if not in_bytes and x.t().is_contiguous():
        return x, (x.data_ptr(), 0, 0)
    if x.stride(1) != 1 or x.stride(0) < x.shape[1]:
        x = x.contiguous()
    address = x.data_ptr()
    return x, (0 if in_bytes else address, address if in_bytes else 0, x.stride(0))


def _threads(batch: int, tensors: Sequence[Tensor | None]) -> int:
    work = (batch + _PIN) * sum(len(weight) for weight in tensors[::3])
    return max(1, min(torch.get_num_threads(), work // _WORK_A_THREAD))
