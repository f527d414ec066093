"""Kernels of a convolution, and pools: what maps are made of maps by.

Each is defined by the circuit that it is on maps of a given shape.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad.circuit.errors import CircuitError
from gategrad.circuit.ir import (
    MAX_WIDTH,
    N_CONSTANTS,
    Circuit,
    checked_integers,
    reachable_entries,
)

DEPTHS = range(1, 5)
_OR = 0b1110

Pair = tuple[int, int]
Shape = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Kernels:
    """A convolution: one tree of gates an output channel, the same at every position.

    Nodes count level by level: node n of level 0 reads leaves `inputs * n` to
    `inputs * n + inputs - 1`, node n of a later level nodes 2 n and 2 n + 1 of the level before,
    and the last one is the output. A leaf at row dy and column dx of its field reads row
    `y * stride - padding + dy` and column `x * stride - padding + dx`, and false beyond the border.

    Args:
        leaves: (inputs * 2**(depth - 1), out_channels) integers, places in the field,
            `(channel * kernel height + dy) * kernel width + dx`.
        table: (nodes * out_channels,) integers, truth tables; that of node n of channel c is entry
            `n * out_channels + c`.
        kernel_size: height and width of the field.
        stride: rows and columns from one position to the next.
        padding: rows and columns of zeros on each side, fewer than the kernel's.
        depth: levels of a tree, 1 to 4.
        inputs: of each gate, 2 to 6; more than 2 at depth 1 only.

    Raises:
        CircuitError: sizes that are none, or do not fit each other.
    """

    leaves: NDArray[np.uint32]
    table: NDArray[np.uint64]
    kernel_size: Pair
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    depth: int = 1
    inputs: int = 2

    def __init__(
        self,
        leaves: ArrayLike,
        table: ArrayLike,
        kernel_size: Iterable[int],
        stride: Iterable[int] = (1, 1),
        padding: Iterable[int] = (0, 0),
        depth: int = 1,
        inputs: int = 2,
    ) -> None:
        fields = {
            "leaves": checked_integers("leaves", leaves, np.uint32, ndim=2),
            "table": checked_integers("table", table, np.uint64, ndim=1),
            "kernel_size": sizes("kernel_size", kernel_size, 2),
            "stride": sizes("stride", stride, 2),
            "padding": sizes("padding", padding, 2, least=0),
            "depth": _size("depth", depth, least=DEPTHS[0], most=DEPTHS[-1]),
            "inputs": _size("inputs", inputs, least=2, most=MAX_WIDTH),
        }
        for name, value in fields.items():
            object.__setattr__(self, name, value)
        _check_trees(self)

    def __reduce__(self) -> tuple[type["Kernels"], tuple[object, ...]]:
        """Copies and pickles are made, and checked, as this one was."""
        sizes = (self.kernel_size, self.stride, self.padding, self.depth, self.inputs)
        return Kernels, (self.leaves, self.table, *sizes)

    @property
    def out_channels(self) -> int:
        """Trees."""
        return self.leaves.shape[1]

    def out_shape(self, shape: Shape) -> Shape:
        """(channels, height, width) of what it makes of maps of `shape`.

        Raises:
            CircuitError: maps that are smaller than the field, or lack a channel that it reads.
        """
        kernel, padding = self.kernel_size, self.padding
        padded = [n + 2 * more for n, more in zip(shape[1:], padding, strict=True)]
        if any(n < k for n, k in zip(padded, kernel, strict=True)):
            raise CircuitError(
                f"kernels of {kernel[0]}x{kernel[1]} are larger than maps of {shape[1]}x{shape[2]} "
                f"with padding {padding}"
            )
        if self.leaves.size and int(self.leaves.max()) >= shape[0] * math.prod(kernel):
            raise CircuitError(
                f"a leaf reads place {self.leaves.max()} of a field of {shape[0]} channels and "
                f"{kernel[0]}x{kernel[1]}"
            )
        steps = zip(padded, kernel, self.stride, strict=True)
        height, width = ((n - k) // step + 1 for n, k, step in steps)
        return self.out_channels, height, width

    def circuit(self, shape: Shape) -> Circuit:
        """Gates of every position of maps of `shape`, level by level, tree by tree.

        Inputs and outputs are maps, channel by channel and row by row.
        """
        _, height, width = self.out_shape(shape)
        every, n_inputs = self.out_channels * height * width, math.prod(shape)
        signals, fanins, made = self._signals(shape), [], N_CONSTANTS + n_inputs
        for level in range(self.depth):
            pins = self.inputs if level == 0 else 2
            fanins.append(_fanin(signals.reshape(-1, every), pins))
            signals = made + np.arange(len(fanins[-1]))
            made += len(signals)
        fanin = np.concatenate(fanins)
        table = reachable_entries(fanin, self.table.repeat(height * width))
        return Circuit(n_inputs, fanin, table, signals)

    def _signals(self, shape: Shape) -> NDArray[np.int64]:
        """What leaves read at every position, (leaves, out_channels, height, width)."""
        wires, (rows, columns) = self.leaves.astype(np.int64), self.kernel_size
        _, height, width = self.out_shape(shape)
        y = wires // columns % rows - self.padding[0]
        x = wires % columns - self.padding[1]
        y = (y[..., None] + np.arange(height) * self.stride[0])[..., :, None]
        x = (x[..., None] + np.arange(width) * self.stride[1])[..., None, :]
        inside = (y >= 0) & (y < shape[1]) & (x >= 0) & (x < shape[2])
        plane = (wires // (rows * columns) * shape[1])[..., None, None]
        return np.where(inside, N_CONSTANTS + (plane + y) * shape[2] + x, 0)


@dataclass(frozen=True)
class Pool:
    """OR over windows of every channel; rows and columns that make no whole window are left out.

    Args:
        size: height and width of a window.
        stride: rows and columns from one window to the next.

    Raises:
        CircuitError: no sizes.
    """

    size: Pair
    stride: Pair

    def __post_init__(self) -> None:
        for name in ("size", "stride"):
            object.__setattr__(self, name, sizes(name, getattr(self, name), 2))

    def out_shape(self, shape: Shape) -> Shape:
        """(channels, height, width) of what it makes of maps of `shape`.

        Raises:
            CircuitError: maps that are smaller than a window.
        """
        if any(n < size for n, size in zip(shape[1:], self.size, strict=True)):
            raise CircuitError(
                f"windows of {self.size[0]}x{self.size[1]} are larger than maps of "
                f"{shape[1]}x{shape[2]}"
            )
        steps = zip(shape[1:], self.size, self.stride, strict=True)
        height, width = ((n - size) // step + 1 for n, size, step in steps)
        return shape[0], height, width

    def circuit(self, shape: Shape) -> Circuit:
        """ORs of two signals, joined pair by pair until each window is one signal."""
        n_inputs = math.prod(shape)
        places = np.arange(n_inputs).reshape(shape) + N_CONSTANTS
        windows = np.lib.stride_tricks.sliding_window_view(places, self.size, axis=(1, 2))
        windows = windows[:, :: self.stride[0], :: self.stride[1]]
        parts, fanins, made = list(windows.reshape(-1, math.prod(self.size)).T), [], 0
        while len(parts) > 1:
            pins = np.stack([np.concatenate(parts[0:-1:2]), np.concatenate(parts[1::2])], 1)
            fanins.append(pins)
            new = N_CONSTANTS + n_inputs + made + np.arange(len(pins))
            made += len(pins)
            parts = [*np.split(new, len(parts) // 2), *parts[len(parts) // 2 * 2 :]]
        fanin = np.concatenate([np.zeros((0, 2), np.int64), *fanins])
        return Circuit(n_inputs, fanin, np.full(made, _OR), parts[0])


def _fanin(signals: NDArray[np.int64], pins: int) -> NDArray[np.int64]:
    """Operands (nodes * trees, pins) of nodes that read signals (nodes * pins, trees)."""
    return signals.reshape(-1, pins, signals.shape[1]).transpose(0, 2, 1).reshape(-1, pins)


def _check_trees(kernels: Kernels) -> None:
    depth, inputs = kernels.depth, kernels.inputs
    if depth > 1 and inputs > 2:
        raise CircuitError(f"trees of depth {depth} have gates of 2 inputs, got {inputs}")
    n_leaves, out_channels = kernels.leaves.shape
    if out_channels < 1 or n_leaves != inputs << (depth - 1):
        raise CircuitError(
            f"leaves have shape {kernels.leaves.shape}; expected ({inputs << (depth - 1)}, "
            f"out_channels) for depth {depth} and gates of {inputs} inputs"
        )
    n_gates = ((1 << depth) - 1) * out_channels
    if len(kernels.table) != n_gates:
        raise CircuitError(
            f"table has {len(kernels.table)} entries; expected {n_gates} for {out_channels} trees "
            f"of depth {depth}"
        )
    beyond = np.flatnonzero(kernels.table >> np.uint64((1 << inputs) - 1) > 1)
    if len(beyond):
        raise CircuitError(
            f"table[{beyond[0]}] has bits beyond the {1 << inputs} that {inputs} inputs can select"
        )
    pairs = zip(kernels.padding, kernels.kernel_size, strict=True)
    if any(more >= size for more, size in pairs):
        raise CircuitError(
            f"padding {kernels.padding} leaves positions whose whole field of "
            f"{kernels.kernel_size} lies beyond the border"
        )


def sizes(what: str, values: Iterable[int], count: int, *, least: int = 1) -> tuple:
    """`values` as so many integers.

    Raises:
        CircuitError: another number of them, no integers, or one below `least`.
    """
    found = tuple(values)
    if len(found) != count:
        raise CircuitError(f"{what} must be {count} integers, got {found}")
    return tuple(_size(what, size, least=least) for size in found)


def _size(what: str, value: int, *, least: int, most: int = 2**31 - 1) -> int:
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or not least <= value <= most:
        raise CircuitError(f"{what} must be integers of {least} to {most}, got {value!r}")
    return int(value)
