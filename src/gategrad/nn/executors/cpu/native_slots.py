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
from gategrad.nn.executors.cpu.arrays import checked, pooled
from gategrad.nn.executors.cpu.native_pins import given

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
        call = _Call(rows, tables)
        chosen = (None, None) if soft else (wires.new_empty(2, call.n), wires.new_empty(call.n))
        out = pooled(call.out, call.dtype)
        _core.slots_forward(
            call.choice,
            call.arrays(wires, tables, *chosen),
            share=given(share, "the shares of slots", call.dtype, call.slots),
            logits=given(logits, "the logits of slots", call.dtype, call.slots),
            rows=given(rows, "the layer's input", call.dtype, call.rows),
            out=given(out, "out", call.dtype, call.out),
        )
        # The softmax is made again rather than kept where the values need none.
        ctx.save_for_backward(rows, share if soft else logits, wires, tables, *chosen)
        ctx.call = call
        return out

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, ...]:
        refuse_second_derivative()
        rows, share, wires, tables, *chosen = ctx.saved_tensors
        wants_rows, wants_logits, *_ = ctx.needs_input_grad
        if chosen[0] is not None:
            share = torch.softmax(share, 1) if wants_logits else None
        # Kept until the core is done: it is given an address.
        call, grad = ctx.call, grad.contiguous()
        grad_rows = pooled(call.rows, call.dtype) if wants_rows else None
        grad_logits = pooled(call.slots, call.dtype) if wants_logits else None
        _core.slots_backward(
            call.choice,
            call.arrays(wires, tables, *chosen),
            share=given(share, "the shares of slots", call.dtype, call.slots),
            rows=given(rows, "the layer's input", call.dtype, call.rows),
            grad=given(grad, "grad", call.dtype, call.out),
            grad_logits=given(grad_logits, "grad_logits", call.dtype, call.slots),
            grad_rows=given(grad_rows, "grad_rows", call.dtype, call.rows),
        )
        return grad_rows, grad_logits, None, None, None


class _Call:
    """What the core is told in both passes; shapes and dtype are those of the forward pass."""

    def __init__(self, rows: Tensor, tables: Tensor) -> None:
        self.rows, self.dtype = tuple(rows.shape), rows.dtype
        self.slots = self.n, k = tuple(tables.shape)
        n_in, batch = self.rows
        self.out = (self.n, batch)
        work = self.n * k * batch
        self.choice = _core.ChoiceDescription(
            isa=isa.choose()[0],
            pins=0,
            n=self.n,
            k=k,
            n_in=n_in,
            batch=batch,
            threads=max(1, min(torch.get_num_threads(), work // _WORK_A_THREAD)),
            grad_factor=1.0,
        )

    def arrays(
        self,
        wires: Tensor,
        tables: Tensor,
        chosen_wires: Tensor | None,
        chosen_tables: Tensor | None,
    ) -> _core.TermArrays:
        return _core.TermArrays(
            wires=checked(wires, "the slots' wires", torch.int64, (2, *self.slots)),
            tables=checked(tables, "the slots' tables", torch.int64, self.slots),
            chosen_wires=given(chosen_wires, "the chosen wires", torch.int64, (2, self.n)),
            chosen_tables=given(chosen_tables, "the chosen tables", torch.int64, (self.n,)),
        )
