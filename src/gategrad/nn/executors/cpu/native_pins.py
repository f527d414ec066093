"""Learned wires on values of any kind, computed by the native core.

The same as the plain torch of `gategrad.nn.wiring`, in float32 or float64. Samples are taken in
tiles whose rows stay in a core's own cache: a pin's candidates are mixed in registers, and their
products with a gradient are summed there, so nothing is made K times. For the backward pass the
rows are kept, 4 bytes a wire and sample in float32, and the shares or the wires chosen; the gates
that read the pins keep no values of them either, but make them again.
"""

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx

from gategrad import _core
from gategrad.engine import isa
from gategrad.nn.checks import outside_graphs, refuse_second_derivative
from gategrad.nn.executors.cpu.arrays import checked, pooled

# Candidates times samples under which a further thread costs more than it helps.
_WORK_A_THREAD = 1 << 20


# Rows, candidates, and the shares or the wires chosen: what pins are made of.
Source = tuple[Tensor, Tensor, Tensor]


@outside_graphs
def native_pins(wiring: nn.Module, rows: Tensor, grad_factor: float) -> tuple[Tensor, Source]:
    """What the pins of a `LearnedWiring` read, (pins, out_dim, batch), of rows (in_dim, batch).

    With them comes what `pins_again` makes them of, tensors that the backward pass keeps anyway.

    Args:
        wiring: for which, with the rows, `PINS` has no reason.
        rows: in the logits' dtype.
        grad_factor: on the gradient of the rows.

    Raises:
        IndexError: a candidate is not below in_dim.
    """
    soft, candidates = wiring.estimator == "soft", wiring.candidates.contiguous()
    rows = rows.contiguous()
    pins, choice = _NativePins.apply(rows, wiring.logits, candidates, soft, grad_factor)
    return pins, (rows.detach(), candidates, choice)


def pins_again(rows: Tensor, candidates: Tensor, choice: Tensor) -> Tensor:
    """The pins that `native_pins` made of this, bit for bit."""
    out = pooled((*candidates.shape[:2], rows.shape[1]), rows.dtype)
    if choice.dtype == torch.int32:
        torch.index_select(rows, 0, choice.flatten(), out=out.flatten(0, 1))
    else:
        call = _Call(rows, candidates)
        call.forward(rows, candidates, out, share=choice)
    return out


class _NativePins(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: FunctionCtx,
        rows: Tensor,
        logits: Tensor,
        candidates: Tensor,
        soft: bool,
        grad_factor: float,
    ) -> Tensor:
        logits = logits.contiguous()
        call = _Call(rows, candidates, grad_factor)
        share = torch.softmax(logits, 2) if soft else None
        chosen = None if soft else torch.empty(call.pins, dtype=torch.int32, device="cpu")
        out = pooled((*call.pins, call.rows[1]), call.dtype)
        call.forward(rows, candidates, out, share=share, logits=logits, chosen=chosen)
        choice = share if soft else chosen
        ctx.mark_non_differentiable(choice)
        # The softmax is made again rather than kept where the values need none.
        ctx.save_for_backward(rows, candidates, share if soft else logits, chosen)
        ctx.call = call
        return out, choice

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor, _: None) -> tuple[Tensor | None, ...]:
        refuse_second_derivative()
        rows, candidates, share, chosen = ctx.saved_tensors
        wants_rows, wants_logits, *_ = ctx.needs_input_grad
        if chosen is not None:
            share = torch.softmax(share, 2) if wants_logits else None
        # Kept until the core is done: it is given an address.
        call, grad = ctx.call, grad.contiguous()
        grad_rows = pooled(call.rows, call.dtype) if wants_rows else None
        grad_logits = pooled(call.terms, call.dtype) if wants_logits else None
        _core.pins_backward(
            call.choice,
            call.arrays(candidates, chosen),
            share=call.array(share, "the shares of candidates", call.terms),
            rows=call.array(rows, "the pins' input", call.rows),
            grad=call.array(grad, "grad", (*call.pins, call.rows[1])),
            grad_logits=call.array(grad_logits, "grad_logits", call.terms),
            grad_rows=call.array(grad_rows, "grad_rows", call.rows),
        )
        return grad_rows, grad_logits, None, None, None


class _Call:
    """What the core is told in both passes; shapes and dtype are those of the forward pass."""

    def __init__(self, rows: Tensor, candidates: Tensor, grad_factor: float = 1.0) -> None:
        self.rows, self.dtype = tuple(rows.shape), rows.dtype
        self.terms, self.pins = tuple(candidates.shape), tuple(candidates.shape[:2])
        (n_in, batch), (pins, n, k) = self.rows, self.terms
        work = pins * n * k * batch
        self.choice = _core.ChoiceDescription(
            isa=isa.choose()[0],
            pins=pins,
            n=n,
            k=k,
            n_in=n_in,
            batch=batch,
            threads=max(1, min(torch.get_num_threads(), work // _WORK_A_THREAD)),
            grad_factor=grad_factor,
        )

    def forward(
        self,
        rows: Tensor,
        candidates: Tensor,
        out: Tensor,
        *,
        share: Tensor | None = None,
        logits: Tensor | None = None,
        chosen: Tensor | None = None,
    ) -> None:
        _core.pins_forward(
            self.choice,
            self.arrays(candidates, chosen),
            share=self.array(share, "the shares of candidates", self.terms),
            logits=self.array(logits, "the logits of candidates", self.terms),
            rows=self.array(rows, "the pins' input", self.rows),
            out=self.array(out, "out", (*self.pins, self.rows[1])),
        )

    def arrays(self, candidates: Tensor, chosen: Tensor | None) -> _core.TermArrays:
        return _core.TermArrays(
            wires=checked(candidates, "candidates", torch.int32, self.terms),
            tables=None,
            chosen_wires=given(chosen, "the chosen wires", torch.int32, self.pins),
            chosen_tables=None,
        )

    def array(self, tensor: Tensor | None, what: str, shape: tuple) -> _core.Array | None:
        return given(tensor, what, self.dtype, shape)


def given(
    tensor: Tensor | None, what: str, dtype: torch.dtype, shape: tuple[int, ...]
) -> _core.Array | None:
    """A checked tensor for the core, or None."""
    return None if tensor is None else checked(tensor, what, dtype, shape)
