"""Consecutive logic layers on the CPU as one torch operation, computed by the native core.

The core works features-major on tiles of samples that stay in cache through all layers, and shares
torch's OpenMP threads. Registered with torch.library, so that autograd, fake tensors, torch.compile
and checkpointing see an ordinary operation.
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

from gategrad import _core
from gategrad.nn.checks import no_second_derivative, refuse_second_derivative
from gategrad.nn.executors.cpu.arrays import addresses, checked, own, pooled
from gategrad.nn.executors.cpu.description import (
    Pass,
    StackLayer,
    describe,
)
from gategrad.nn.executors.cpu.layer_facts import TABLES

BLOCK: int = _core.train_block
# Names of the core's functions of the two passes.
_CORE = {
    torch.float32: ("train_forward_float32", "train_backward_float32"),
    torch.float64: ("train_forward_float64", "train_backward_float64"),
}


def _logic_stack(
    x: Tensor,
    tensors: Sequence[Tensor],
    kinds: str,
    numbers: Sequence[float],
    n_groups: int,
    scale: float,
    keep: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """Relaxed logic layers, and the sums of the last one's outputs in groups.

    Args:
        x: (batch, n_in) in the weights' dtype, or bool or uint8 that is 0 or 1.
        tensors: the wires of each layer, then the weights of each, float32 or float64, then the
            tables of each that has some, as all that follows is said of `StackLayer`.
        kinds: of each layer, with commas between.
        numbers: three of each layer: straight_through, grad_factor and smoothing.
        n_groups: groups to sum, or 0: return the last layer.
        scale: factor on the sums.
        keep: whether to keep the inputs of the layers for the backward pass, at 4 bytes a wire and
            sample in float32, or to compute them again.

    Returns:
        (batch, n_groups) or (batch, n_out of the last layer); then what the backward pass needs:
        the coefficients of all gates, and the inputs kept.
    """
    layers = _layers(tensors, kinds, numbers)
    described = describe(x, layers, n_groups=n_groups, scale=scale)
    return run_forward(described, x, *_split(len(layers), tensors), keep=keep)[:3]


def _logic_stack_backward(
    grad: Tensor,
    x: Tensor,
    tensors: Sequence[Tensor],
    coefficients: Tensor,
    kept: Tensor,
    kinds: str,
    numbers: Sequence[float],
    n_groups: int,
    scale: float,
    wants_x: bool,
) -> list[Tensor]:
    """Gradients of x (empty unless wanted) and of each layer's weights."""
    layers = _layers(tensors, kinds, numbers)
    described = describe(x, layers, n_groups=n_groups, scale=scale)
    saved = (x, coefficients, kept, *_split(len(layers), tensors))
    gradients = run_backward(described, grad, *saved, wants_x=wants_x)
    return [coefficients.new_empty(0) if g is None else g for g in gradients]


class EagerStack(torch.autograd.Function):
    """`logic_stack` without the operator around it, whose dispatch takes a tenth of a step.

    For plain tensors outside of torch.compile: `apply(described, keep, x, *indices, *weights,
    *tables)`, described by `describe`; returns the first result of `logic_stack`.
    """

    @staticmethod
    def forward(
        ctx: FunctionCtx, described: Pass, keep: bool, x: Tensor, *tensors: Tensor
    ) -> Tensor:
        """As `logic_stack`."""
        x = _with_rows(described, x)
        out, coefficients, kept, arrays = run_forward(
            described, x, *_split(len(described.layers), tensors), keep=keep
        )
        saved = (x, coefficients, kept, *tensors)
        ctx.save_for_backward(*saved)
        ctx.described, ctx.arrays, ctx.addresses = described, arrays, addresses(saved)
        return out

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, ...]:
        """As `logic_stack_backward`."""
        refuse_second_derivative()
        saved = ctx.saved_tensors
        x, coefficients, kept, *tensors = saved
        indices, weights, tables = _split(len(ctx.described.layers), tensors)
        grad_x, *grad_weights = run_backward(
            ctx.described, grad, x, coefficients, kept, indices, weights, tables,
            wants_x=ctx.needs_input_grad[2],
            arrays=ctx.arrays if addresses(saved) == ctx.addresses else None,
        )  # fmt: skip
        return None, None, grad_x, *[None] * len(indices), *grad_weights, *[None] * len(tables)


