"""Numbers as bits and back: thermometers at quantiles, and the mean of each step."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gategrad.encoding import Thermometer

Floats = NDArray[np.float32]
Bits = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Coding:
    """Of F numbers, `count` bits each: bit `t * F + f` is whether number f exceeds level t.

    Attributes:
        thermometer: the levels, at quantiles.
        means: (count + 1, F), of the numbers between two levels: what bits stand for.
        deviations: (F,), of the numbers.
    """

    thermometer: Thermometer
    means: Floats
    deviations: Floats

    @classmethod
    def fitted(cls, numbers: Floats, count: int) -> "Coding":
        """On rows of numbers (n, F)."""
        thermometer = Thermometer.quantile(numbers, count)
        step = thermometer.encode(numbers).reshape(len(numbers), count, -1).sum(1)
        means = np.empty((count + 1, numbers.shape[1]), np.float32)
        levels = thermometer.levels
        for c in range(count + 1):
            here = step == c
            # Where no row is between two levels: the level itself.
            nearest = levels[min(c, count - 1)]
            total, n = np.where(here, numbers, 0).sum(0), here.sum(0)
            means[c] = np.where(n > 0, total / np.maximum(n, 1), nearest)
        return cls(thermometer, means, numbers.std(0))

    @property
    def n_bits(self) -> int:
        """Of a row."""
        return self.thermometer.n_inputs

    @property
    def count(self) -> int:
        """Bits a number."""
        return len(self.thermometer.levels)

    def encode(self, numbers: Floats) -> Bits:
        """(n, F) to bits (n, n_bits)."""
        return self.thermometer.encode(numbers).view(np.uint8)

    def decode(self, bits: Bits) -> Floats:
        """Bits (n, n_bits) to the numbers (n, F) that they stand for, whatever their order."""
        step = bits.reshape(len(bits), self.count, -1).sum(1)
        return np.take_along_axis(self.means, step.astype(np.int64), 0)
