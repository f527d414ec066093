"""Rows that are made anew for every step: transformed as the user has them, then encoded."""

from collections.abc import Callable
from dataclasses import dataclass, is_dataclass

import torch
from numpy.typing import NDArray
from torch import Tensor

from gategrad.train.errors import TrainError
from gategrad.train.rows import RowReader

Transform = Callable[[NDArray, torch.Generator], NDArray]


@dataclass(frozen=True)
class Online:
    """The rows to train on as the user has them, (n, features), and what is done to a batch."""

    x: NDArray
    reader: RowReader
    transform: Transform

    def rows(self, chosen: Tensor, seed: int) -> NDArray:
        """The rows (m,) `chosen`, transformed by draws from `seed`, (m, features).

        Raises:
            TrainError: the transform gives other dtypes or shapes than it gets.
        """
        x = self.x[chosen.cpu().numpy()]
        made = self.transform(x, torch.Generator().manual_seed(seed))
        if (getattr(made, "dtype", None), getattr(made, "shape", None)) != (x.dtype, x.shape):
            raise TrainError(
                f"transform gave {_kind(made)} for {_kind(x)}; expected an array of the same dtype "
                "and shape"
            )
        return made

    def bits(self, made: NDArray) -> Tensor:
        """Bits (m, inputs) uint8 of such rows."""
        return self.reader.bits(made)

    def __repr__(self) -> str:
        """What tells one transform from another, in a checkpoint's settings too."""
        if is_dataclass(self.transform):
            return repr(self.transform)
        kind = type(self.transform)
        named = self.transform if hasattr(self.transform, "__qualname__") else kind
        return f"{named.__module__}.{named.__qualname__}"


def _kind(value: object) -> str:
    if not hasattr(value, "dtype") or not hasattr(value, "shape"):
        return type(value).__name__
    return f"{value.dtype} of shape {tuple(value.shape)}"