def _split(n: int, tensors: Sequence[Tensor]) -> tuple[Sequence[Tensor], ...]:
    """Indices, weights and tables of n layers."""
    return tensors[:n], tensors[n : 2 * n], tensors[2 * n :]


def _layers(tensors: Sequence[Tensor], kinds: str, numbers: Sequence[float]) -> list[StackLayer]:
    of_layers = list(
        zip(
            kinds.split(","),
            zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True),
            strict=True,
        )
    )
    indices, weights, tables = _split(len(of_layers), tensors)
    left, layers = iter(tables), []
    for wires, weight, (kind, rest) in zip(indices, weights, of_layers, strict=True):
        hard, grad_factor, smoothing = bool(rest[0]), *rest[1:]
        table = next(left) if kind == "entries" and hard else None
        layers.append(StackLayer(wires, weight, kind, hard, table, grad_factor, smoothing))
    return layers


def run_forward(
    described: Pass,
    x: Tensor,
    indices: Sequence[Tensor],
    weights: Sequence[Tensor],
    tables: Sequence[Tensor],
    *,
    keep: bool,
) -> tuple[Tensor, Tensor, Tensor, _core.StackArrays]:
    """The core's forward pass: what `logic_stack` returns, and the arrays that it read."""
    dtype, layers = described.dtype, described.layers
    out = pooled(_by_rows(described, described.width), dtype)
    n_numbers = sum(layer.coefficients for layer in layers)
    coefficients = pooled((_coefficients_size(n_numbers),), dtype)
    widths = (layer.core.n_in for layer in layers)
    kept = pooled((_kept_size(described.batch, widths) if keep else 0,), dtype)
    x = _with_rows(described, x)
    arrays = _arrays(described, x, indices, weights, tables, coefficients, kept)
    getattr(_core, _CORE[dtype][0])(described.stack, arrays, out=own(out))
    return out, coefficients, kept, arrays


def run_backward(
    described: Pass,
    grad: Tensor,
    x: Tensor,
    coefficients: Tensor,
    kept: Tensor,
    indices: Sequence[Tensor],
    weights: Sequence[Tensor],
    tables: Sequence[Tensor],
    *,
    wants_x: bool,
    arrays: _core.StackArrays | None = None,
) -> list[Tensor | None]:
    """Gradients of x, None unless wanted, and of each layer's weights.

    `arrays` are those of the forward pass, if the tensors still lie where they lay.
    """
    dtype, shape = described.dtype, _by_rows(described, described.n_in)
    grad = grad.to(dtype).contiguous()
    if arrays is None:
        x = _with_rows(described, x)
        arrays = _arrays(described, x, indices, weights, tables, coefficients, kept)
    grad_x = pooled(shape, dtype) if wants_x else None
    grad_weights = [pooled(weight.shape, dtype) for weight in weights]
    getattr(_core, _CORE[dtype][1])(
        described.stack,
        arrays,
        grad=checked(grad, "the gradient", dtype, _by_rows(described, described.width)),
        grad_weights=[own(g) for g in grad_weights],
        grad_x=own(grad_x) if wants_x else None,
    )
    return [grad_x, *grad_weights]


