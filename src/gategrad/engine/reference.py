"""The numpy engine: portable, bit-parallel, independent of the evaluator and the native core.

A signal is a row of 64-bit words, one bit a sample. All gates of one level and arity are evaluated
together: their truth tables, spread over words, are halved by one operand after the other.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad.circuit import N_CONSTANTS, Circuit, Readout, check_pair, decide, scores
from gategrad.encoding import Encoder
from gategrad.engine.packing import Packed, check_packed
from gategrad.engine.routes import Route
from gategrad.engine.rows import check_rows, check_threads, check_values
from gategrad.engine.schedule import Step, schedule

Thresholds = tuple[NDArray[np.uint32], NDArray[np.float64]]

WORD = 64
MAX_WORDS = 64
CHUNK_BYTES = 64 << 20
# Words of one temporary while a step is evaluated: 2 MiB, so that it stays in cache.
STEP_WORDS = 1 << 18
ALL = np.uint64(0xFFFF_FFFF_FFFF_FFFF)


@dataclass(frozen=True, eq=False)
class NumpyProgram:
    """A circuit, its readout and its encoder, ready to run on numpy arrays.

    Args:
        circuit: any circuit, of any width.
        readout: sums over the outputs of `circuit`.
        encoder: from rows to the circuit's inputs; None where rows are bits.

    Raises:
        CircuitError: `readout` reads an output that `circuit` lacks.
    """

    circuit: Circuit
    readout: Readout
    encoder: Encoder | None = None
    _steps: list[Step] = field(init=False, repr=False)

    backend = "numpy"
    isa = "numpy"
    reason = "numpy reference engine"

    def __post_init__(self) -> None:
        check_pair(self.circuit, self.readout)
        object.__setattr__(self, "_steps", schedule(self.circuit))

    def sums(self, x: ArrayLike | Packed, *, threads: int | None = None) -> NDArray[np.int32]:
        """Integer sums of each class.

        Args:
            x: (n, features) bool, uint8, float32, float64 or what converts to them exactly; what
                the encoder takes, or bits without one; or packed bits.
            threads: how many chunks of rows to work on at a time; 1 where None.

        Returns:
            (n, C) int32.

        Raises:
            InputError: rows or `threads` of a wrong type, shape or value.
            EncodingError: rows that an encoder of categories can't take.
        """
        threads = check_threads(threads) or 1
        rows, thresholds = self._rows(x)
        sums = np.empty((len(rows), self.readout.n_classes), np.int32)

        def work(chunk: slice) -> None:
            sums[chunk] = self._chunk_sums(rows[chunk], thresholds)

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, self._chunks(len(rows))))
        return sums

    def labels(self, x: ArrayLike | Packed, *, threads: int | None = None) -> NDArray:
        """The decision on the sums, as `gategrad.circuit.decide` gives it."""
        return decide(self.readout, self.sums(x, threads=threads))

    def scores(self, x: ArrayLike | Packed, *, threads: int | None = None) -> NDArray[np.float32]:
        """Scores of the sums, as `gategrad.circuit.scores` gives them."""
        return scores(self.readout, self.sums(x, threads=threads))

    def named(self, decided: NDArray, names: NDArray) -> NDArray:
        """The name of each class index that `labels` gave."""
        return names[decided]

    def route(self, x: object) -> Route:
        """The same for all rows."""
        return Route.REFERENCE

    def warm_up(self) -> None:
        """Nothing is left to make."""

    def _rows(self, x: ArrayLike | Packed) -> tuple[NDArray, Thresholds | None]:
        """Checked rows and the thresholds to compare them with; None where they are bits."""
        if isinstance(x, Packed):
            check_packed(x, self.circuit.n_inputs)
            return x.unpack(), None
        encoder = self.encoder
        thresholds = None if encoder is None else encoder.thresholds()
        if encoder is not None and thresholds is None:
            return encoder.encode(x), None
        bits = encoder is None
        n_features = self.circuit.n_inputs if encoder is None else encoder.n_features
        rows = check_rows(x, n_features=n_features, bits=bits)
        check_values(rows, bits=bits)
        return rows, thresholds

    def _chunks(self, n_rows: int) -> Iterator[slice]:
        """Row ranges whose signals and readout terms take about CHUNK_BYTES."""
        entries, largest = len(self.readout.index), int(np.diff(self.readout.indptr).max())
        word_bytes = 8 * self.circuit.n_signals + WORD * (entries + 8 * largest)
        step = WORD * int(np.clip(CHUNK_BYTES // word_bytes, 1, MAX_WORDS))
        return (slice(first, min(first + step, n_rows)) for first in range(0, n_rows, step))

    def _chunk_sums(self, rows: NDArray, thresholds: Thresholds | None) -> NDArray[np.float64]:
        n_words = -(-len(rows) // WORD)
        signals = np.empty((self.circuit.n_signals, n_words), np.uint64)
        signals[0], signals[1] = 0, ALL
        first_gate = N_CONSTANTS + self.circuit.n_inputs
        signals[N_CONSTANTS:first_gate] = _pack(_bits(rows, thresholds))
        for step in self._steps:
            _run(step, signals)
        read = signals[self.circuit.outputs[self.readout.index]]
        return _weighted_sums(self.readout, _unpack(read, len(rows)))


def _bits(rows: NDArray, thresholds: Thresholds | None) -> NDArray[np.bool_]:
    if thresholds is None:
        return rows != 0
    feature, threshold = thresholds
    return rows[:, feature].astype(np.float64) > threshold


def _pack(bits: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """(n, F) bits to (F, ceil(n / 64)) words; samples past n are 0."""
    columns = np.zeros((bits.shape[1], -(-len(bits) // WORD) * 8), np.uint8)
    packed = np.packbits(bits, axis=0, bitorder="little")
    columns[:, : len(packed)] = packed.T
    return columns.view(np.uint64)


def _unpack(words: NDArray[np.uint64], n: int) -> NDArray[np.uint8]:
    """(F, W) words to (F, n) numbers that are 0 or 1."""
    return np.unpackbits(words.view(np.uint8), axis=1, count=n, bitorder="little")


def _run(step: Step, signals: NDArray[np.uint64]) -> None:
    """Evaluate the gates of one step, as many at a time as STEP_WORDS allows."""
    n_entries = 1 << len(step.operands)
    size = max(1, STEP_WORDS // (n_entries * signals.shape[1]))
    for first in range(0, len(step.table), size):
        part = slice(first, first + size)
        entries = step.table[part, None] >> np.arange(n_entries, dtype=np.uint64) & np.uint64(1)
        value = (entries * ALL)[:, :, None]
        # The last operand selects between the halves of a table.
        for operand in step.operands[::-1, part]:
            half = value.shape[1] // 2
            low, high = value[:, :half], value[:, half:]
            value = low ^ ((low ^ high) & signals[operand][:, None, :])
        signals[step.signals[part]] = value[:, 0]


def _weighted_sums(readout: Readout, terms: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(n, C) sums from the (N, n) values of the readout's entries.

    Readout keeps sums in int32, so float64 holds every partial sum exactly, in any order.
    """
    sums = np.empty((terms.shape[1], readout.n_classes))
    weight = readout.weight.astype(np.float64)
    for c, (first, last) in enumerate(pairwise(readout.indptr)):
        sums[:, c] = readout.bias[c] + weight[first:last] @ terms[first:last].astype(np.float64)
    return sums
