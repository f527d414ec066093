"""Rows of bits side by side in words, through a network in evaluation."""

from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gategrad.circuit import N_CONSTANTS, Circuit, Readout
from gategrad.difflogic.devices import checked_device
from gategrad.engine import Packed, lower, pack

BIT_COUNTS = {8: torch.int8, 16: torch.int16, 32: torch.int32, 64: torch.int64}


class PackBitsTensor:
    """Rows of bits, features-major, `bit_count` rows a word; layers in `.eval()` take it.

    difflogic packs on CUDA alone and changes the object in place. Here it works on every device,
    layers return a new one, and gates are computed when their result is asked for: all layers at
    once, in the engine, where `group_sum` ends them.

    Args:
        t: (rows, features) bool, any number of rows.
        bit_count: bits of a word of `t`: 8, 16, 32 or 64.
        device: where `t` and the sums are; CUDA where it is, else the CPU, if None.

    Raises:
        ValueError: rows of another shape, or another bit_count.
    """

    def __init__(
        self, t: Tensor, bit_count: int = 32, device: str | torch.device | None = None
    ) -> None:
        if not isinstance(t, Tensor) or t.ndim != 2:
            shape = tuple(t.shape) if isinstance(t, Tensor) else type(t).__name__
            raise ValueError(f"expected rows (n, features) of bits, got {shape}")
        if bit_count not in BIT_COUNTS:
            known = ", ".join(map(str, BIT_COUNTS))
            raise ValueError(f"bit_count is {bit_count!r}; known: {known}")
        self.bit_count = bit_count
        self.device = checked_device(device)
        self._packed = pack(t.detach().bool().cpu().numpy())
        self._layers: tuple[tuple[NDArray[np.int64], NDArray[np.int64]], ...] = ()

    def through(self, indices: NDArray[np.int64], tables: NDArray[np.int64]) -> Self:
        """The outputs of gates that read rows `indices` (2, n) of this, with truth tables (n,)."""
        made = object.__new__(type(self))
        made.bit_count, made.device, made._packed = self.bit_count, self.device, self._packed
        made._layers = (*self._layers, (indices, tables))
        return made

    @property
    def pad_len(self) -> int:
        """Bits of the last word that are no row."""
        return -len(self._packed) % self.bit_count

    @property
    def n_features(self) -> int:
        """Lines of `t`."""
        return len(self._layers[-1][1]) if self._layers else self._packed.n_inputs

    @property
    def t(self) -> Tensor:
        """Words (features, ceil(rows / bit_count)); bit r of a word is a row, padding is 0."""
        bits = self._bits()
        n_words = -(-len(bits) // self.bit_count)
        octets = np.zeros((bits.shape[1], n_words * self.bit_count // 8), np.uint8)
        packed = np.packbits(bits, axis=0, bitorder="little")
        octets[:, : len(packed)] = packed.T
        words = octets.view(f"<i{self.bit_count // 8}")
        return torch.tensor(words.astype(words.dtype.newbyteorder("="))).to(self.device)

    def _bits(self) -> NDArray[np.bool_]:
        if not self._layers:
            return self._packed.unpack()
        n = self.n_features
        sums = lower(self._circuit(), Readout.identity(n)).sums(self._packed)
        return sums.astype(bool)

    def group_sum(self, k: int) -> Tensor:
        """How many of each of k equal runs of features are 1, (rows, k) int32.

        Raises:
            ValueError: k does not divide the features.
        """
        readout = Readout.group_sum(self.n_features, k)
        sums = lower(self._circuit(), readout).sums(self._packed)
        return torch.from_numpy(sums).to(self.device)

    def _circuit(self) -> Circuit:
        return chain_circuit(self._packed.n_inputs, self._layers)

    def flatten(self, start_dim: int = 0, end_dim: int = -1, **_: object) -> Self:
        """This, whose rows are flat already."""
        return self

    def __len__(self) -> int:
        """Number of rows."""
        return len(self._packed)

    def __repr__(self) -> str:
        """Sizes."""
        return (
            f"PackBitsTensor(rows={len(self)}, features={self.n_features}, "
            f"bit_count={self.bit_count})"
        )


def chain_circuit(
    n_inputs: int, layers: tuple[tuple[NDArray[np.int64], NDArray[np.int64]], ...]
) -> Circuit:
    """The circuit of layers of two-input gates, each on the outputs of the one before."""
    below = N_CONSTANTS + np.arange(n_inputs)
    fanin, tables = [np.zeros((0, 2), np.int64)], [np.zeros(0, np.int64)]
    start = N_CONSTANTS + n_inputs
    for indices, table in layers:
        fanin.append(below[indices].T)
        tables.append(table)
        below = start + np.arange(len(table))
        start += len(table)
    return Circuit(n_inputs, np.concatenate(fanin), np.concatenate(tables), below)


__all__ = ["BIT_COUNTS", "PackBitsTensor", "Packed", "chain_circuit"]