def _arrays(
    described: Pass,
    x: Tensor,
    indices: Sequence[Tensor],
    weights: Sequence[Tensor],
    tables: Sequence[Tensor],
    coefficients: Tensor,
    kept: Tensor,
) -> _core.StackArrays:
    """All that both passes read; RuntimeError for what doesn't fit the description."""
    dtype, layers = described.dtype, described.layers
    return _core.StackArrays(
        wires=[
            checked(wires, "wires", torch.int64, layer.wires_shape)
            for layer, wires in zip(layers, indices, strict=True)
            if wires is not None
        ],
        weights=[
            checked(weight, "the weight of a layer", dtype, layer.weight_shape)
            for layer, weight in zip(layers, weights, strict=True)
        ],
        tables=[checked(table, "tables", dtype, table.shape) for table in tables],
        x=checked(x, "the input", x.dtype, _by_rows(described, described.n_in), rows=True),
        stride=x.stride(0),
        coefficients=checked(coefficients, "coefficients", dtype, coefficients.shape),
        kept=checked(kept, "what was kept", dtype, kept.shape) if kept.numel() else None,
        features_major=described.features_major,
    )


def _by_rows(described: Pass, rows: int) -> tuple[int, int]:
    """The shape of an input or output of so many wires."""
    return (rows, described.batch) if described.features_major else (described.batch, rows)


def _coefficients_size(n_numbers: int) -> int:
    return 2 * n_numbers + 2


def _kept_size(batch: int, widths: Iterable[int]) -> int:
    """Numbers in the inputs of all layers, of these widths."""
    return -(-batch // BLOCK) * BLOCK * sum(widths)


def _with_rows(described: Pass, x: Tensor) -> Tensor:
    """X, or a copy whose rows are contiguous; it must live as long as the core works on it."""
    if x.dtype not in (torch.bool, torch.uint8, described.dtype):
        raise TypeError(
            f"x is {x.dtype} and the weights are {described.dtype}; convert one of them"
        )
    apart = not described.features_major and x.stride(1) == 1 and x.stride(0) >= x.shape[1]
    return x if apart else x.contiguous()


logic_stack = torch.library.custom_op(
    "gategrad::logic_stack", _logic_stack, mutates_args=(), device_types="cpu"
)
logic_stack_backward = torch.library.custom_op(
    "gategrad::logic_stack_backward", _logic_stack_backward, mutates_args=(), device_types="cpu"
)


@logic_stack.register_fake
def _(x, tensors, kinds, numbers, n_groups, scale, keep):
    names = kinds.split(",")
    weights = _split(len(names), tensors)[1]
    weight, widths = weights[0], [w.shape[0] for w in weights]
    out = weight.new_empty(x.shape[0], n_groups or widths[-1])
    sizes = [
        w.shape[0] * (w.shape[1] if kind in TABLES else 4)
        for w, kind in zip(weights, names, strict=True)
    ]
    coefficients = weight.new_empty(_coefficients_size(sum(sizes)))
    n_kept = _kept_size(x.shape[0], (x.shape[1], *widths[:-1])) if keep else 0
    return out, coefficients, weight.new_empty(n_kept)


@logic_stack_backward.register_fake
def _(grad, x, tensors, coefficients, kept, kinds, numbers, n_groups, scale, wants_x):
    grad_x = coefficients.new_empty(x.shape if wants_x else (0,))
    weights = _split(kinds.count(",") + 1, tensors)[1]
    return [grad_x, *(torch.empty_like(w) for w in weights)]


def _setup_context(ctx, inputs, output) -> None:
    x, tensors, *settings, _ = inputs
    _, coefficients, kept = output
    ctx.save_for_backward(x, coefficients, kept, *tensors)
    ctx.settings = settings
    ctx.mark_non_differentiable(coefficients, kept)
    ctx.set_materialize_grads(False)


def _backward_of_op(ctx, grad, *_):
    x, coefficients, kept, *tensors = ctx.saved_tensors
    wants_x, none = ctx.needs_input_grad[0], [None] * len(tensors)
    if grad is None:
        return None, none, *[None] * 5
    grad_x, *grad_weights = torch.ops.gategrad.logic_stack_backward(
        grad, x, tensors, coefficients, kept, *ctx.settings, wants_x
    )
    n = len(grad_weights)
    none[n : 2 * n] = grad_weights
    return grad_x if wants_x else None, none, *[None] * 5


logic_stack.register_autograd(_backward_of_op, setup_context=_setup_context)
logic_stack_backward.register_autograd(no_second_derivative)
