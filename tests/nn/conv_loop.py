"""What a convolution computes, by loops over positions and trees in plain Python."""

import numpy as np
from numpy.typing import NDArray

from gategrad import nn


def by_loop(
    layer: nn.LogicConv2d, images: NDArray[np.float64], coefficients: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Maps (n, out_channels, height, width) of images, gates being c0 + c1 a + c2 b + c3 a b."""
    leaves = layer.leaves().numpy()
    _, out_channels, height, width = (0, *layer.out_shape)
    maps = np.zeros((len(images), out_channels, height, width))
    for c, y, x in np.ndindex(out_channels, height, width):
        values = [_pixel(layer, images, leaf, y, x) for leaf in leaves[:, c]]
        gate = c
        while len(values) > 1:
            level = []
            for a, b in zip(values[::2], values[1::2], strict=True):
                c0, c1, c2, c3 = coefficients[gate]
                level.append(c0 + c1 * a + c2 * b + c3 * a * b)
                gate += out_channels
            values = level
        maps[:, c, y, x] = values[0]
    return maps


def _pixel(
    layer: nn.LogicConv2d, images: NDArray, leaf: NDArray, y: int, x: int
) -> NDArray[np.float64]:
    channel, dy, dx = leaf
    row = y * layer.stride[0] + dy - layer.padding[0]
    column = x * layer.stride[1] + dx - layer.padding[1]
    if not (0 <= row < layer.in_size[0] and 0 <= column < layer.in_size[1]):
        return np.zeros(len(images))
    return images[:, channel, row, column]
