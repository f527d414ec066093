"""MNIST and CIFAR-10 as the papers use them."""

import numpy as np
from numpy.typing import NDArray

from gategrad.experiments.catalogue import Experiment
from gategrad.experiments.errors import ExperimentError
from gategrad.train.warp import Warp

SIDE, CROPPED = 28, 20
_SPARE = SIDE - CROPPED


def without_border(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The 20x20 pixels of digits (n, 784) that hold the ink, (n, 400).

    Every digit lies in 20x20 pixels. Empty lines are cut off on both sides alike as far as there
    are any, so that eight go in each direction.
    """
    whole = images.reshape(-1, SIDE, SIDE)
    top = _first(whole.any(axis=2))
    left = _first(whole.any(axis=1))
    out = np.empty((len(whole), CROPPED, CROPPED), np.uint8)
    for i, (y, x) in enumerate(zip(top, left, strict=True)):
        out[i] = whole[i, y : y + CROPPED, x : x + CROPPED]
    return out.reshape(len(whole), -1)


def _first(ink: NDArray[np.bool_]) -> list[int]:
    """The first line kept of each image, whose lines (n, 28) hold ink or don't."""
    before = np.minimum(ink.argmax(axis=1), SIDE // 2)
    after = np.minimum(ink[:, ::-1].argmax(axis=1), SIDE // 2)
    return [_cut(int(a), int(b)) for a, b in zip(before, after, strict=True)]


def _cut(before: int, after: int) -> int:
    """How many of the empty lines before the ink go, where eight go in all.

    Examples:
        >>> _cut(4, 4), _cut(2, 9), _cut(14, 2), _cut(6, 3)
        (4, 0, 8, 5)
    """
    pairs = min((before + after - _SPARE) // 2, before, after)
    before, after = before - pairs, after - pairs
    return before - min(before, before + after - _SPARE)


def levels_of(n_thresholds: int) -> list[int]:
    """Greatest values of a byte that are no more than i / (n + 1) of 255, i from 1 to n.

    Examples:
        >>> levels_of(3)
        [63, 127, 191]
    """
    return [255 * i // (n_thresholds + 1) for i in range(1, n_thresholds + 1)]


def warp_of(experiment: Experiment) -> Warp:
    """How training images are warped: as by the presets of `gategrad train`.

    Raises:
        ExperimentError: rows of a table.
    """
    if experiment.data == "mnist":
        side = CROPPED if experiment.name == "mnist20x20" else SIDE
        return Warp((side, side), share=0.5)
    if experiment.data.startswith("cifar"):
        still = {"rotation": 0.0, "scale": 0.0, "shear": 0.0}
        return Warp((3, 32, 32), shift=2.0, flip=True, share=0.5, **still)
    raise ExperimentError(f"--augment is for images, and {experiment.name} has none; leave it out")
