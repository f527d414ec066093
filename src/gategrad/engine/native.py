"""The native engine: a circuit lowered for the C++ core, and its rows handed over."""

from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad import _core
from gategrad.circuit import Circuit, Netlist, Readout, behind, check_pair, decide
from gategrad.encoding import Encoder
from gategrad.encoding.comparisons import Comparisons, compare
from gategrad.encoding.intervals import Intervals, number_intervals
from gategrad.engine import isa
from gategrad.engine.errors import BackendError
from gategrad.engine.few import MOST_ROWS, FewRows
from gategrad.engine.in_order import in_order
from gategrad.engine.lanes import LANES, spread
from gategrad.engine.packing import Packed, check_packed
from gategrad.engine.rows import InputError, check_rows, check_threads, check_values, thread_count

# Columns of a row: 2**24 slots take 1 GiB a thread.
MOST_FEATURES = 1 << 24
# Rows of repeated columns that are made at a time: 2 MiB of float64.
WIDENED_ROWS = 4096


class NativeProgram:
    """A circuit, its readout and its encoder in the native core, ready to run.

    Args:
        circuit: any circuit; gates wider than two operands are decomposed.
        readout: sums over the outputs of `circuit`.
        encoder: from rows to the circuit's inputs; None where rows are bits.

    Raises:
        CircuitError: `readout` reads an output that `circuit` lacks.
        ValueError: GATEGRAD_ISA names an instruction set that is unknown or not here, or
            GATEGRAD_CODE is neither "on" nor "off".
        BackendError: rows of more than 2**24 columns.
    """

    backend = "native"

    def __init__(self, circuit: Circuit, readout: Readout, encoder: Encoder | None = None) -> None:
        check_pair(circuit, readout)
        self.isa, reason = isa.choose()
        self._readout = readout
        self._n_inputs = circuit.n_inputs
        thresholds = None if encoder is None else encoder.thresholds()
        # An encoder that is more than thresholds turns rows into bits before the core sees them,
        # unless they are numbers, which need comparisons only.
        self._encoder = encoder if thresholds is None else None
        self._bits = thresholds is None
        self._n_features = circuit.n_inputs if self._bits else encoder.n_features
        _check_width(self._n_features)
        if thresholds is None:
            feature = np.arange(circuit.n_inputs, dtype=np.uint32)
            thresholds = feature, np.full(circuit.n_inputs, 0.5)
        source = _source(circuit, readout, thresholds, self._n_features, self._bits)
        self._engine = _core.lower(source, isa.wanted_code(self.isa))
        self.reason = reason + isa.without_code(self.isa, self._engine.no_code)
        self.few = FewRows(source, readout.n_classes, self.isa)
        self._intervals = None if self._encoder is None else number_intervals(encoder)
        self._circuit = None if self._intervals is None else circuit

    @property
    def n_gates(self) -> int:
        """Two-input gates and inverters that are evaluated."""
        return self._engine.n_gates

    @property
    def code_bytes(self) -> int:
        """Size of the machine code that the circuit became; 0 where kernels run its gates."""
        return self._engine.code_bytes

    def sums(self, x: ArrayLike | Packed, *, threads: int | None = None) -> NDArray[np.int32]:
        """Integer sums of each class.

        Args:
            x: (n, features) bool, uint8, float32, float64 or what converts to them exactly; what
                the encoder takes, or bits without one; or packed bits.
            threads: how many threads share the rows; all cores where None.

        Returns:
            (n, C) int32.

        Raises:
            InputError: rows or `threads` of a wrong type, shape or value.
            EncodingError: rows that an encoder of categories can't take.
        """
        return self._run(x, threads, sums=True)

    def labels(self, x: ArrayLike | Packed, *, threads: int | None = None) -> NDArray:
        """The decision on the sums, as `gategrad.circuit.decide` gives it."""
        if self._readout.kind == "argmax":
            return self._run(x, threads, sums=False)
        return decide(self._readout, self.sums(x, threads=threads))

    def _run(self, x: ArrayLike | Packed, threads: int | None, *, sums: bool) -> NDArray:
        check_threads(threads)
        if self._intervals is not None and _is_numbers(x):
            found = self._run_numbers(x, threads, sums=sums)
            if found is not None:
                return found
        found = self.few.run(x, sums=sums) if self._encoder is None else None
        if found is not None:
            return found
        wanted = (self.isa, thread_count(threads), sums, not sums)
        if isinstance(x, Packed):
            check_packed(x, self._n_inputs)
            return self._engine.run_packed(x.words, x.n_rows, *wanted)[not sums]
        rows = x if self._encoder is None else self._encoder.encode(x)
        rows = _addressable(check_rows(rows, n_features=self._n_features, bits=self._bits))
        if rows is not x:
            found = self.few.run(rows, sums=sums)
        return self._blocks(rows, wanted)[not sums] if found is None else found

    @cached_property
    def _numbers(self) -> "NumberRows":
        n_features = self._encoder.n_features
        circuit, encoder = _behind_comparisons(self._circuit, self._intervals, n_features)
        narrow = NativeProgram(circuit, self._readout, encoder)
        if n_features > LANES:
            return NumberRows(narrow, None, narrow)
        columns, encoder = spread(encoder)
        return NumberRows(narrow, columns, NativeProgram(circuit, self._readout, encoder))

    def _run_numbers(self, x: NDArray, threads: int | None, *, sums: bool) -> NDArray | None:
        """None for rows that the encoder itself must see: it names what is wrong with them."""
        if x.shape[1] != self._encoder.n_features:
            return None
        try:
            return self._numbers.run(x, threads, sums=sums)
        except InputError:
            if not self._intervals.missing or np.isnan(self._intervals.low).any():
                return None
        if x.dtype.kind != "f":
            return None
        # Below every interval, as a missing value is.
        low = np.where(np.isnan(x), x.dtype.type(-np.inf), x)
        return self._numbers.run(low, threads, sums=sums)

    def _blocks(self, rows: NDArray, wanted: tuple) -> tuple[NDArray, NDArray]:
        """(sums, labels), of which one is wanted, by blocks of 512 rows."""
        result = self._engine.run_rows(rows, *wanted)
        if result is None:
            check_values(rows, bits=self._bits)
            raise RuntimeError("the rows changed while they were read")
        return result


