"""Gates that choose among slots, computed by the native core.

The same as the plain torch of `SlotDense`, in float32 or float64. Samples are taken in
tiles whose rows stay in a core's own cache, where the values of a gate's slots are mixed, and their
products with a gradient summed, in registers: nothing is made for every slot and sample. For the
backward pass the rows are kept, 4 bytes a wire and sample in float32, and the shares or the slots
chosen.
"""

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx

from gategrad import _core
from gategrad.engine import isa
from gategrad.nn.checks import refuse_second_derivative
from gategrad.nn.executors.cpu.native_op import pooled
from gategrad.nn.executors.cpu.native_pins import address

# Slots times samples under which a further thread costs more than it helps.
_WORK_A_THREAD = 1 << 19


def native_slots(layer: nn.Module, rows: Tensor) -> Tensor:
    """A `SlotDense` in `.train()` on rows (in_dim, batch) in its dtype: (out_dim, batch).

    Args:
        layer: for which, with the rows, `SLOTS` has no reason.
        rows: features-major.

    Raises:
        IndexError: a slot's wire is not below in_dim, or its truth table not below 16.
    """
    soft = layer.estimator == "soft"
    return _NativeSlots.apply(rows, layer.logits, layer.slot_wires, layer.slot_tables, soft)


class _NativeSlots(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: FunctionCtx, rows: Tensor, logits: Tensor, wires: Tensor, tables: Tensor, soft: bool
    ) -> Tensor:
        rows, logits = rows.contiguous(), logits.contiguous()
        wires, tables = wires.contiguous(), tables.contiguous()
        share = torch.softmax(logits, 1) if soft else None
        # Wires (2, out_dim), then tables (out_dim,).
        chosen = None if soft else wires.new_empty(3, len(logits))
        out = pooled((len(logits), rows.shape[1]), rows.dtype)
        _call("forward", rows)(
            _layer(rows, wires, tables),
            address(share),
            address(logits),
            _chosen(chosen),
            address(rows),
            address(out),
        )
        # The softmax is made again rather than kept where the values need none.
        ctx.save_for_backward(rows, share if soft else logits, wires, tables, chosen)
        return out

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, ...]:
        refuse_second_derivative()
        rows, share, wires, tables, chosen = ctx.saved_tensors
        wants_rows, wants_logits, *_ = ctx.needs_input_grad
        if chosen is not None and wants_logits:
            share = torch.softmax(share, 1)
        grad = grad.contiguous()
        grad_rows = pooled(tuple(rows.shape), rows.dtype) if wants_rows else None
        grad_logits = pooled(tuple(share.shape), rows.dtype) if wants_logits else None
        _call("backward", rows)(
            _layer(rows, wires, tables),
            address(share),
            _chosen(chosen),
            *map(address, (rows, grad)),
            1.0,
            *map(address, (grad_logits, grad_rows)),
        )
        return grad_rows, grad_logits, None, None, None


def _chosen(chosen: Tensor | None) -> tuple[int, int]:
    return (0, 0) if chosen is None else (chosen.data_ptr(), chosen[2].data_ptr())


def _layer(rows: Tensor, wires: Tensor, tables: Tensor) -> tuple:
    """The core's description; addresses stay valid while the tensors live."""
    (n, k), (n_in, batch) = tables.shape, rows.shape
    threads = max(1, min(torch.get_num_threads(), n * k * batch // _WORK_A_THREAD))
    return (isa.choose()[0], address(wires), address(tables), n, k, n_in, batch, threads)


def _call(name: str, like: Tensor) -> object:
    return getattr(_core, f"slots_{name}_{str(like.dtype).removeprefix('torch.')}")
