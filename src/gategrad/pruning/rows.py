"""Rows to prune on: bits, packed ones to run circuits on, and what should come out."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad.circuit import Readout
from gategrad.encoding import rows_for
from gategrad.engine import Packed, pack
from gategrad.model import Model


class PruneError(ValueError):
    """Rows, targets or options that can't be pruned with; says what was expected."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Encoded rows.

    Attributes:
        bits: (n, n_inputs), C-contiguous.
        targets: (n,) class indices, or 0 to 1 of a binary readout; (n, C) for several labels, for
            regression, and where each row has a share of each class.
    """

    bits: NDArray[np.bool_]
    targets: NDArray

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.bits)

    @cached_property
    def packed(self) -> Packed:
        """The bits as the engine takes them."""
        return pack(self.bits)

    def take(self, which: NDArray[np.int64]) -> "Rows":
        """Some of the rows."""
        return Rows(np.ascontiguousarray(self.bits[which]), self.targets[which])


def encoded(model: Model, x: ArrayLike, y: ArrayLike) -> Rows:
    """Rows and targets as the circuit and its readout count.

    Raises:
        PruneError: targets that don't fit the rows or the model.
        InputError, EncodingError: rows that the model doesn't take.
    """
    rows = rows_for(model.encoder, x)
    bits = pack(rows).unpack() if model.encoder is None else model.encoder.encode(rows)
    if bits.shape[1] != model.circuit.n_inputs:
        raise PruneError(
            f"rows have {bits.shape[1]} bits; the model's circuit takes {model.circuit.n_inputs}"
        )
    return Rows(np.ascontiguousarray(bits), _targets(model, np.asarray(y), len(bits)))


def _targets(model: Model, y: NDArray, n: int) -> NDArray:
    readout = model.readout
    if readout.kind in ("argmax", "binary"):
        return _classes(model, y, n)
    y = y.reshape(n, -1) if y.ndim == 1 and len(y) == n else y
    if y.shape != (n, readout.n_classes):
        raise PruneError(
            f"targets have shape {y.shape}; expected {(n, readout.n_classes)} for these rows and "
            f"this {readout.kind} model"
        )
    if readout.kind == "multilabel" and not np.isin(y, (0, 1)).all():
        raise PruneError("targets of a multilabel model are 0 and 1; got other values")
    if not np.isfinite(y.astype(np.float64)).all():
        raise PruneError("targets hold values that are no finite numbers; leave such rows out")
    return y.astype(np.int64 if readout.kind == "multilabel" else np.float64)


def _classes(model: Model, y: NDArray, n: int) -> NDArray[np.int64]:
    """Class indices of labels as `predict` gives them."""
    if y.shape != (n,):
        raise PruneError(f"labels have shape {y.shape}; expected ({n},), one for each row")
    names = range(_n_classes(model.readout)) if model.labels is None else model.labels
    place = {name: i for i, name in enumerate(names)}
    unknown = [label for label in np.unique(y).tolist() if label not in place]
    if unknown:
        raise PruneError(
            f"the label {unknown[0]!r} is none of the model's classes; expected labels as "
            "Model.predict gives them"
        )
    return np.array([place[label] for label in y.tolist()], np.int64)


def _n_classes(readout: Readout) -> int:
    return 2 if readout.kind == "binary" else readout.n_classes
