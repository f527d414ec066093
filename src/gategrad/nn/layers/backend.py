"""Who computes a network in training: the native core, Triton or plain torch."""

from torch import nn

from gategrad.engine import isa
from gategrad.nn.executors.cpu.native_pins import why_not_native_pins
from gategrad.nn.executors.cpu.native_slots import why_not_native_slots
from gategrad.nn.executors.cpu.native_tables import why_not_native_tables
from gategrad.nn.executors.cpu.stack import why_not_native
from gategrad.nn.executors.gpu import why_not_triton
from gategrad.nn.executors.training_variable import wanted_backend
from gategrad.nn.gates.parametrization import TableParametrization
from gategrad.nn.layers.dense import LogicDense
from gategrad.nn.layers.slots import SlotDense


def training_backend(net: nn.Module) -> str:
    """Who computes the logic layers of `net` in training, and why: a sentence for people.

    Example:
        "native (avx512, torch's OpenMP threads)", "triton (cuda:0)" or
        "torch (the weights are torch.float64)".
    """
    layers = [module for module in net.modules() if isinstance(module, LogicDense)]
    slots = [module for module in net.modules() if isinstance(module, SlotDense)]
    if not layers and not slots:
        return "torch (no logic layers)"
    device = layers[0].weight.device if layers else slots[0].logits.device
    if device.type == "cuda" or wanted_backend() == "triton":
        reasons = [why_not_triton(layer, device) for layer in layers]
        reasons += ["slots have no Triton kernels"] * bool(slots)
        reason = next((reason for reason in reasons if reason), None)
        return f"torch ({reason})" if reason else f"triton ({device})"
    modes = [layer.training for layer in layers]
    try:
        for layer in layers:
            layer.training = True
        reason = _reason(layers, slots)
    finally:
        for layer, mode in zip(layers, modes, strict=True):
            layer.training = mode
    return f"torch ({reason})" if reason else f"native ({isa.choose()[0]}, torch's OpenMP threads)"


def _reason(layers: list[LogicDense], slots: list[SlotDense]) -> str | None:
    if logics := {layer.logic for layer in layers} - {"probabilistic"}:
        return f"logic={logics.pop()!r} is no polynomial"
    tables = [layer for layer in layers if isinstance(layer.kind, TableParametrization)]
    others = [layer for layer in layers if layer not in tables]
    fixed = [layer for layer in others if layer.wiring is None]
    reasons = [why_not_native_tables(layer, layer.weight.device) for layer in tables]
    reasons += [
        why_not_native_pins(layer.weight, layer.wiring)
        for layer in layers
        if layer.wiring is not None
    ]
    reasons += [why_not_native_slots(layer.logits, layer) for layer in slots]
    if fixed:
        reasons.append(why_not_native(fixed, fixed[0].weight.device))
    return next((reason for reason in reasons if reason), None)
