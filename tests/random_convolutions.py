"""Random convolutions from a seed, and the circuits that they are."""

import math

import numpy as np

from gategrad.circuit import Circuit, Convolution, Kernels, Pool, Readout
from tests.random_circuits import random_circuit, random_readout

Shape = tuple[int, int, int]


def random_kernels(
    in_channels: int,
    out_channels: int,
    size: tuple[int, int] = (3, 3),
    *,
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (0, 0),
    depth: int = 1,
    inputs: int = 2,
    seed: int = 0,
) -> Kernels:
    """Leaves anywhere in the field, one place several times too, and any tables."""
    rng = np.random.default_rng(seed)
    places = in_channels * math.prod(size)
    leaves = rng.integers(0, places, (inputs << (depth - 1), out_channels))
    table = rng.integers(0, 1 << min(1 << inputs, 63), ((1 << depth) - 1, out_channels), np.uint64)
    if depth > 1:
        table &= np.uint64(15)
    return Kernels(leaves, table.ravel(), size, stride, padding, depth, inputs)


def random_convolution(
    in_shape: Shape, *stages: Kernels | Pool, n_gates: int = 150, n_classes: int = 3
) -> Convolution:
    """Stages, then random gates and weights."""
    shape = in_shape
    for stage in stages:
        shape = stage.out_shape(shape)
    tail = random_circuit(n_inputs=math.prod(shape), n_gates=n_gates, n_outputs=40, seed=1)
    return Convolution(in_shape, stages, tail, random_readout(40, n_classes, seed=2))


def small_convolution() -> tuple[Circuit, Readout, Convolution]:
    """Two convolutions and a pool, flat and by their kernels."""
    first = random_kernels(1, 3, padding=(1, 1), depth=2)
    whole = random_convolution((1, 5, 4), first, Pool((2, 2), (1, 2)), random_kernels(3, 2, (2, 2)))
    return *whole.flat(), whole
