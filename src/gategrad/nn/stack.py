"""Whether the native core can compute a run of logic layers, and the call that does it."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gategrad.nn.checks import are_plain
from gategrad.nn.native_op import EagerStack, logic_stack
from gategrad.nn.parametrization import TableParametrization
from gategrad.nn.relaxed import native_gates
from gategrad.nn.training_variable import VARIABLE, wanted_backend

DTYPES = (torch.float32, torch.float64)


def native_is_off() -> bool:
    """Whether GATEGRAD_TRAINING asks for something else; ValueError if it names no backend."""
    return wanted_backend() != "native"


def why_not_native(layers: Sequence[nn.Module], device: torch.device) -> str | None:
    """What keeps `LogicDense` layers and an input on `device` from `run_native`, or None.

    Raises:
        ValueError: the environment variable GATEGRAD_TRAINING names no backend.
    """
    if any(layer.wiring is not None for layer in layers):
        return "a layer learns its wiring"
    return why_not_core(layers, device)


def why_not_core(layers: Sequence[nn.Module], device: torch.device) -> str | None:
    """The same for either part of the core, wiring apart."""
    if native_is_off():
        return f"{VARIABLE} is {wanted_backend()}"
    if any(isinstance(layer.kind, TableParametrization) for layer in layers):
        return "gates are interpolated tables"
    weights = [layer.weight for layer in layers]
    if device.type != "cpu" or not all(weight.is_cpu for weight in weights):
        found = next(d for d in (device, *(w.device for w in weights)) if d.type != "cpu")
        return f"a tensor is on {found}"
    if weights[0].dtype not in DTYPES or any(w.dtype != weights[0].dtype for w in weights):
        return f"the weights are {' and '.join(sorted({str(w.dtype) for w in weights}))}"
    if logics := {layer.logic for layer in layers} - {"probabilistic"}:
        return f"logic={logics.pop()!r} is no polynomial"
    if not all(layer.training for layer in layers):
        return "a layer is in .eval()"
    if not all(w.is_contiguous() for w in weights):
        return "weights are not contiguous"
    return None


def run_native(
    layers: Sequence[nn.Module], x: Tensor, *, n_groups: int = 0, scale: float = 1.0, keep: bool
) -> Tensor:
    """`LogicDense` layers on x (batch, in_dim), and sums of `n_groups` groups times `scale`.

    Returns:
        (batch, n_groups), or (batch, out_dim of the last layer) where n_groups is 0.
    """
    weights, hard_forward = zip(*map(native_gates, layers), strict=True)
    if x.dtype not in (torch.bool, torch.uint8):
        x = x.to(weights[0].dtype)
    indices = [layer.indices.contiguous() for layer in layers]
    settings = (
        list(hard_forward),
        [layer.grad_factor for layer in layers],
        n_groups,
        scale,
        keep and torch.is_grad_enabled(),
    )
    if torch.compiler.is_compiling() or not are_plain(x, *weights):
        return logic_stack(x, indices, list(weights), *settings)[0]
    return EagerStack.apply(settings, x, *indices, *weights)
