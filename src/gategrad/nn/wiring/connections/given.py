"""Wiring that the user gives."""

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor


def given_connections(
    wires: Tensor | ArrayLike, in_dim: int, out_dim: int, *, pins: int = 2
) -> Tensor:
    """A contiguous copy of `wires` as (pins, out_dim) int64, checked.

    A gate may read one wire with several pins.

    Raises:
        TypeError: wires are no integers.
        ValueError: they have another shape, or one is not in 0 .. in_dim - 1.
    """
    array = _integers("connections", wires)
    if array.shape != (pins, out_dim):
        raise ValueError(f"connections must have shape ({pins}, {out_dim}), got {array.shape}")
    return _within("connections", array, in_dim)


def given_candidates(
    wires: Tensor | ArrayLike, in_dim: int, out_dim: int, *, pins: int = 2
) -> Tensor:
    """A contiguous copy of candidates as (pins, out_dim, K) int64, checked; a wire may recur.

    Raises:
        TypeError: candidates are no integers.
        ValueError: they have another shape, or one is not in 0 .. in_dim - 1.
    """
    array = _integers("candidates", wires)
    if array.ndim != 3 or array.shape[:2] != (pins, out_dim) or not array.shape[2]:
        raise ValueError(
            f"candidates must be a number, or wires of shape ({pins}, {out_dim}, K), got "
            f"{array.shape}"
        )
    return _within("candidates", array, in_dim)


def _integers(what: str, wires: Tensor | ArrayLike) -> NDArray:
    array = wires.detach().cpu().numpy() if isinstance(wires, Tensor) else np.asarray(wires)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{what} must be a name or integers, got dtype {array.dtype}")
    return array


def _within(what: str, array: NDArray, in_dim: int) -> Tensor:
    bad = (array < 0) | (array >= in_dim)
    if bad.any():
        place = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(
            f"{what}[{', '.join(map(str, place))}] is {array[place]}, but the wires are 0 to "
            f"{in_dim - 1}"
        )
    return torch.tensor(array.astype(np.int64, order="C"), device="cpu")
