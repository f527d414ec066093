"""Learned wiring: each pin of each gate chooses among K candidate wires.

LILogicNet (arXiv 2511.12340) takes the mixture of the candidates; straight-through, the pin reads
the likeliest wire alone, and only the logits see the others.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx

from gategrad.nn.checks import known_name, refuse_second_derivative
from gategrad.nn.constants import traced
from gategrad.nn.executors.cpu.native_pins import native_pins
from gategrad.nn.executors.description import WireKind
from gategrad.nn.executors.native import PINS
from gategrad.nn.executors.plan import Run
from gategrad.nn.kept import keep, mend
from gategrad.nn.seeding import place_of

WIRE_ESTIMATORS = ("soft", "straight-through")
# Bytes of the candidates' values that are gathered at a time.
_GATHERED_BYTES = 1 << 22


class LearnedWiring(nn.Module):
    """The choice among candidates, `q = softmax(logits)` over the K wires of a pin.

    Soft: a pin reads `sum_k q_k x[candidate k]`, with its full gradients. Straight-through: it
    reads the candidate of the largest logit, the first of equal ones; the gradient of x goes
    through that wire only, that of the logits is the mixture's,
    `q_k (d_k - sum_j q_j d_j)` with `d_k = sum_batch grad * x[candidate k]`.

    Args:
        candidates: (pins, out_dim, K) integers, kept as an int32 buffer.
        estimator: "soft" or "straight-through".
        device: of candidates and logits.
        dtype: of the logits, which start at 0.
    """

    def __init__(
        self,
        candidates: Tensor,
        *,
        estimator: str = "straight-through",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.estimator = known_name("wire_estimator", estimator, WIRE_ESTIMATORS)
        device = place_of(device)
        self.register_buffer("candidates", candidates.to(device, torch.int32))
        keep(self, "candidates")
        self.logits = nn.Parameter(torch.zeros(candidates.shape, device=device, dtype=dtype))

    @property
    def kind(self) -> WireKind:
        """How pins read their candidates in training."""
        return WireKind.MIXED if self.estimator == "soft" else WireKind.CHOSEN

    def wires(self) -> Tensor:
        """The wires (pins, out_dim) int64 of the largest logits, the first among equal ones."""
        mend(self)
        choice = self.logits.detach().argmax(2, keepdim=True)
        return self.candidates.gather(2, choice)[:, :, 0].long()

    def forward(self, rows: Tensor, grad_factor: float = 1.0) -> Tensor:
        """What the pins read, (pins, out_dim, batch), of rows (in_dim, batch).

        `grad_factor` multiplies the gradient of the rows, not that of the logits.
        """
        mend(self)
        if PINS.reason(Run((self,), rows)) is None:
            return native_pins(self, rows, grad_factor)[0]
        if self.estimator == "soft":
            share, wires = torch.softmax(self.logits, 2), self.candidates
        else:
            share, wires = torch.softmax(self.logits, 2), self.wires()[:, :, None]
        return _Pins.apply(rows, share, self.candidates, wires, grad_factor)

    def _save_to_state_dict(
        self, destination: dict[str, Tensor], prefix: str, keep_vars: bool
    ) -> None:
        mend(self)
        super()._save_to_state_dict(destination, prefix, keep_vars)

    def extra_repr(self) -> str:
        """Settings, for printing."""
        return f"candidates={self.candidates.shape[2]}, estimator={self.estimator!r}"


class _Pins(torch.autograd.Function):
    """Mixtures of the candidates, or where `wires` are one a pin those wires."""

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        rows: Tensor,
        share: Tensor,
        candidates: Tensor,
        wires: Tensor,
        grad_factor: float,
    ) -> Tensor:
        ctx.save_for_backward(rows, share, candidates, wires)
        ctx.grad_factor = grad_factor
        pins, out_dim, _ = candidates.shape
        if wires.shape[2] != candidates.shape[2]:
            return rows[wires.flatten()].view(pins, out_dim, rows.shape[1])
        flat = share.flatten(0, 1)
        if traced():
            ((_, values),) = _gathered(rows, candidates)
            return torch.bmm(flat[:, None], values).view(pins, out_dim, rows.shape[1])
        out = rows.new_empty(pins * out_dim, rows.shape[1])
        for part, values in _gathered(rows, candidates):
            torch.bmm(flat[part, None], values, out=out[part, None])
        return out.view(pins, out_dim, rows.shape[1])

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, ...]:
        refuse_second_derivative()
        rows, share, candidates, wires = ctx.saved_tensors
        grad = grad.flatten(0, 1)
        grad_rows = grad_share = None
        if ctx.needs_input_grad[0]:
            grad_rows = _grad_rows(rows, share, wires, grad)
            grad_rows *= ctx.grad_factor
        if ctx.needs_input_grad[1]:
            grad_share = torch.empty_like(share)
            flat = grad_share.view(-1, share.shape[2])
            for part, values in _gathered(rows, candidates):
                torch.bmm(values, grad[part, :, None], out=flat[part, :, None])
        return grad_rows, grad_share, None, None, None


def _grad_rows(rows: Tensor, share: Tensor, wires: Tensor, grad: Tensor) -> Tensor:
    out = torch.zeros_like(rows)
    if wires.shape[2] == 1 != share.shape[2]:
        return out.index_add_(0, wires.flatten(), grad)
    wires, share = wires.flatten(0, 1), share.flatten(0, 1)
    for k in range(wires.shape[1]):
        out.index_add_(0, wires[:, k], share[:, k, None] * grad)
    return out


def _gathered(rows: Tensor, candidates: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Some pins, and the values (pins, K, batch) of their candidates, at a time."""
    wires = candidates.flatten(0, 1)
    size = len(wires)
    if not traced():  # a graph is for every batch
        n_bytes = max(1, wires.shape[1] * rows.shape[1] * rows.element_size())
        size = max(1, _GATHERED_BYTES // n_bytes)
    for start in range(0, len(wires), size):
        part = slice(start, min(start + size, len(wires)))
        values = rows.index_select(0, wires[part].flatten())
        yield part, values.view(part.stop - start, wires.shape[1], rows.shape[1])
