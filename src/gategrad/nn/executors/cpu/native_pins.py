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
from gategrad.nn.checks import refuse_second_derivative
from gategrad.nn.executors.cpu.native_op import pooled

# Candidates times samples under which a further thread costs more than it helps.
_WORK_A_THREAD = 1 << 20


# Rows, candidates, and the shares or the wires chosen: what pins are made of.
Source = tuple[Tensor, Tensor, Tensor]


@torch.compiler.disable
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
        _make(rows, candidates, choice, None, None, out)
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
        share = torch.softmax(logits, 2) if soft else None
        chosen = None if soft else torch.empty(candidates.shape[:2], dtype=torch.int32)
        out = pooled((*candidates.shape[:2], rows.shape[1]), rows.dtype)
        _make(rows, candidates, share, logits, chosen, out)
        choice = share if soft else chosen
        ctx.mark_non_differentiable(choice)
        # The softmax is made again rather than kept where the values need none.
        ctx.save_for_backward(rows, candidates, share if soft else logits, chosen)
        ctx.grad_factor = grad_factor
        return out, choice

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor, _: None) -> tuple[Tensor | None, ...]:
        refuse_second_derivative()
        rows, candidates, share, chosen = ctx.saved_tensors
        wants_rows, wants_logits, *_ = ctx.needs_input_grad
        if chosen is not None and wants_logits:
            share = torch.softmax(share, 2)
        grad = grad.contiguous()
        grad_rows = pooled(tuple(rows.shape), rows.dtype) if wants_rows else None
        grad_logits = pooled(tuple(candidates.shape), rows.dtype) if wants_logits else None
        _call("backward", rows)(
            _layer(rows, candidates),
            address(share),
            (address(chosen), 0),
            *map(address, (rows, grad)),
            ctx.grad_factor,
            *map(address, (grad_logits, grad_rows)),
        )
        return grad_rows, grad_logits, None, None, None


def _make(
    rows: Tensor,
    candidates: Tensor,
    share: Tensor | None,
    logits: Tensor | None,
    chosen: Tensor | None,
    out: Tensor,
) -> None:
    chosen_wires = (address(chosen), 0)
    pointers = (address(share), address(logits), chosen_wires, address(rows), address(out))
    _call("forward", rows)(_layer(rows, candidates), *pointers)


def address(tensor: Tensor | None) -> int:
    """Where the core finds a tensor, or 0."""
    return 0 if tensor is None else tensor.data_ptr()


def _layer(rows: Tensor, candidates: Tensor) -> tuple:
    """The core's description; the address stays valid while the candidates live."""
    *_, k = candidates.shape
    (n_in, batch), n = rows.shape, candidates.numel() // k
    threads = max(1, min(torch.get_num_threads(), n * k * batch // _WORK_A_THREAD))
    return (isa.choose()[0], candidates.data_ptr(), 0, n, k, n_in, batch, threads)


def _call(name: str, like: Tensor) -> object:
    return getattr(_core, f"pins_{name}_{str(like.dtype).removeprefix('torch.')}")
