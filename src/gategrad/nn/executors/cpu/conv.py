"""Runs of layers that begin with a convolution, in the native core.

A convolution or a pool is a layer of the core like any other, one whose window goes over maps: a
tile of samples passes through all layers of the run, and nothing is made for each place of a
window but its output.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gategrad import _core
from gategrad.nn.checks import outside_graphs
from gategrad.nn.executors.cpu.description import StackLayer, describe
from gategrad.nn.executors.cpu.native_op import EagerStack
from gategrad.nn.executors.cpu.stack import core_gates
from gategrad.nn.executors.description import ConvDescription

# Channels, height and width of a map.
Shape = tuple[int, int, int]


# Its arrays are no operands of the registered operation, so torch.compile leaves it as it is.
@outside_graphs
def run_conv(
    layers: Sequence[nn.Module], x: Tensor, *, n_groups: int = 0, scale: float = 1.0, keep: bool
) -> Tensor:
    """Convolutions and pools that follow each other, and then dense layers.

    Args:
        layers: a `LogicConv2d`; further ones and `OrPool2d`; then any `LogicDense`, on flat maps.
        x: (batch, channels, height, width).
        n_groups: of a dense last layer, to be summed; 0: none.
        scale: factor on the sums.
        keep: whether to keep the layers' inputs for the backward pass, not to compute them again.

    Returns:
        (batch, channels, height, width) of the last map, (batch, out_dim) of a dense last layer,
        or (batch, n_groups).
    """
    dtype = layers[0].weight.dtype
    x = x if x.dtype in (torch.bool, torch.uint8) else x.to(dtype)
    described, shape = _stack_layers(layers, tuple(x.shape[1:]), dtype)
    wires, weights = [layer.wires for layer in described], [layer.weight for layer in described]
    tables = [layer.tables for layer in described if layer.tables is not None]
    keep = keep and torch.is_grad_enabled()
    rows = x.flatten(1)
    call = describe(rows, described, n_groups=n_groups, scale=scale)
    out = EagerStack.apply(call, keep, rows, *wires, *weights, *tables)
    return out if shape is None else out.view(-1, *shape)


def _stack_layers(
    layers: Sequence[nn.Module], shape: Shape, dtype: torch.dtype
) -> tuple[list[StackLayer], Shape | None]:
    """The layers on maps of `shape`, and the shape of the last one's maps, if it makes maps."""
    described: list[StackLayer] = []
    for layer in layers:
        if hasattr(layer, "in_dim"):
            described.append(core_gates(layer, layer.wires().contiguous()))
            shape = None
        elif hasattr(layer, "bank"):
            about = layer.describe()
            described.append(_convolution(layer, about))
            shape = (about.out_channels, *about.out_size)
        else:
            described.append(pool(shape, layer.size, layer.stride, dtype))
            shape = (shape[0], *layer.out_size(*shape[1:]))
    return described, shape


def _convolution(layer: nn.Module, about: ConvDescription) -> StackLayer:
    return core_gates(layer, layer.wires().contiguous())._replace(window=conv_window(about))


def conv_window(about: ConvDescription) -> _core.Window:
    """A convolution as the core takes it, its arrays apart."""
    return _core.Window(
        depth=about.depth, channels=about.in_channels, size=(about.height, about.width),
        out_channels=about.out_channels, out_size=about.out_size, kernel=about.kernel,
        stride=about.stride, padding=about.padding,
    )  # fmt: skip


def pool(
    shape: Shape, size: tuple[int, int], stride: tuple[int, int], dtype: torch.dtype
) -> StackLayer:
    """The maxima of windows over maps of `shape`, as a layer of the core without gates."""
    wires = torch.empty(0, shape[0], dtype=torch.int64)
    return StackLayer(
        wires, torch.empty(0, 1, 4, dtype=dtype), "coefficients", False,
        window=pool_window(shape, size, stride),
    )  # fmt: skip


def pool_window(shape: Shape, size: tuple[int, int], stride: tuple[int, int]) -> _core.Window:
    """The windows of a pool over maps of `shape`."""
    channels, *sizes = shape
    out = tuple((n - k) // step + 1 for n, k, step in zip(sizes, size, stride, strict=True))
    return _core.Window(
        depth=0, channels=channels, size=tuple(sizes), out_channels=channels, out_size=out,
        kernel=size, stride=stride, padding=(0, 0),
    )  # fmt: skip
