"""A layer, and its learned wires, on the Triton kernels; triton is imported by the first call."""

import torch
from torch import Tensor, nn

from gategrad.nn.checks import are_plain, as_rows
from gategrad.nn.gates.weight_kind import WeightKind


def run_layer(layer: nn.Module, x: Tensor) -> Tensor:
    """A `LogicDense` layer on x (batch, in_dim): (batch, out_dim), features-major in memory.

    Values are in the weight's dtype, or under autocast in autocast's; sums are float32.
    """
    dtype = _values_dtype(layer, x.device)
    with torch.autocast(x.device.type, enabled=False):
        rows = x.to(dtype).t()
        if layer.training:
            weights = layer.bank.core_weights()
        else:
            weights = layer.bank.coefficients()[0][:, None], WeightKind.COEFFICIENTS, False
        factor = layer.grad_factor
        if layer.wiring is None or not layer.training or layer.frozen:
            return _gates(rows, layer.wires(), weights, factor, layer).t()
        pins = run_wiring(layer.wiring, rows, factor)
        return _gates(pins, _own_rows(pins), weights, 1.0, layer).t()


# Its levels are no registered operations, so torch.compile leaves it as it is.
@torch.compiler.disable
def run_convolution(layer: nn.Module, images: Tensor) -> Tensor:
    """A `LogicConv2d` with fixed wiring on (batch, channels, height, width), as `run_layer`."""
    from gategrad.nn.executors.gpu.conv_op import tree_levels

    dtype = _values_dtype(layer, images.device)
    with torch.autocast(images.device.type, enabled=False):
        rows = as_rows(images.flatten(1).to(dtype))
        maps = tree_levels(layer.describe(), rows, layer.wires(), layer.bank.coefficients())
    return maps.view(*layer.out_shape, len(images)).permute(3, 0, 1, 2)


def run_wiring(wiring: nn.Module, rows: Tensor, factor: float) -> Tensor:
    """What the pins of a `LearnedWiring` read, (pins, batch), of rows (wires, batch)."""
    from gategrad.nn.executors.gpu.wires_op import EagerWires, triton_wires

    candidates = wiring.candidates.flatten(0, 1)
    share = torch.softmax(wiring.logits.flatten(0, 1).float(), 1)
    read_by = share.detach()
    if wiring.estimator != "soft":
        choice = wiring.logits.detach().flatten(0, 1).argmax(1, keepdim=True)
        read_by = torch.zeros_like(read_by).scatter_(1, choice, 1.0)
    arguments = (rows, candidates, share, read_by, factor)
    return triton_wires(*arguments) if _traced(rows, share) else EagerWires.apply(*arguments)


def _gates(
    rows: Tensor,
    wires: Tensor,
    weights: tuple[Tensor, WeightKind, bool],
    factor: float,
    layer: nn.Module,
) -> Tensor:
    from gategrad.nn.executors.gpu.layer_op import EagerLayer, triton_layer

    deterministic = layer.deterministic or torch.are_deterministic_algorithms_enabled()
    weight, kind, hard = weights
    arguments = (rows, wires, weight, kind.value, hard, factor, deterministic)
    return triton_layer(*arguments)[0] if _traced(rows, weight) else EagerLayer.apply(*arguments)


def _own_rows(pins: Tensor) -> Tensor:
    """Wires (2, gates) of gates that read one row a pin."""
    if torch.compiler.is_compiling():
        return torch.arange(len(pins), dtype=torch.int32, device=pins.device).view(2, -1)
    from gategrad.nn.executors.gpu.inverse import identity

    return identity(len(pins), pins.device)


def _values_dtype(layer: nn.Module, device: torch.device) -> torch.dtype:
    if torch.is_autocast_enabled(device.type):
        return torch.get_autocast_dtype(device.type)
    return layer.weight.dtype


def _traced(*tensors: Tensor) -> bool:
    """Whether torch must see an operation, not a call: it compiles, or the tensors are wrapped."""
    return torch.compiler.is_compiling() or not are_plain(*tensors)
