"""Consecutive logic layers on the CPU as one torch operation, computed by the native core.

The core works features-major on tiles of samples that stay in cache through all layers, and shares
torch's OpenMP threads. Registered with torch.library, so that autograd, fake tensors, torch.compile
and checkpointing see an ordinary operation.
"""

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

from gategrad import _core
from gategrad.engine import isa
from gategrad.nn.checks import no_second_derivative, refuse_second_derivative

# Shapes of a gate's weights, by the core's number for what they are; the last two are coefficients.
WEIGHT_KINDS = {(16,): 0, (4,): 1, (1, 4): 2, (2, 4): 2}
BLOCK: int = _core.train_block
# Gates times samples, about 0.05 ms, under which a further thread costs more than it helps.
_WORK_A_THREAD = 1 << 16
# From this size on, C libraries may take fresh pages from the system for every allocation.
_POOLED_BYTES = 1 << 17
# What the parametrization of a gate costs, in samples.
_PARAMETRIZATION = 16
# Names of the core's functions of the two passes.
_CORE = {
    torch.float32: ("train_forward_float32", "train_backward_float32"),
    torch.float64: ("train_forward_float64", "train_backward_float64"),
}

# Instruction set; (n_in, n_out, kind of weights, straight-through?, grad_factor) of each layer;
# batch; n_groups; scale; threads.
Settings = tuple[str, list[tuple[int, int, int, bool, float]], int, int, float, int]


def _logic_stack(
    x: Tensor,
    indices: Sequence[Tensor],
    weights: Sequence[Tensor],
    straight_through: Sequence[bool],
    grad_factors: Sequence[float],
    n_groups: int,
    scale: float,
    keep: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """Relaxed layers of two-input gates, and the sums of the last one's outputs in groups.

    Args:
        x: (batch, n_in) in the weights' dtype, or bool or uint8 that is 0 or 1.
        indices: wires of each layer, (2, n_out) int64.
        weights: of each layer: (n_out, 16) logits of "raw", (n_out, 4) of "light", or coefficients
            as they are, (n_out, 1, 4), with those of the forward pass after them, (n_out, 2, 4),
            where it is straight-through; float32 or float64.
        straight_through: of each layer: hard gates forward, soft ones backward.
        grad_factors: of each layer: factor on the gradient of its input.
        n_groups: groups to sum, or 0: return the last layer.
        scale: factor on the sums.
        keep: whether to keep the inputs of the layers for the backward pass, at 4 bytes a wire and
            sample in float32, or to compute them again.

    Returns:
        (batch, n_groups) or (batch, n_out of the last layer); then what the backward pass needs:
        the coefficients of all gates, and the inputs kept.
    """
    layers = zip(indices, weights, straight_through, grad_factors, strict=True)
    settings = describe(x, layers, n_groups=n_groups, scale=scale)
    return _forward(settings, x, indices, weights, keep=keep)


def _logic_stack_backward(
    grad: Tensor,
    x: Tensor,
    indices: Sequence[Tensor],
    weights: Sequence[Tensor],
    coefficients: Tensor,
    kept: Tensor,
    straight_through: Sequence[bool],
    grad_factors: Sequence[float],
    n_groups: int,
    scale: float,
    wants_x: bool,
) -> list[Tensor]:
    """Gradients of x (empty unless wanted) and of each layer's weights."""
    layers = zip(indices, weights, straight_through, grad_factors, strict=True)
    settings = describe(x, layers, n_groups=n_groups, scale=scale)
    gradients = _backward(settings, grad, x, indices, weights, coefficients, kept, wants_x=wants_x)
    return [weights[0].new_empty(0) if g is None else g for g in gradients]


class EagerStack(torch.autograd.Function):
    """`logic_stack` without the operator around it, whose dispatch takes a tenth of a step.

    For plain tensors outside of torch.compile: `apply(settings, keep, x, *indices, *weights)`,
    settings as of `describe`; returns the first result of `logic_stack`.
    """

    @staticmethod
    def forward(
        ctx: FunctionCtx, settings: Settings, keep: bool, x: Tensor, *tensors: Tensor
    ) -> Tensor:
        """As `logic_stack`."""
        n = len(tensors) // 2
        out, coefficients, kept = _forward(settings, x, tensors[:n], tensors[n:], keep=keep)
        ctx.save_for_backward(x, coefficients, kept, *tensors)
        ctx.settings = settings
        return out

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, ...]:
        """As `logic_stack_backward`."""
        refuse_second_derivative()
        x, coefficients, kept, *tensors = ctx.saved_tensors
        n, wants_x = len(tensors) // 2, ctx.needs_input_grad[2]
        indices, weights = tensors[:n], tensors[n:]
        grad_x, *grad_weights = _backward(
            ctx.settings, grad, x, indices, weights, coefficients, kept, wants_x=wants_x
        )
        return None, None, grad_x, *[None] * n, *grad_weights


