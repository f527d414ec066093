"""Whether the native core can compute a run of logic layers, and the call that does it."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gategrad.nn.checks import are_plain
from gategrad.nn.executors.cpu.native_op import EagerStack, describe, logic_stack
from gategrad.nn.executors.training_variable import VARIABLE, wanted_backend
from gategrad.nn.gates.parametrization import TableParametrization

DTYPES = (torch.float32, torch.float64)


def native_is_off() -> bool:
    """Whether GATEGRAD_TRAINING asks for something else; ValueError if it names no backend."""
    return wanted_backend() != "native"


def why_not_native(layers: Sequence[nn.Module], device: torch.device) -> str | None:
    """What keeps `LogicDense` layers and an input on `device` from `run_native`, or None.

    Raises:
        ValueError: the environment variable GATEGRAD_TRAINING names no backend.
    """
    for layer in layers:
        if layer.wiring is not None:
            return "a layer learns its wiring"
    return why_not_core(layers, device)


def why_not_core(layers: Sequence[nn.Module], device: torch.device) -> str | None:
    """The same for either part of the core, wiring apart."""
    if (backend := wanted_backend()) != "native":
        return f"{VARIABLE} is {backend}"
    # One pass: this runs before every operation, when little of it is in a cache.
    dtype = layers[0].weight.dtype
    for layer in layers:
        weight = layer.weight
        if isinstance(layer.kind, TableParametrization):
            return "gates are interpolated tables"
        if not (device.type == "cpu" and weight.is_cpu):
            return f"a tensor is on {device if device.type != 'cpu' else weight.device}"
        if weight.dtype != dtype or dtype not in DTYPES:
            return f"the weights are {' and '.join(sorted({str(dtype), str(weight.dtype)}))}"
        if layer.logic != "probabilistic":
            return f"logic={layer.logic!r} is no polynomial"
        if not layer.training:
            return "a layer is in .eval()"
        if not weight.is_contiguous():
            return "weights are not contiguous"
    return None


def run_native(
    layers: Sequence[nn.Module], x: Tensor, *, n_groups: int = 0, scale: float = 1.0, keep: bool
) -> Tensor:
    """`LogicDense` layers on x (batch, in_dim), and sums of `n_groups` groups times `scale`.

    Returns:
        (batch, n_groups), or (batch, out_dim of the last layer) where n_groups is 0.
    """
    indices, weights, hard_forward, factors = [], [], [], []
    for layer in layers:
        weight, _, hard = layer.bank.core_weights()
        weights.append(weight)
        hard_forward.append(hard)
        indices.append(layer.indices.contiguous())
        factors.append(layer.grad_factor)
    if x.dtype not in (torch.bool, torch.uint8):
        x = x.to(weights[0].dtype)
    keep = keep and torch.is_grad_enabled()
    if torch.compiler.is_compiling() or not are_plain(x, *weights):
        settings = (hard_forward, factors, n_groups, scale, keep)
        return logic_stack(x, indices, weights, *settings)[0]
    described = zip(indices, weights, hard_forward, factors, strict=True)
    settings = describe(x, described, n_groups=n_groups, scale=scale)
    return EagerStack.apply(settings, keep, x, *indices, *weights)
