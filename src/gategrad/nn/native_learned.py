"""Layers with learned wires on the CPU, straight-through, on inputs that are bits.

The native core packs the inputs, one bit each, and evaluates gates and the products of gradients
with all candidates on packed bits: K candidates of a pin cost K bits of reads a sample. The bits
are all that is kept for the backward pass. Inputs that are not 0 or 1 go through plain torch.
"""

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

from gategrad import _core
from gategrad.engine import isa
from gategrad.nn.native_op import pooled
from gategrad.nn.stack import native_is_off
from gategrad.nn.wiring import LearnedWiring

_WORD = 64
# Gates times samples under which a further thread costs more than it helps.
_WORK_A_THREAD = 1 << 15
# What choosing wires costs, in samples.
_PIN = 16


def learned_gates(
    rows: Tensor, wiring: LearnedWiring, forward: Tensor, soft: Tensor, grad_factor: float
) -> Tensor | None:
    """The layer's outputs (out_dim, batch) of rows (in_dim, batch), or None: not for the core.

    Args:
        rows: features-major.
        wiring: of two pins a gate.
        forward: coefficients (out_dim, 4) to compute with.
        soft: coefficients (out_dim, 4) to differentiate.
        grad_factor: on the gradient of the rows.
    """
    if why_not_native_learned(rows, wiring, forward) is not None:
        return None
    rows = rows.contiguous()
    layer = _layer(wiring.candidates, wiring.logits, *rows.shape)
    n_words = -(-rows.shape[1] // _WORD)
    bits = torch.empty(rows.shape[0], n_words, dtype=torch.int64)
    if not _core.learned_pack(layer, rows.data_ptr(), bits.data_ptr()):
        return None
    return _LearnedGates.apply(
        rows, wiring.logits, soft, forward, wiring.candidates, bits, layer, grad_factor
    )


def why_not_native_learned(rows: Tensor, wiring: LearnedWiring, forward: Tensor) -> str | None:
    """What keeps a layer from these kernels, or None; that its inputs are bits shows later."""
    if native_is_off():
        return "the native core is off"
    if wiring.estimator != "straight-through":
        return "wires are mixed"
    if wiring.candidates.shape[0] != 2 or forward.shape[1] != 4:
        return "gates have more than two inputs"
    tensors = (rows, wiring.logits, wiring.candidates, forward)
    if any(t.device.type != "cpu" for t in tensors):
        return "a tensor is not on the CPU"
    if any(t.dtype != torch.float32 for t in (rows, wiring.logits, forward)):
        return "values are not float32"
    return None


def _layer(candidates: Tensor, logits: Tensor, n_in: int, batch: int) -> tuple:
    """The core's description; addresses stay valid while the tensors live."""
    if not (candidates.is_contiguous() and logits.is_contiguous()):
        raise ValueError("candidates and logits must be contiguous")
    _, n, k = candidates.shape
    threads = max(1, min(torch.get_num_threads(), (batch + _PIN) * n // _WORK_A_THREAD))
    addresses = (candidates.data_ptr(), logits.data_ptr())
    return (isa.choose()[0], *addresses, n_in, n, k, batch, threads)


class _LearnedGates(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: FunctionCtx,
        rows: Tensor,
        logits: Tensor,
        soft: Tensor,
        forward: Tensor,
        candidates: Tensor,
        bits: Tensor,
        layer: tuple,
        grad_factor: float,
    ) -> Tensor:
        n, forward = logits.shape[1], forward.contiguous()
        wires = torch.empty(2, n, dtype=torch.int32)
        out = pooled((n, rows.shape[1]), rows.dtype)
        addresses = (t.data_ptr() for t in (bits, forward, wires, out))
        _core.learned_forward(layer, *addresses)
        ctx.save_for_backward(logits, soft, candidates, bits, wires)
        ctx.grad_factor, ctx.shape = grad_factor, rows.shape
        return out

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():
            raise RuntimeError(
                "logic layers can't be differentiated twice; differentiate without "
                "create_graph=True"
            )
        logits, soft, candidates, bits, wires = ctx.saved_tensors
        soft, grad = soft.contiguous(), grad.contiguous()
        wants_rows = ctx.needs_input_grad[0]
        grad_rows = pooled(tuple(ctx.shape), grad.dtype) if wants_rows else None
        grad_soft = pooled(tuple(soft.shape), soft.dtype)
        grad_logits = pooled(tuple(logits.shape), logits.dtype)
        _core.learned_backward(
            _layer(candidates, logits, *ctx.shape),
            *(t.data_ptr() for t in (bits, soft, wires, grad)),
            ctx.grad_factor,
            *(0 if t is None else t.data_ptr() for t in (grad_rows, grad_soft, grad_logits)),
        )
        return grad_rows, grad_logits, grad_soft, None, None, None, None, None
