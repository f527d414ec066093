"""Which inputs a decision rests on: how much the sums move when one bit is another."""

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import evaluate_sums
from gategrad.encoding.intervals import number_intervals
from gategrad.export.source import Source

# Bits flipped at a time, so that memory stays small.
_AT_ONCE = 64


def influence(
    model: Source, bits: NDArray[np.bool_], *, number: int | None = None
) -> NDArray[np.float64]:
    """How much each input of the circuit moves the sums when it alone is turned over.

    Args:
        model: a `gategrad.Model`.
        bits: (n, inputs) of the circuit, such as its encoder makes; some hundred rows are enough.
        number: of a class, whose sum is looked at; all sums together where None.

    Returns:
        (inputs,) float64: the mean over rows of the absolute changes.
    """
    classes = slice(None) if number is None else slice(number, number + 1)
    before = evaluate_sums(model.circuit, model.readout, bits)[:, classes].astype(np.int64)
    moved = np.zeros(bits.shape[1])
    for first in range(0, bits.shape[1], _AT_ONCE):
        chosen = range(first, min(first + _AT_ONCE, bits.shape[1]))
        flipped = np.repeat(bits[None], len(chosen), axis=0)
        for place, j in enumerate(chosen):
            flipped[place, :, j] ^= True
        rows = flipped.reshape(-1, bits.shape[1])
        after = evaluate_sums(model.circuit, model.readout, rows)[:, classes].astype(np.int64)
        change = np.abs(after.reshape(len(chosen), *before.shape) - before)
        moved[first : first + len(chosen)] = change.sum(axis=2).mean(axis=1)
    return moved


def by_feature(model: Source, moved: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The sum over the bits of each feature, (features,); None behind categories that are text."""
    if model.encoder is None:
        return moved
    found = number_intervals(model.encoder)
    if found is None:
        return None
    whole: NDArray[np.float64] = np.zeros(model.encoder.n_features)
    np.add.at(whole, found.feature, moved)
    return whole
