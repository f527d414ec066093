"""One layer of tables on features-major rows on the CPU, computed by the native core.

The same as `executors.torch.table_gates`, in float32 or float64, for rows that the native core
made features-major: the pins of learned wires. They are not copied in tiles. Layers with fixed
wires run as `gategrad.nn.executors.cpu.stack` says. For the backward pass the rows are kept, 4
bytes a wire and sample in float32; rows that are pins are made again instead.
"""

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx

from gategrad.nn.checks import refuse_second_derivative
from gategrad.nn.executors.cpu import native_op
from gategrad.nn.executors.cpu.description import Pass, StackLayer, describe
from gategrad.nn.executors.cpu.native_pins import Source, pins_again
from gategrad.nn.executors.cpu.stack import core_gates


def native_tables(
    layer: nn.Module,
    rows: Tensor,
    wires: Tensor | None,
    grad_factor: float,
    source: Source | None = None,
) -> Tensor:
    """The layer's outputs (out_dim, batch) of rows (n, batch), features-major.

    Args:
        layer: a `LogicDense` with a `TableParametrization`.
        rows: in the weight's dtype.
        wires: (inputs, out_dim) int64, rows that the gates read. None: pin by pin, its own.
        grad_factor: on the gradient of the rows.
        source: what the rows are pins of, see `native_pins`.
    """
    return _on_rows(core_gates(layer, wires)._replace(grad_factor=grad_factor), rows, source)


def native_polynomials(
    rows: Tensor,
    wires: Tensor | None,
    forward: Tensor,
    soft: Tensor,
    grad_factor: float,
    source: Source | None = None,
) -> Tensor:
    """What `executors.torch.polynomial.gate_polynomials` says, of two inputs, as tables of four."""
    entries = entries_of(soft), "entries", True, entries_of(forward)
    return _on_rows(StackLayer(wires, *entries, grad_factor), rows, source)


def entries_of(coefficients: Tensor) -> Tensor:
    """Entries (n, 4) of `c0 + c1 a + c2 b + c3 a b`, as sums in a fixed order."""
    c0, c1, c2, c3 = coefficients.unbind(1)
    return torch.stack([c0, c0 + c1, c0 + c2, (c0 + c1) + (c2 + c3)], 1)


def _on_rows(layer: StackLayer, rows: Tensor, source: Source | None) -> Tensor:
    described = describe(rows, [layer], features_major=True)
    return _Rows.apply(rows, described, source, layer.wires, layer.weight, layer.tables)


class _Rows(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: FunctionCtx,
        rows: Tensor,
        described: Pass,
        source: Source | None,
        wires: Tensor | None,
        weight: Tensor,
        tables: Tensor | None,
    ) -> Tensor:
        rows, given = rows.contiguous(), [] if tables is None else [tables]
        out, coefficients, kept, _ = native_op.run_forward(
            described, rows, [wires], [weight], given, keep=False
        )
        ctx.save_for_backward(
            coefficients, kept, wires, weight, tables, *(source or (rows, None, None))
        )
        ctx.described = described
        return out

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, ...]:
        refuse_second_derivative()
        coefficients, kept, wires, weight, tables, *source = ctx.saved_tensors
        rows = source[0] if source[1] is None else pins_again(*source).flatten(0, 1)
        given = [] if tables is None else [tables]
        saved = (rows, coefficients, kept, [wires], [weight], given)
        grad_rows, grad_weight = native_op.run_backward(
            ctx.described, grad, *saved, wants_x=ctx.needs_input_grad[0]
        )
        return grad_rows, None, None, None, grad_weight, None
