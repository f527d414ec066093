"""The circuit of a convolution: its trees, once a kernel and once at every position."""

import numpy as np

from gategrad.circuit import Circuit, Kernels, Pool
from gategrad.nn.layers.conv.layer import LogicConv2d
from gategrad.nn.layers.conv.pool import OrPool2d


def kernels_of(layer: LogicConv2d) -> Kernels:
    """Wires and truth tables of a convolution's trees, as now."""
    return Kernels(
        layer.wires().cpu().numpy(),
        layer.tables().cpu().numpy().astype(np.uint64),
        layer.kernel_size,
        layer.stride,
        layer.padding,
        layer.depth,
        layer.inputs,
    )


def pool_of(layer: OrPool2d) -> Pool:
    """The windows of a pool."""
    return Pool(layer.size, layer.stride)


def conv_circuit(layer: LogicConv2d) -> Circuit:
    """Gates of every position, level by level; leaves beyond the border are signal 0, false.

    Inputs are pixels, and outputs maps, channel by channel and row by row.
    """
    return kernels_of(layer).circuit(layer.in_shape)
