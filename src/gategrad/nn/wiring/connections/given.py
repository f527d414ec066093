"""Wiring that the user gives."""

import numpy as np
import torch
from numpy.typing import ArrayLike
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
    array = wires.detach().cpu().numpy() if isinstance(wires, Tensor) else np.asarray(wires)
    if array.dtype.kind not in "iu":
        raise TypeError(f"connections must be a name or integers, got dtype {array.dtype}")
    if array.shape != (pins, out_dim):
        raise ValueError(f"connections must have shape ({pins}, {out_dim}), got {array.shape}")
    bad = (array < 0) | (array >= in_dim)
    if bad.any():
        pin, gate = (int(i) for i in np.argwhere(bad)[0])
        raise ValueError(
            f"connections[{pin}, {gate}] is {array[pin, gate]}, but the wires are 0 to {in_dim - 1}"
        )
    return torch.tensor(array.astype(np.int64, order="C"))
