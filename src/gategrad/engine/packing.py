"""Rows of bits, packed: for callers who have bits already, or run the same rows many times."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad.engine.rows import InputError, as_array, check_rows, check_values

WORD_BITS = 64


@dataclass(frozen=True, eq=False)
class Packed:
    """Bits of n rows, features-major.

    Args:
        words: (inputs, ceil(n_rows / 64)) uint64, C order; bit r % 64 of word r // 64 of line i is
            input i of row r.
        n_rows: number of rows.
    """

    words: NDArray[np.uint64]
    n_rows: int

    def __post_init__(self) -> None:
        expected = -(-self.n_rows // WORD_BITS)
        if self.words.dtype != np.uint64 or self.words.ndim != 2 or self.words.shape[1] != expected:
            raise InputError(
                f"packed words of {self.n_rows} rows must be uint64 of shape (inputs, {expected}), "
                f"got {self.words.dtype} of shape {self.words.shape}; gategrad.pack makes them"
            )

    @property
    def n_inputs(self) -> int:
        """Bits of a row."""
        return len(self.words)

    def __len__(self) -> int:
        """Number of rows."""
        return self.n_rows

    def unpack(self) -> NDArray[np.bool_]:
        """The rows again, (n_rows, n_inputs) bool."""
        octets = self.words.astype("<u8").view(np.uint8)
        bits = np.unpackbits(octets, axis=1, count=self.n_rows, bitorder="little")
        return np.ascontiguousarray(bits.T).view(np.bool_)


def pack(bits: ArrayLike) -> Packed:
    """Pack rows of bits for `Model.predict`.

    Args:
        bits: (n, inputs) bool, or numbers that are 0 or 1.

    Returns:
        The rows, an eighth of a byte a bit; `unpack` gives them back.

    Raises:
        InputError: another shape or dtype, or a value that is no bit.
    """
    x = as_array(bits)
    if x.ndim != 2:
        raise InputError(
            f"bits have shape {x.shape}; expected (rows, inputs): pass a single row as "
            "bits[None, :], and flatten samples with bits.reshape(len(bits), -1)"
        )
    n_features = x.shape[1]
    rows = check_rows(x, n_features=n_features, bits=True)
    check_values(rows, bits=True)
    n_words = -(-len(rows) // WORD_BITS)
    octets = np.zeros((n_features, n_words * 8), np.uint8)
    packed = np.packbits(rows != 0, axis=0, bitorder="little")
    octets[:, : len(packed)] = packed.T
    return Packed(octets.view("<u8").astype(np.uint64, copy=False), len(rows))


def check_packed(x: Packed, n_inputs: int) -> None:
    """Raise InputError where packed rows do not have `n_inputs` bits."""
    if x.n_inputs != n_inputs:
        raise InputError(
            f"packed rows have {x.n_inputs} bits; the circuit has {n_inputs} inputs "
            "(packed rows are encoded already)"
        )
