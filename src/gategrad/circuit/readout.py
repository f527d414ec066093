"""The readout: integer sums over a circuit's outputs, and the decision made on them."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad.circuit.arrays import immutable
from gategrad.circuit.errors import CircuitError
from gategrad.circuit.ir import Circuit

Kind = Literal["argmax", "binary", "multilabel", "regression"]
KINDS: tuple[str, ...] = get_args(Kind)
"""The kinds of a readout: how it decides on its sums."""

_FIELDS = {
    "indptr": np.int64,
    "index": np.uint32,
    "weight": np.int32,
    "bias": np.int32,
    "scale": np.float32,
    "offset": np.float32,
}


@dataclass(frozen=True, eq=False)
class Readout:
    """Sparse integer weights and bias over indices into `Circuit.outputs`.

    Sum c of a sample is `bias[c]` plus `weight[i]` for each entry i of row c whose output is
    true; it always fits int32. Decisions are made on the sums, ties go to the lowest class;
    scores are `sum * scale + offset` in float32.

    Args:
        kind: "argmax" (one of C classes), "binary" (one sum, positive means class 1),
            "multilabel" (each sum, positive means present) or "regression" (the scores).
        indptr: (C + 1,) integers; row c owns the entries `indptr[c]:indptr[c + 1]`.
        index: (N,) indices into `Circuit.outputs`, strictly increasing within a row.
        weight: (N,) int32.
        bias: (C,) int32.
        scale: (C,) float32, finite.
        offset: (C,) float32, finite.

    Raises:
        CircuitError: a field has the wrong shape, type or value, or a sum could leave int32.
    """

    kind: Kind
    indptr: NDArray[np.int64]
    index: NDArray[np.uint32]
    weight: NDArray[np.int32]
    bias: NDArray[np.int32]
    scale: NDArray[np.float32]
    offset: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise CircuitError(f"unknown readout kind {self.kind!r}; known: {', '.join(KINDS)}")
        for name, dtype in _FIELDS.items():
            object.__setattr__(self, name, _vector(name, getattr(self, name), dtype))
        _check_rows(self)
        _check_ranges(self)

    @staticmethod
    def group_sum(n_outputs: int, k: int, tau: float = 1.0) -> "Readout":
        """Class c sums the c-th of k equal runs of outputs; scores are the sums / tau.

        Raises:
            CircuitError: k is no integer that divides n_outputs, or tau no finite number above 0.
        """
        if not isinstance(k, (int, np.integer)) or k < 1 or n_outputs % k:
            raise CircuitError(
                f"{n_outputs} outputs can't be summed in {k} equal groups; "
                "choose a last layer whose width is a multiple of the number of classes"
            )
        if not 0 < tau < np.inf:
            raise CircuitError(f"tau must be a finite number above 0, got {tau}")
        size = n_outputs // k
        return Readout(
            kind="argmax",
            indptr=np.arange(k + 1, dtype=np.int64) * size,
            index=np.arange(n_outputs, dtype=np.uint32),
            weight=np.ones(n_outputs, np.int32),
            bias=np.zeros(k, np.int32),
            scale=np.full(k, 1 / tau, np.float32),
            offset=np.zeros(k, np.float32),
        )

    @staticmethod
    def identity(n_outputs: int, kind: Kind = "multilabel") -> "Readout":
        """One sum an output: the output itself."""
        return Readout(
            kind=kind,
            indptr=np.arange(n_outputs + 1, dtype=np.int64),
            index=np.arange(n_outputs, dtype=np.uint32),
            weight=np.ones(n_outputs, np.int32),
            bias=np.zeros(n_outputs, np.int32),
            scale=np.ones(n_outputs, np.float32),
            offset=np.zeros(n_outputs, np.float32),
        )

    @property
    def n_classes(self) -> int:
        """Number of sums, C."""
        return len(self.bias)

    @property
    def rows(self) -> NDArray[np.int64]:
        """The row of each entry, (N,)."""
        return np.repeat(np.arange(self.n_classes), np.diff(self.indptr))

    def __eq__(self, other: object) -> bool:
        """Same kind and fields, element by element."""
        if not isinstance(other, Readout):
            return NotImplemented
        return self.kind == other.kind and all(
            np.array_equal(getattr(self, name), getattr(other, name)) for name in _FIELDS
        )

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple:
        """Copies and pickles are built, and so checked and read-only, like any readout."""
        return Readout, (self.kind, *(getattr(self, name) for name in _FIELDS))

    def __repr__(self) -> str:
        """Sizes only."""
        return (
            f"Readout(kind={self.kind!r}, n_classes={self.n_classes}, n_entries={len(self.index)})"
        )


def check_pair(circuit: Circuit, readout: Readout) -> None:
    """Raise CircuitError where `readout` reads an output that `circuit` lacks."""
    if len(readout.index) and readout.index.max() >= circuit.n_outputs:
        entry = int(np.argmax(readout.index))
        raise CircuitError(
            f"readout entry {entry} reads output {readout.index[entry]}, "
            f"but the circuit has {circuit.n_outputs} outputs"
        )


def decide(readout: Readout, sums: NDArray[np.int32]) -> NDArray:
    """The decision of `readout.kind` on integer sums (n, C).

    Returns:
        argmax and binary: (n,) int64; multilabel: (n, C) int64 of 0 and 1; regression: the
        scores, (n, C) float32.
    """
    if readout.kind == "argmax":
        return np.argmax(sums, axis=1).astype(np.int64)
    if readout.kind == "binary":
        return (sums[:, 0] > 0).astype(np.int64)
    if readout.kind == "multilabel":
        return (sums > 0).astype(np.int64)
    return scores(readout, sums)


def scores(readout: Readout, sums: NDArray[np.int32]) -> NDArray[np.float32]:
    """`sum * scale + offset` of each class in float32, (n, C)."""
    return sums.astype(np.float32) * readout.scale + readout.offset


def _vector(name: str, value: ArrayLike, dtype: type) -> NDArray:
    array = np.asarray(value)
    kinds = "iuf" if np.dtype(dtype).kind == "f" else "iu"
    if array.ndim != 1 or (array.size and array.dtype.kind not in kinds):
        raise CircuitError(
            f"readout {name} must be one-dimensional {np.dtype(dtype)}, "
            f"got shape {array.shape} of {array.dtype}"
        )
    if array.dtype != dtype and kinds == "iu" and array.size:
        limits = np.iinfo(dtype)
        if int(array.min()) < limits.min or int(array.max()) > limits.max:
            raise CircuitError(f"readout {name} has a value outside {np.dtype(dtype)}")
    return immutable(array, dtype)


def _check_rows(readout: Readout) -> None:
    n, indptr = len(readout.bias), readout.indptr
    if n < 1:
        raise CircuitError("a readout needs at least one sum, got an empty bias")
    if readout.kind == "binary" and n != 1:
        raise CircuitError(f"a binary readout has one sum, got {n}; use argmax for more classes")
    for name, length in (("indptr", n + 1), ("scale", n), ("offset", n)):
        if len(getattr(readout, name)) != length:
            raise CircuitError(
                f"readout {name} has {len(getattr(readout, name))} elements, "
                f"but a bias of {n} needs {length}"
            )
    if len(readout.weight) != len(readout.index):
        raise CircuitError(
            f"readout weight has {len(readout.weight)} elements and index {len(readout.index)}"
        )
    # Compared, not subtracted: differences of 64-bit numbers can wrap around.
    if indptr[0] != 0 or indptr[-1] != len(readout.index) or (indptr[1:] < indptr[:-1]).any():
        raise CircuitError(f"readout indptr must rise from 0 to {len(readout.index)}")
    falls = np.diff(readout.index.astype(np.int64)) <= 0
    falls[indptr[(indptr > 0) & (indptr < len(readout.index))] - 1] = False
    if falls.any():
        entry = int(np.argmax(falls)) + 1
        raise CircuitError(f"readout entry {entry}: indices must rise within a row")


def _check_ranges(readout: Readout) -> None:
    for name in ("scale", "offset"):
        if not np.isfinite(getattr(readout, name)).all():
            raise CircuitError(f"readout {name} must be finite")
    lowest, highest = readout.bias.astype(np.int64), readout.bias.astype(np.int64)
    np.add.at(lowest, readout.rows, np.minimum(readout.weight, 0).astype(np.int64))
    np.add.at(highest, readout.rows, np.maximum(readout.weight, 0).astype(np.int64))
    limits = np.iinfo(np.int32)
    beyond = (lowest < limits.min) | (highest > limits.max)
    if beyond.any():
        row = int(np.argmax(beyond))
        raise CircuitError(
            f"readout row {row} can sum to {lowest[row]} .. {highest[row]}, more than int32 holds"
        )
