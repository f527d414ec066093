"""Rows and labels as a user has them, to tensors of bits and classes."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from gategrad.encoding import Encoder
from gategrad.engine import check_rows, check_values
from gategrad.train.errors import TrainError
from gategrad.train.splitting import held_rows

Augment = Callable[[NDArray], NDArray]
Validation = int | float | tuple[ArrayLike | Tensor, ArrayLike | Tensor] | None


@dataclass(frozen=True)
class Rows:
    """Bits (n, inputs) uint8, which are made floats a batch at a time, and classes (n,) int64."""

    bits: Tensor
    classes: Tensor

    def __len__(self) -> int:
        return len(self.classes)

    def to(self, device: torch.device) -> "Rows":
        """The same rows on a device."""
        return Rows(self.bits.to(device), self.classes.to(device))

    def where(self, mask: NDArray[np.bool_]) -> "Rows":
        """Some of the rows, (n,) bool saying which."""
        chosen = torch.from_numpy(np.flatnonzero(mask))
        return Rows(self.bits[chosen], self.classes[chosen])

    def and_(self, more: "Rows") -> "Rows":
        """These rows, then `more`."""
        return Rows(torch.cat([self.bits, more.bits]), torch.cat([self.classes, more.classes]))

    def digest(self) -> str:
        """A checksum over the rows and their order."""
        parts = (self.bits.cpu().numpy(), self.classes.cpu().numpy())
        return sha256(b"".join(sha256(part).digest() for part in parts)).hexdigest()


@dataclass(frozen=True)
class RowReader:
    """What rows and labels must be: features of `encoder`, or `n_inputs` bits; `n_classes`."""

    n_inputs: int
    n_classes: int
    encoder: Encoder | None = None

    def read(self, x: ArrayLike | Tensor, y: ArrayLike | Tensor) -> Rows:
        """Encode and check rows (n, features) and labels (n,).

        Raises:
            InputError: rows of a wrong shape, dtype or value.
            EncodingError: rows that the encoder can't take.
            TrainError: labels that are no class indices, one a row.
        """
        bits = self.bits(as_numpy(x))
        return Rows(bits, torch.from_numpy(class_indices(y, len(bits), self.n_classes)))

    def bits(self, x: NDArray) -> Tensor:
        """Bits (n, inputs) uint8 of rows (n, features); raises what `read` raises for rows."""
        return torch.from_numpy(self._bits(x).view(np.uint8))

    def _bits(self, x: NDArray) -> NDArray[np.bool_]:
        if self.encoder is not None:
            return np.ascontiguousarray(self.encoder.encode(x))
        x = check_rows(x, n_features=self.n_inputs, bits=True)
        check_values(x, bits=True)
        return x.astype(bool, order="C", copy=True)


def split_rows(
    reader: RowReader,
    x: ArrayLike | Tensor,
    y: ArrayLike | Tensor,
    *,
    validation: Validation,
    augment: Augment | None,
    seed: int,
) -> tuple[Rows, NDArray, Rows]:
    """Rows to train on, augmented ones after the originals, and rows to choose on; see `fit`.

    Returns:
        The rows to train on; the same as the user has them, (n, features); the rows to choose on.
    """
    rows = reader.read(x, y)
    if not len(rows):
        raise TrainError("x has no rows; expected at least one to train on")
    kept, chosen_on = np.ones(len(rows), bool), rows
    if _is_pair(validation):
        chosen_on = reader.read(*validation)
    elif validation is not None:
        kept = ~held_rows(rows.classes.numpy(), validation, seed)
        chosen_on = rows.where(~kept)
    if not len(chosen_on):
        raise TrainError("the validation rows are empty; expected at least one, or validation=None")
    rows, own = rows.where(kept), as_numpy(x)[kept]
    if augment is not None:
        more = _augmented(augment, own, rows)
        rows, own = rows.and_(reader.read(*more)), np.concatenate([own, more[0]])
    return rows, own, chosen_on


def as_numpy(x: ArrayLike | Tensor) -> NDArray:
    """Arrays as they are, tensors of any device as arrays."""
    return x.detach().cpu().numpy() if isinstance(x, Tensor) else np.asarray(x)


def class_indices(y: ArrayLike | Tensor, n: int, n_classes: int) -> NDArray[np.int64]:
    """`y` as (n,) int64 class indices.

    Raises:
        TrainError: another shape or dtype, or a label outside 0 to n_classes - 1.
    """
    y = as_numpy(y)
    if y.shape != (n,):
        raise TrainError(f"y has shape {y.shape}; expected ({n},), one label for each row of x")
    if y.dtype.kind not in "biu":
        raise TrainError(
            f"y has dtype {y.dtype}; expected integers, class indices: "
            "names, classes = np.unique(y, return_inverse=True) makes them"
        )
    bad = (y < 0) | (y >= n_classes)
    if bad.any():
        row = int(np.argmax(bad))
        raise TrainError(
            f"y[{row}] is {y[row]}, but the network has {n_classes} classes; expected class "
            f"indices 0 to {n_classes - 1}"
        )
    return y.astype(np.int64)


def _is_pair(validation: Validation) -> bool:
    return isinstance(validation, (tuple, list)) and len(validation) == 2


def _augmented(augment: Augment, x: NDArray, rows: Rows) -> tuple[NDArray, NDArray]:
    """What `augment` makes of x, the rows as the user has them, and its labels."""
    more = as_numpy(augment(x))
    if more.dtype != x.dtype or more.shape[1:] != x.shape[1:] or len(more) % len(x):
        raise TrainError(
            f"augment gave {more.dtype} of shape {more.shape} for {x.dtype} of shape {x.shape}; "
            "expected the same dtype and columns, and a multiple of the rows"
        )
    return more, np.tile(rows.classes.numpy(), len(more) // len(x))
