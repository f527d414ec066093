"""Rows and targets as a user has them, to tensors."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from gategrad.encoding import Encoder, aligned, rows_for
from gategrad.engine import check_rows, check_values
from gategrad.train.errors import TrainError
from gategrad.train.splitting import held_rows
from gategrad.train.targets import as_numpy, read_targets, strata
from gategrad.train.weights import ClassWeight, row_weights

Augment = Callable[[NDArray], NDArray]
Validation = int | float | tuple[ArrayLike | Tensor, ArrayLike | Tensor] | None


@dataclass(frozen=True)
class Rows:
    """Bits (n, inputs) uint8, or features where the network encodes them itself; and targets.

    `as_input` makes of a batch of bits what the network takes; targets are those of `read_targets`;
    weights (n,) float32 say what a row counts, all the same where None.
    """

    bits: Tensor
    targets: Tensor
    weights: Tensor | None = None

    def __len__(self) -> int:
        return len(self.targets)

    def to(self, device: torch.device) -> "Rows":
        """The same rows on a device."""
        weights = None if self.weights is None else self.weights.to(device)
        return Rows(self.bits.to(device), self.targets.to(device), weights)

    def where(self, mask: NDArray[np.bool_]) -> "Rows":
        """Some of the rows, (n,) bool saying which."""
        chosen = torch.from_numpy(np.flatnonzero(mask))
        weights = None if self.weights is None else self.weights[chosen]
        return Rows(self.bits[chosen], self.targets[chosen], weights)

    def and_(self, more: "Rows") -> "Rows":
        """These rows, then `more`, which have weights where these have."""
        weights = None
        if self.weights is not None and more.weights is not None:
            weights = torch.cat([self.weights, more.weights])
        bits, targets = torch.cat([self.bits, more.bits]), torch.cat([self.targets, more.targets])
        return Rows(bits, targets, weights)

    def weighed(self) -> "Rows":
        """The same rows with weights that are 1 on average."""
        if self.weights is None:
            return self
        return Rows(self.bits, self.targets, self.weights / self.weights.mean().clamp(min=1e-30))

    def digest(self) -> str:
        """A checksum over the rows and their order."""
        kept = [self.bits, self.targets, *([] if self.weights is None else [self.weights])]
        parts = [part.cpu().numpy() for part in kept]
        return sha256(b"".join(sha256(part).digest() for part in parts)).hexdigest()


@dataclass(frozen=True)
class Parts:
    """Rows to train on and rows to choose on.

    Attributes:
        rows: to train on, augmented ones after the originals.
        own: the same as the user has them, (n, features).
        chosen_on: to choose on.
        kept: which of the user's rows are trained on, bool.
    """

    rows: Rows
    own: NDArray
    chosen_on: Rows
    kept: NDArray[np.bool_]


@dataclass(frozen=True)
class RowReader:
    """What rows and targets must be: features of `encoder`, or `n_inputs` bits; `n_classes`.

    `kind` is that of the network's head, which has `n_classes` scores. With `encodes` the network's
    own first layer is the encoder: rows are checked and kept.
    """

    n_inputs: int
    n_classes: int
    encoder: Encoder | None = None
    kind: str = "argmax"
    encodes: bool = False

    @property
    def classes(self) -> int:
        """Classes that a classifier tells apart: two by one score."""
        return 2 if self.kind == "binary" else self.n_classes

    def read(self, x: ArrayLike | Tensor, y: ArrayLike | Tensor) -> Rows:
        """Encode and check rows (n, features) and targets.

        Raises:
            InputError: rows of a wrong shape, dtype or value.
            EncodingError: rows that the encoder can't take, or targets of another index.
            TrainError: targets that do not fit the head.
        """
        aligned(x, y)
        bits = self.bits(self.rows(x))
        return Rows(bits, read_targets(self.kind, y, len(bits), self.n_classes))

    def rows(self, x: ArrayLike | Tensor) -> NDArray:
        """Rows as the user has them, as an array; of a table the encoder's columns, by name."""
        return as_numpy(rows_for(self.encoder, x))

    def bits(self, x: NDArray) -> Tensor:
        """`Rows.bits` of rows (n, features); raises what `read` raises for rows."""
        return _tensor(self._bits(x))

    def _bits(self, x: NDArray) -> NDArray:
        if self.encodes:
            self.encoder.encode(x)
            return x
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
    sample_weight: ArrayLike | Tensor | None = None,
    class_weight: ClassWeight = None,
) -> Parts:
    """Rows to train on, augmented ones after the originals, and rows to choose on; see `fit`."""
    rows = reader.read(x, y)
    if not len(rows):
        raise TrainError("x has no rows; expected at least one to train on")
    weights = row_weights(reader.kind, rows.targets, reader.classes, sample_weight, class_weight)
    rows = replace(rows, weights=weights)
    kept, chosen_on = np.ones(len(rows), bool), rows
    if _is_pair(validation):
        chosen_on = reader.read(*validation)
        own_weights = row_weights(
            reader.kind, chosen_on.targets, reader.classes, None, class_weight
        )
        if weights is not None and own_weights is None:
            own_weights = torch.ones(len(chosen_on))
        chosen_on = replace(chosen_on, weights=own_weights)
    elif validation is not None:
        kept = ~held_rows(strata(rows.targets), validation, seed)
        chosen_on = rows.where(~kept)
    if not len(chosen_on):
        raise TrainError("the validation rows are empty; expected at least one, or validation=None")
    rows, own = rows.where(kept), reader.rows(x)[kept]
    _check_counting(rows, chosen_on)
    if augment is not None:
        more = _augmented(augment, own, rows)
        copies = reader.read(*more)
        if rows.weights is not None:
            copies = replace(copies, weights=rows.weights.repeat(len(copies) // len(rows)))
        rows, own = rows.and_(copies), np.concatenate([own, more[0]])
    return Parts(rows.weighed(), own, chosen_on, kept)


def _check_counting(rows: Rows, chosen_on: Rows) -> None:
    """Raise TrainError where no row to train on counts, or none to choose on."""
    for what, part in (("train", rows), ("choose", chosen_on)):
        if part.weights is not None and not part.weights.sum() > 0:
            raise TrainError(
                f"all {len(part)} rows to {what} on have weight 0; expected one at least that "
                "counts: leave out rows of weight 0, or give validation=(x, y) or another seed"
            )


def as_input(rows: Tensor) -> Tensor:
    """A batch of `Rows.bits` as the network takes it: bytes as float32, all else as it is."""
    return rows.float() if rows.dtype == torch.uint8 else rows


def _tensor(rows: NDArray) -> Tensor:
    """Bits as uint8; features in their dtype, or in float64 where torch has no such."""
    if rows.dtype == bool:
        return torch.from_numpy(np.ascontiguousarray(rows).view(np.uint8))
    kept = rows.dtype.kind in "if" or rows.dtype == np.uint8
    dtype = rows.dtype.newbyteorder("=") if kept else np.float64
    return torch.from_numpy(np.array(rows, dtype, order="C"))


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
    return more, np.concatenate([rows.targets.numpy()] * (len(more) // len(x)))