@dataclass(frozen=True)
class NumberRows:
    """One function of rows of numbers, lowered twice; the core encodes.

    Attributes:
        narrow: takes rows as they are; for a few.
        columns: of these, that make rows for `wide`; None where that is `narrow`.
        wide: for many.
    """

    narrow: NativeProgram
    columns: NDArray[np.intp] | None
    wide: NativeProgram

    def run(self, x: NDArray, threads: int | None, *, sums: bool) -> NDArray:
        """Sums or labels of rows (n, features); the errors of `NativeProgram.sums`."""
        if self.columns is None or len(x) <= MOST_ROWS:
            return _results(self.narrow, x, threads, sums)
        parts = [x[i : i + WIDENED_ROWS] for i in range(0, len(x), WIDENED_ROWS)]
        run = partial(self._widened, sums=sums)
        return np.concatenate(list(in_order(run, parts, threads=thread_count(threads))))

    def _widened(self, x: NDArray, *, sums: bool) -> NDArray:
        return _results(self.wide, x.take(self.columns, axis=1), 1, sums)


def _behind_comparisons(
    circuit: Circuit, intervals: Intervals, n_features: int
) -> tuple[Circuit, Comparisons]:
    """The circuit with a gate before each input that makes its interval of two comparisons."""
    used = np.zeros(circuit.n_inputs, bool)
    used[Netlist(circuit).live_inputs()] = True
    front = compare(intervals, n_features, used=used)
    n = len(front.comparisons.feature)
    return behind(Circuit(n, front.fanin, front.table, front.outputs), circuit), front.comparisons


def _results(program: NativeProgram, x: NDArray, threads: int | None, sums: bool) -> NDArray:
    return (program.sums if sums else program.labels)(x, threads=threads)


def _source(
    circuit: Circuit,
    readout: Readout,
    thresholds: tuple[NDArray[np.uint32], NDArray[np.float64]],
    n_features: int,
    bits: bool,
) -> _core.Source:
    """The core's own copy of what it lowers, now and later."""
    return _core.source(
        circuit.n_inputs,
        circuit.fanin,
        circuit.table,
        circuit.outputs,
        readout.indptr,
        readout.index,
        readout.weight,
        readout.bias,
        readout.kind == "argmax",
        *thresholds,
        n_features,
        bits,
    )


def _check_width(n_features: int) -> None:
    if n_features > MOST_FEATURES:
        raise BackendError(
            f"rows have {n_features:,} columns; the native engine takes at most "
            f'{MOST_FEATURES:,}: leave out the inputs that no gate reads, or use backend="numpy"'
        )


def _is_numbers(x: object) -> bool:
    return type(x) is np.ndarray and x.ndim == 2 and x.dtype.kind in "buif"


def _addressable(rows: NDArray) -> NDArray:
    """`rows`, copied where an element is not at its natural alignment."""
    whole = all(stride % rows.itemsize == 0 for stride in rows.strides)
    return rows if whole and rows.flags.aligned else np.array(rows, order="C")
