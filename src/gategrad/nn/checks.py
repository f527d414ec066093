"""Checks of what a user hands to a layer."""

import logging
import math
from collections.abc import Callable, Collection
from typing import NoReturn, ParamSpec, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.modules import module as torch_module

from gategrad.nn.constants import captured, traced

_NO_GRAPH = (
    "gategrad computes this layer outside of compiled graphs; leave out fullgraph=True, or use "
    "torch.export"
)
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_LOG = logging.getLogger("gategrad")
# Who noted values that are no bits; one note a process is enough.
_noted: list[str] = []
# Relaxed gates may be off by rounding, and "multilinear" ones have no bounds in training.
_SLACK, _TRAINING_SLACK = 0.01, 16.0
# Values looked at, and passes in training from one look to the next.
_SAMPLE, _EVAL_SAMPLE, _PASSES_A_LOOK = 1 << 12, 1 << 18, 64


def outside_graphs(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """`function`, which torch.compile calls as it is; with fullgraph=True it says what to do."""
    return torch.compiler.disable(function, reason=_NO_GRAPH)


def known_name(kind: str, name: str, known: Collection[str]) -> str:
    """`name` itself; ValueError listing the known names if it is none of them."""
    if not isinstance(name, str) or name not in known:
        raise ValueError(f"unknown {kind} {name!r}; known: {', '.join(known)}")
    return name


def positive_count(what: str, value: int) -> int:
    """`value` as an int; ValueError unless it is an integer of at least 1."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value.__index__() < 1:
        raise ValueError(f"{what} must be an integer of at least 1, got {value!r}")
    return value.__index__()


def float_dtype(dtype: torch.dtype | None) -> torch.dtype:
    """`dtype`, or torch's default one; TypeError unless it is a real floating type."""
    dtype = torch.get_default_dtype() if dtype is None else dtype
    if not dtype.is_floating_point:
        raise TypeError(f"dtype must be a floating type such as torch.float32, got {dtype}")
    return dtype


def no_second_derivative(*_: object) -> NoReturn:
    """The gradient of a backward pass: RuntimeError."""
    raise RuntimeError(
        "logic layers can't be differentiated twice; differentiate without create_graph=True"
    )


def refuse_second_derivative() -> None:
    """What a layer's backward pass calls first; RuntimeError where its own gradient is wanted."""
    if torch.is_grad_enabled():
        no_second_derivative()


def is_watched(module: nn.Module) -> bool:
    """Whether somebody wants to see a module called: its hooks, hooks of all, its own `forward`."""
    return bool(
        module._forward_pre_hooks
        or module._backward_pre_hooks
        or module._forward_hooks
        or module._backward_hooks
        or "forward" in module.__dict__
        or torch_module._global_forward_pre_hooks
        or torch_module._global_backward_pre_hooks
        or torch_module._global_forward_hooks
        or torch_module._global_backward_hooks
    )


def are_plain(*tensors: Tensor) -> bool:
    """Whether all are tensors and parameters as such, with no wrapper or mode that sees calls."""
    # Under a mode such as FakeTensorMode plain tensors make others that have no memory.
    if not torch.compiler.is_compiling() and torch._C._len_torch_dispatch_stack():
        return False
    return all(type(tensor) in (Tensor, torch.nn.Parameter) for tensor in tensors)


def layer_input(layer: str, x: Tensor, width: int, dtype: torch.dtype | None = None) -> Tensor:
    """`x` (..., width), converted to `dtype` where one is given.

    Raises:
        TypeError: x is no real tensor.
        ValueError: its last dimension is not `width`.
    """
    if isinstance(x, torch.fx.Proxy):
        raise RuntimeError(
            f"{layer} can't be traced by torch.fx.symbolic_trace; make a model with "
            "gategrad.discretize, use torch.export, or a torch.fx.Tracer that takes it for a leaf"
        )
    if not isinstance(x, Tensor):
        raise TypeError(f"{layer} takes a tensor, got {type(x).__name__}; use torch.as_tensor")
    if torch._C._are_functorch_transforms_active():
        raise RuntimeError(
            f"{layer} can't run under torch.func transforms such as grad and vmap; use "
            "torch.autograd.grad (torch.func.functional_call is fine)"
        )
    if x.is_complex():
        raise TypeError(f"{layer} takes real or bool values, got {x.dtype}")
    if x.ndim == 0 or x.shape[-1] != width:
        raise ValueError(
            f"{layer} expects input of shape (batch, {width}), got {tuple(x.shape)}; "
            "flatten images with .flatten(1) and check the width of the layer before"
        )
    return x if dtype is None else x.to(dtype)


def refuse_tracers(name: str) -> None:
    """RuntimeError where torch.jit or the exporter to ONNX traces a layer of that name."""
    if not torch.compiler.is_compiling() and torch._C._is_tracing():
        raise RuntimeError(
            f"{name} can't be traced by torch.jit or exported to ONNX through it; make a model "
            "with gategrad.discretize, or use torch.export"
        )
    if torch.onnx.is_in_onnx_export():
        raise RuntimeError(
            f"{name} can't be exported to ONNX, which has no gates; make a model with "
            "gategrad.discretize, whose circuit gategrad export writes as C, or use torch.export"
        )


def layer_values(
    layer: nn.Module, x: Tensor, width: int, dtype: torch.dtype | None = None
) -> Tensor:
    """`layer_input` of a layer with gates, whose values are looked at: all of integers, some else.

    In training floating values are looked at in some passes only, and refused where they are far
    off, as pixels are. In `.eval()`, values that are no bits are noted once a process.

    Raises:
        TypeError, ValueError: as `layer_input`; or values outside 0 to 1.
    """
    name = type(layer).__name__
    refuse_tracers(name)
    x = layer_input(name, x, width)
    if not (x.dtype == torch.bool or traced() or x.is_meta or (x.is_inference() and x.is_cuda)):
        _look(layer, name, x)
    return x if dtype is None else x.to(dtype)


def _look(layer: nn.Module, name: str, x: Tensor) -> None:
    exact = not x.is_floating_point()
    passes = layer.__dict__.get("_passes", 0)
    layer.__dict__["_passes"] = passes + 1
    seldom = layer.training and not exact
    if x.numel() == 0 or (seldom and passes % _PASSES_A_LOOK) or captured(x.device):
        return
    most = _SAMPLE if layer.training else _EVAL_SAMPLE
    some = x.detach() if exact else x.detach()[:: 1 + x.numel() // most] if x.ndim else x
    low, high = (float(end) for end in torch.aminmax(some))
    slack = _TRAINING_SLACK if seldom else _SLACK
    if -math.inf < low < -slack or 1 + slack < high < math.inf:
        raise ValueError(
            f"{name} got values from {low:g} to {high:g}; expected bits, or values from 0 to 1: "
            "divide pixels by 255, threshold them, such as x > 127, or put an nn.Thermometer in "
            "front"
        )
    if not (layer.training or exact or _noted):
        _note_reals(name, some)


def _note_reals(name: str, some: Tensor) -> None:
    if ((some != 0) & (some != 1)).any():
        _noted.append(name)
        _LOG.warning(
            "%s is in .eval() and got values between 0 and 1: what it gives is its gates' "
            "polynomials, and a circuit takes bits only; threshold the values, or put an "
            "nn.Thermometer in front",
            name,
        )


def as_rows(x: Tensor) -> Tensor:
    """Features-major view (width, batch) of `x` (..., width), the leading dimensions as one."""
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1]).t()