def describe(
    x: Tensor,
    layers: Iterable[tuple[Tensor, Tensor, bool, float]],
    *,
    n_groups: int,
    scale: float,
) -> Settings:
    """The core's description of a pass, arrays apart; arguments are those of `logic_stack`.

    Args:
        x: of the pass.
        layers: indices, weights, whether straight-through, and grad_factor of each.
        n_groups: of the last one.
        scale: of the sums.

    Raises:
        ValueError: arrays that don't fit each other, or groups that don't divide the outputs.
    """
    sizes, n_in, n_gates, dtype = [], x.shape[1], 0, None
    for wires, weight, hard, factor in layers:
        dtype = dtype or weight.dtype
        if not (wires.is_contiguous() and weight.is_contiguous() and wires.dtype == torch.int64):
            raise ValueError("wires and weights must be contiguous, and wires int64")
        n_out, *numbers = weight.shape
        if wires.shape != (2, n_out) or weight.dtype != dtype:
            raise ValueError("wires and weights of a layer must fit, in one dtype for all layers")
        kind = WEIGHT_KINDS.get(tuple(numbers))
        if kind is None or (len(numbers) == 2 and hard != (numbers[0] == 2)):
            raise ValueError(
                f"weights are {tuple(weight.shape)}; expected (gates, 16 or 4), or coefficients "
                "(gates, 1, 4), (gates, 2, 4) if straight-through"
            )
        sizes.append((n_in, n_out, kind, bool(hard), float(factor)))
        n_in, n_gates = n_out, n_gates + n_out
    check_groups(n_groups, n_in)
    work = (x.shape[0] + _PARAMETRIZATION) * n_gates
    threads = max(1, min(torch.get_num_threads(), work // _WORK_A_THREAD))
    return isa.choose()[0], sizes, x.shape[0], n_groups, scale, threads


def check_groups(n_groups: int, n_outputs: int) -> None:
    """ValueError where that many groups, 0 being none, do not divide the outputs."""
    if n_groups < 0 or (n_groups and n_outputs % n_groups):
        raise ValueError(f"{n_groups} groups do not divide {n_outputs} outputs")


def _forward(
    settings: Settings,
    x: Tensor,
    indices: Sequence[Tensor],
    weights: Sequence[Tensor],
    *,
    keep: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    _, sizes, batch, n_groups, *_ = settings
    dtype = weights[0].dtype
    n_gates = sum(n_out for _, n_out, *_ in sizes)
    out = pooled((batch, n_groups or sizes[-1][1]), dtype)
    coefficients = pooled((_coefficients_size(n_gates),), dtype)
    kept = pooled((_kept_size(batch, (n_in for n_in, *_ in sizes)) if keep else 0,), dtype)
    x, pointers = _input(x, dtype)
    getattr(_core, _CORE[dtype][0])(
        settings,
        [wires.data_ptr() for wires in indices],
        [weight.data_ptr() for weight in weights],
        pointers,
        out.data_ptr(),
        coefficients.data_ptr(),
        kept.data_ptr() if keep else 0,
    )
    return out, coefficients, kept


def _backward(
    settings: Settings,
    grad: Tensor,
    x: Tensor,
    indices: Sequence[Tensor],
    weights: Sequence[Tensor],
    coefficients: Tensor,
    kept: Tensor,
    *,
    wants_x: bool,
) -> list[Tensor | None]:
    """Gradients of x, None unless wanted, and of each layer's weights."""
    dtype = weights[0].dtype
    grad = grad.to(dtype).contiguous()
    grad_x = pooled(tuple(x.shape), dtype) if wants_x else None
    grad_weights = [pooled(weight.shape, dtype) for weight in weights]
    x, pointers = _input(x, dtype)
    getattr(_core, _CORE[dtype][1])(
        settings,
        [wires.data_ptr() for wires in indices],
        [weight.data_ptr() for weight in weights],
        [grad_weight.data_ptr() for grad_weight in grad_weights],
        pointers,
        grad.data_ptr(),
        coefficients.data_ptr(),
        kept.data_ptr() if kept.numel() else 0,
        grad_x.data_ptr() if wants_x else 0,
    )
    return [grad_x, *grad_weights]


def pooled(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """An uninitialized CPU tensor whose memory is used again once no tensor refers to it.

    It has floats or signed integers. Small ones are left to torch.
    """
    if math.prod(shape) * dtype.itemsize < _POOLED_BYTES:
        return torch.empty(shape, dtype=dtype)
    return torch.from_numpy(_core.borrow(shape, dtype.is_floating_point, dtype.itemsize))


def _coefficients_size(n_gates: int) -> int:
    return 8 * n_gates + 2


def _kept_size(batch: int, widths: Iterable[int]) -> int:
    """Numbers in the inputs of all layers, of these widths."""
    return -(-batch // BLOCK) * BLOCK * sum(widths)


def _input(x: Tensor, dtype: torch.dtype) -> tuple[Tensor, tuple[int, int, int]]:
    """X with contiguous rows, and the core's description of it."""
    if x.stride(1) != 1 or x.stride(0) < x.shape[1]:
        x = x.contiguous()
    in_bytes = x.dtype in (torch.bool, torch.uint8)
    if not in_bytes and x.dtype != dtype:
        raise TypeError(f"x is {x.dtype} and the weights are {dtype}; convert one of them")
    address = x.data_ptr()
    return x, (0 if in_bytes else address, address if in_bytes else 0, x.stride(0))


logic_stack = torch.library.custom_op(
    "gategrad::logic_stack", _logic_stack, mutates_args=(), device_types="cpu"
)
logic_stack_backward = torch.library.custom_op(
    "gategrad::logic_stack_backward", _logic_stack_backward, mutates_args=(), device_types="cpu"
)


@logic_stack.register_fake
def _(x, indices, weights, straight_through, grad_factors, n_groups, scale, keep):
    weight, widths = weights[0], [w.shape[0] for w in weights]
    out = weight.new_empty(x.shape[0], n_groups or widths[-1])
    coefficients = weight.new_empty(_coefficients_size(sum(widths)))
    n_kept = _kept_size(x.shape[0], (x.shape[1], *widths[:-1])) if keep else 0
    return out, coefficients, weight.new_empty(n_kept)


@logic_stack_backward.register_fake
def _(
    grad, x, indices, weights, coefficients, kept, straight_through, grad_factors, n_groups,
    scale, wants_x,
):  # fmt: skip
    weight = weights[0]
    grad_x = weight.new_empty(x.shape if wants_x else (0,))
    return [grad_x, *(torch.empty_like(w) for w in weights)]


def _setup_context(ctx, inputs, output) -> None:
    x, indices, weights, straight_through, grad_factors, n_groups, scale, _ = inputs
    _, coefficients, kept = output
    ctx.save_for_backward(x, coefficients, kept, *indices, *weights)
    ctx.settings = (straight_through, grad_factors, n_groups, scale)
    ctx.mark_non_differentiable(coefficients, kept)
    ctx.set_materialize_grads(False)


def _backward_of_op(ctx, grad, *_):
    x, coefficients, kept, *rest = ctx.saved_tensors
    indices, weights = rest[: len(rest) // 2], rest[len(rest) // 2 :]
    wants_x = ctx.needs_input_grad[0]
    none = [None] * len(indices)
    if grad is None:
        return None, none, none, None, None, None, None, None
    grad_x, *grad_weights = torch.ops.gategrad.logic_stack_backward(
        grad, x, indices, weights, coefficients, kept, *ctx.settings, wants_x
    )
    return (grad_x if wants_x else None, none, grad_weights, None, None, None, None, None)


logic_stack.register_autograd(_backward_of_op, setup_context=_setup_context)
logic_stack_backward.register_autograd(no_second_derivative)
