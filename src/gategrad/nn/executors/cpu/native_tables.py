"""Layers of gates with many inputs on the CPU, computed by the native core.

The same as `executors.torch.table_gates`, in float32 or float64. Tables are shared out to OpenMP
threads by gates, the gradient of the input by samples, so results repeat for a number of threads.
For the backward pass the layer's input is kept, 4 bytes a wire and sample in float32; nothing of
the size of a table is made for a sample, and the tables of `light` are made again of the weights.
Rows that are pins of learned wires are made again instead.
"""

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx

from gategrad import _core
from gategrad.engine import isa
from gategrad.nn.checks import refuse_second_derivative
from gategrad.nn.executors.cpu.native_op import pooled
from gategrad.nn.executors.cpu.native_pins import Source, pins_again
from gategrad.nn.gates.options import HARD_FORWARD
from gategrad.nn.gates.weight_kind import WeightKind

# Table entries times samples under which a further thread costs more than it helps.
_WORK_A_THREAD = 1 << 18
# What making a table costs, in samples.
_TABLE = 16


def native_tables(
    layer: nn.Module, rows: Tensor, wires: Tensor, grad_factor: float, source: Source | None = None
) -> Tensor:
    """The layer's outputs (out_dim, batch) of rows (n, batch), features-major.

    Args:
        layer: a `LogicDense` with a `TableParametrization`.
        rows: in the weight's dtype.
        wires: (inputs, out_dim) int64, rows that the gates read.
        grad_factor: on the gradient of the rows.
        source: what the rows are pins of, see `native_pins`.
    """
    hard_forward = layer.estimator in HARD_FORWARD
    bank = layer.bank
    settings = (grad_factor, bank.smoothing)
    # The sine is made in the core, gate by gate; all else comes as entries.
    if bank.weight_kind is WeightKind.LIGHT_ENTRIES:
        return _Tables.apply(rows, wires, layer.weight, None, hard_forward, *settings, source)
    forward, soft = bank.entries()
    return _Tables.apply(rows, wires, soft, forward, None, *settings, source)


def native_polynomials(
    rows: Tensor,
    wires: Tensor,
    forward: Tensor,
    soft: Tensor,
    grad_factor: float,
    source: Source | None = None,
) -> Tensor:
    """What `executors.torch.polynomial.gate_polynomials` says, of two inputs, as tables of four."""
    settings = (None, grad_factor, 0.0, source)
    return _Tables.apply(rows, wires, _entries_of(soft), _entries_of(forward), *settings)


def _entries_of(coefficients: Tensor) -> Tensor:
    """Entries (n, 4) of `c0 + c1 a + c2 b + c3 a b`, as sums in a fixed order."""
    c0, c1, c2, c3 = coefficients.unbind(1)
    return torch.stack([c0, c0 + c1, c0 + c2, (c0 + c1) + (c2 + c3)], 1)


class _Tables(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: FunctionCtx,
        rows: Tensor,
        wires: Tensor,
        weight: Tensor,
        forward: Tensor | None,
        hard_forward: bool | None,
        grad_factor: float,
        smoothing: float,
        source: Source | None,
    ) -> Tensor:
        """Weights are those of light where `hard_forward` is not None, else the soft entries."""
        rows, wires, weight = rows.contiguous(), wires.contiguous(), weight.contiguous()
        is_light = hard_forward is not None
        forward = None if is_light else forward.contiguous()
        out = pooled((wires.shape[1], rows.shape[1]), rows.dtype)
        _call("forward", rows)(
            _layer(rows, wires),
            *_tables(weight, is_light),
            bool(hard_forward),
            0 if is_light else forward.data_ptr(),
            rows.data_ptr(),
            out.data_ptr(),
        )
        kept = (rows,) if source is None else source
        ctx.save_for_backward(wires, weight, *kept)
        ctx.settings = (is_light, grad_factor, smoothing)
        return out

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, ...]:
        refuse_second_derivative()
        wires, weight, *kept = ctx.saved_tensors
        rows = kept[0] if len(kept) == 1 else pins_again(*kept).flatten(0, 1)
        is_light, grad_factor, smoothing = ctx.settings
        grad = grad.contiguous()
        wants_rows = ctx.needs_input_grad[0]
        grad_rows = pooled(tuple(rows.shape), rows.dtype) if wants_rows else None
        grad_weight = pooled(tuple(weight.shape), weight.dtype)
        _call("backward", rows)(
            _layer(rows, wires),
            *_tables(weight, is_light),
            rows.data_ptr(),
            grad.data_ptr(),
            grad_factor,
            smoothing,
            grad_rows.data_ptr() if wants_rows else 0,
            grad_weight.data_ptr(),
        )
        return grad_rows, None, grad_weight, None, None, None, None, None


def _tables(weight: Tensor, is_light: bool) -> tuple[int, int]:
    """Where the weights of light are, and where the soft entries; one is 0."""
    return (weight.data_ptr(), 0) if is_light else (0, weight.data_ptr())


def _layer(rows: Tensor, wires: Tensor) -> tuple:
    """The core's description; the address stays valid while the wires live."""
    inputs, n = wires.shape
    work = (rows.shape[1] + _TABLE) * n << inputs
    threads = max(1, min(torch.get_num_threads(), work // _WORK_A_THREAD))
    return (isa.choose()[0], wires.data_ptr(), inputs, rows.shape[0], n, rows.shape[1], threads)


def _call(name: str, like: Tensor) -> object:
    return getattr(_core, f"wide_{name}_{str(like.dtype).removeprefix('torch.')}")
