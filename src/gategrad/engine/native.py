"""The native engine: a circuit lowered for the C++ core, and its rows handed over."""

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad import _core
from gategrad.circuit import (
    Circuit,
    Convolution,
    Readout,
    check_pair,
    decide,
    scores,
)
from gategrad.encoding import Encoder, Splits
from gategrad.encoding.comparisons import Comparisons
from gategrad.encoding.frames import joined, table_columns
from gategrad.engine import isa
from gategrad.engine.cell_rows import CellRows, cell_rows
from gategrad.engine.compared import Compared, behind_comparisons, compared_of
from gategrad.engine.convolution import choose, inputs_as_bits
from gategrad.engine.cores import usable_cores
from gategrad.engine.errors import BackendError
from gategrad.engine.lanes import LANES, spread
from gategrad.engine.locks import ForkLock
from gategrad.engine.number_rows import NumberRows
from gategrad.engine.packing import Packed, check_packed
from gategrad.engine.positions import choose_positions
from gategrad.engine.routes import Route
from gategrad.engine.rows import as_array, check_rows, check_threads, check_values, is_exact
from gategrad.engine.single_rows import SingleRows
from gategrad.engine.source import bits_source, source_of

# Columns of a row: 2**24 slots take 1 GiB a thread.
MOST_FEATURES = 1 << 24
MOST_RESULTS = 1 << 59
# Rows from which on a second thread may pay, and from which on a call is asked to stop by a signal.
SEVERAL, MANY = 1024, 4096
# Calls of so many rows take a program of their own.
FEW = 256
# Rows that bring up all that a call needs: some more than one block for each thread.
WARMING = 513


class NativeProgram:
    """A circuit, its readout and its encoder in the native core, ready to run.

    Args:
        circuit: any circuit; gates wider than two operands are decomposed.
        readout: sums over the outputs of `circuit`.
        encoder: from rows to the circuit's inputs; None where rows are bits.
        convolution: circuit and readout by their kernels, which large ones run by.

    Raises:
        CircuitError: `readout` reads an output that `circuit` lacks.
        ValueError: GATEGRAD_ISA names an instruction set that is unknown or not here,
            GATEGRAD_CODE is neither "on" nor "off", or GATEGRAD_CONVOLUTION neither "auto", "flat"
            nor "kernels".
        BackendError: rows of more than 2**24 columns.
    """

    backend = "native"

    def __init__(
        self,
        circuit: Circuit,
        readout: Readout,
        encoder: Encoder | Comparisons | None = None,
        convolution: Convolution | None = None,
    ) -> None:
        check_pair(circuit, readout)
        self.isa, reason = isa.choose()
        self._readout = readout
        self._n_inputs = circuit.n_inputs
        thresholds = None if encoder is None else encoder.thresholds()
        # Splits let missing values through, which the core compares too.
        missing = False
        if isinstance(encoder, Splits) and encoder.missing == "zero":
            missing, thresholds = True, (encoder.feature, _below(encoder.least))
        # An encoder that is more than thresholds turns rows into bits before the core sees them,
        # unless they are numbers, which need comparisons only.
        self._encoder = (
            None if isinstance(encoder, Comparisons) or thresholds is not None else encoder
        )
        self._bits = thresholds is None
        self._n_features = circuit.n_inputs if encoder is None or self._bits else encoder.n_features
        _check_width(self._n_features)
        if thresholds is None:
            thresholds = inputs_as_bits(circuit.n_inputs)
        source = source_of(circuit, readout, thresholds, self._n_features, self._bits, missing)
        maps, by_kernels = choose(circuit, convolution)
        self._by_kernels = maps is not None
        lowering = (source, self.isa, bool(isa.wanted_code(self.isa)))
        self._engine = (
            _core.lower(*lowering)
            if maps is None or convolution is None
            else _core.lower_maps(
                maps, bits_source(convolution.tail, convolution.readout), *lowering
            )
        )
        positions = choose_positions(circuit, None if missing else convolution, self.isa)
        self.reason = reason + isa.without_code(self.isa, self._engine.no_code) + by_kernels
        self.reason += positions.reason
        self.single_rows = SingleRows(source, readout.n_classes, self.isa, positions)
        # Kernels make whole blocks of maps; so few rows that it matters go one by one.
        self._few_made = self._by_kernels
        self._circuit = circuit
        self._compared = None if self._encoder is None else compared_of(circuit, self._encoder)
        if self._by_kernels and self._compared is not None:
            self.reason += "; rows of numbers, which are compared in the core, run flat"
        self._cell_rows = None if self._encoder is None else cell_rows(self._encoder)
        self._number_rows: dict[str, NumberRows] = {}
        self._lock = ForkLock()

    @property
    def n_gates(self) -> int:
        """Two-input gates and inverters that are evaluated."""
        return self._engine.n_gates

    @property
    def ranks(self) -> bool:
        """Whether columns are compared one by one, and not 64 side by side."""
        return self._engine.ranks

    @property
    def code_bytes(self) -> int:
        """Size of the machine code that the circuit became; 0 where kernels run its gates."""
        return self._engine.code_bytes

    def sums(self, x: ArrayLike | Packed, *, threads: int | None = None) -> NDArray[np.int32]:
        """Integer sums of each class.

        Args:
            x: (n, features) bool, uint8, float32, float64 or what converts to them exactly; what
                the encoder takes, or bits without one; or packed bits.
            threads: how many threads share the rows; where None, as many as pay, up to what
                `gategrad.engine.cores.usable_cores` gives.

        Returns:
            (n, C) int32.

        Raises:
            InputError: rows or `threads` of a wrong type, shape or value.
            EncodingError: rows that an encoder of categories can't take.
            MemoryError: too little for the results, or for one thread to work in.
        """
        return self._run(x, threads, sums=True)

    def labels(self, x: ArrayLike | Packed, *, threads: int | None = None) -> NDArray:
        """The decision on the sums, as `gategrad.circuit.decide` gives it."""
        if self._readout.kind == "argmax":
            return self._run(x, threads, sums=False)
        return decide(self._readout, self.sums(x, threads=threads))

    def scores(self, x: ArrayLike | Packed, *, threads: int | None = None) -> NDArray[np.float32]:
        """Scores of the sums, as `gategrad.circuit.scores` gives them."""
        return scores(self._readout, self.sums(x, threads=threads))

    def named(self, decided: NDArray, names: NDArray) -> NDArray:
        """The name of each class index that `labels` gave."""
        return names[decided]

    def route(self, x: ArrayLike | Packed) -> Route:
        """Which way rows take; their values are not looked at."""
        return self._way(x)

    def _way(self, x: ArrayLike | Packed) -> Route:
        if isinstance(x, Packed):
            return Route.PACKED
        if self._encoder is not None:
            if self._compares(x):
                return Route.NUMBERS
            cells = self._cell_rows is not None and self._cell_rows.take(x)
            return Route.CELLS if cells else self._table_route(self._encoder, x)
        rows = as_array(x)
        if rows.ndim == 2 and self.single_rows.take(len(rows)):
            return Route.POSITIONS if self.single_rows.by_positions else Route.SINGLE_ROWS
        return Route.KERNELS if self._by_kernels else Route.BLOCKS

    def _table_route(self, encoder: Encoder, x: object) -> Route:
        """Of rows that are no array of numbers, objects or text: see `_run_table`."""
        columns = None if isinstance(x, np.ndarray) else table_columns(x, _names(encoder))
        if columns is None:
            return Route.ENCODER
        if self._cell_rows is not None and self._cell_rows.take_columns(columns):
            return Route.CELLS
        return self._way(joined(columns))

    def warm_up(self) -> None:
        """Make now what first calls would make: plans, room to work in, threads."""
        cells = None if self._cell_rows is None else self._behind(self._cell_rows)
        for compared in filter(None, (self._compared, cells)):
            numbers = self._numbers(compared)
            numbers.narrow.warm_up()
            numbers.wide.warm_up()
        if self._encoder is None:
            self.single_rows.plan()
            if not self._few_made:
                self._make_few()
            for n_rows in (1, WARMING * usable_cores()):
                rows = np.broadcast_to(np.zeros(self._n_features, bool), (n_rows, self._n_features))
                self.sums(rows, threads=usable_cores())

    def attempt(self, x: NDArray, threads: int | None, *, sums: bool) -> NDArray | None:
        """Sums or labels of rows that need no encoder; None where a value is missing or no bit."""
        rows = _addressable(check_rows(x, n_features=self._n_features, bits=self._bits))
        if self.single_rows.take(len(rows)):
            return self.single_rows.run(rows, sums=sums)
        return self._blocks(rows, threads, sums=sums)

    def _run(self, x: ArrayLike | Packed, threads: int | None, *, sums: bool) -> NDArray:
        check_threads(threads)
        if type(x) is np.ndarray:
            rows: NDArray = x
        elif isinstance(x, Packed):
            check_packed(x, self._n_inputs)
            return self._packed(x, threads, sums=sums)
        elif self._encoder is None:
            rows = check_rows(x, n_features=self._n_features, bits=self._bits)
        else:
            return self._run_table(self._encoder, x, threads, sums=sums)
        route, found = self._way(rows), None
        if route in (Route.SINGLE_ROWS, Route.POSITIONS):
            found = self.single_rows.run(rows, sums=sums)
        elif (
            route in (Route.BLOCKS, Route.KERNELS)
            and rows.ndim == 2
            and rows.shape[1] == self._n_features
        ):
            # Most rows are as the core takes them; it says so where they are not.
            found = self._blocks(rows, threads, sums=sums)
        elif route is Route.NUMBERS and self._compared is not None:
            found = self._run_numbers(self._compared, rows, threads, sums=sums)
        elif route is Route.CELLS and self._cell_rows is not None:
            found = self._run_cells(self._cell_rows, rows, threads, sums=sums)
        if found is not None:
            return found
        rows = rows if self._encoder is None else self._encoder.encode(rows)
        return self._bits_of(rows, threads, sums=sums)

    def _bits_of(self, rows: NDArray, threads: int | None, *, sums: bool) -> NDArray:
        """Sums or labels of rows behind the encoder; the error where `attempt` finds one."""
        found = self.attempt(rows, threads, sums=sums)
        if found is None:
            check_values(
                check_rows(rows, n_features=self._n_features, bits=self._bits), bits=self._bits
            )
            raise RuntimeError("the rows changed while they were read")
        return found

    def _compares(self, x: object) -> bool:
        """Whether rows are numbers that the core can compare instead of the encoder."""
        return (
            self._compared is not None
            and type(x) is np.ndarray
            and x.ndim == 2
            and x.dtype.kind in "buif"
            and x.dtype.itemsize <= 8
            and x.shape[1] == self._compared.n_features
            and is_exact(x)
        )

    def _numbers(self, compared: Compared) -> NumberRows:
        made = self._number_rows.get(compared.what)
        if made is not None:
            return made
        with self._lock:
            if compared.what not in self._number_rows:
                self._number_rows[compared.what] = self._make_number_rows(compared)
            return self._number_rows[compared.what]

    def _make_number_rows(self, compared: Compared) -> NumberRows:
        circuit, encoder = behind_comparisons(compared)
        narrow = NativeProgram(circuit, self._readout, encoder)
        if compared.n_features > LANES or narrow.ranks:
            return NumberRows(narrow, None, narrow)
        columns, encoder = spread(encoder)
        return NumberRows(narrow, columns, NativeProgram(circuit, self._readout, encoder))

    def _run_numbers(
        self, compared: Compared, x: NDArray, threads: int | None, *, sums: bool
    ) -> NDArray | None:
        """None for rows that the encoder itself must see: it names what is wrong with them."""
        numbers, intervals = self._numbers(compared), compared.intervals
        found = numbers.run(x, threads, sums=sums)
        open_below = intervals.missing and not np.isnan(intervals.low).any()
        if found is not None or not open_below or x.dtype.kind != "f":
            return found
        # Below every interval, as a missing value is.
        low = np.where(np.isnan(x), x.dtype.type(-np.inf), x)
        return numbers.run(low, threads, sums=sums)

    def _run_cells(
        self, cells: CellRows, x: NDArray, threads: int | None, *, sums: bool
    ) -> NDArray | None:
        """None for rows that the encoder itself must see."""
        return self._run_places(cells, cells.read(x), threads, sums=sums)

    def _run_places(
        self, cells: CellRows, numbers: NDArray | None, threads: int | None, *, sums: bool
    ) -> NDArray | None:
        if numbers is None:
            return None
        return self._run_numbers(self._behind(cells), numbers, threads, sums=sums)

    def _behind(self, cells: CellRows) -> Compared:
        return Compared(self._circuit, cells.intervals, cells.n_features, "cells")

    def _run_table(
        self, encoder: Encoder, x: object, threads: int | None, *, sums: bool
    ) -> NDArray:
        """Rows that are no array: lists, and tables with named columns, read column by column."""
        columns = table_columns(x, _names(encoder))
        if columns is None:
            return self._bits_of(encoder.encode(x), threads, sums=sums)  # type: ignore[arg-type]
        cells = self._cell_rows
        if cells is not None and cells.take_columns(columns):
            numbers = cells.read_columns(columns)
            found = self._run_places(cells, numbers, threads, sums=sums)
            if found is not None:
                return found
        return self._run(joined(columns), threads, sums=sums)

    def _blocks(self, rows: NDArray, threads: int | None, *, sums: bool) -> NDArray | None:
        """By blocks of 512 rows; None for rows that the core does not take, or a value of them."""
        if len(rows) <= FEW and not self._few_made:
            self._make_few()
        out, places = self._results(len(rows), sums=sums)
        return _checked(self._engine.run_rows(rows, *places, *_calling(len(rows), threads)), out)

    def _make_few(self) -> None:
        """Lower the circuit once more, for few rows."""
        with self._lock:
            if not self._few_made:
                self._engine.prepare_few(self.single_rows.source)
                self._few_made = True

    def _packed(self, x: Packed, threads: int | None, *, sums: bool) -> NDArray:
        if len(x) <= FEW and not self._few_made:
            self._make_few()
        out, places = self._results(len(x), sums=sums)
        calling = _calling(len(x), threads)
        found = _checked(self._engine.run_packed(x.words, x.n_rows, *places, *calling), out)
        assert found is not None, "packed rows hold nothing but bits"
        return found

    def _results(self, n_rows: int, *, sums: bool) -> tuple[NDArray, tuple]:
        """An array for results, and it as the core's two arguments."""
        if n_rows * self._readout.n_classes > MOST_RESULTS:
            raise MemoryError(f"{n_rows:,} rows have more sums than can be counted")
        if sums:
            counts = np.empty((n_rows, self._readout.n_classes), np.int32)
            return counts, (counts, None)
        labels = np.empty(n_rows, np.int64)
        return labels, (None, labels)


def _names(encoder: Encoder) -> Sequence[str] | None:
    return getattr(encoder, "names", None)


def _calling(n_rows: int, threads: int | None) -> tuple[int, bool]:
    """For the core: threads, negative for at most as many as pay; whether signals may stop it."""
    if threads is None:
        threads = 1 if n_rows <= SEVERAL else -usable_cores()
    main = n_rows > MANY and threading.current_thread() is threading.main_thread()
    return threads, main


def _checked(outcome: int, out: NDArray) -> NDArray | None:
    if outcome == _core.NO_MEMORY:
        raise MemoryError("there is no memory for a thread to evaluate a block of rows in")
    return out if outcome == _core.GOOD else None


def _below(least: NDArray[np.float64]) -> NDArray[np.float64]:
    """Thresholds that numbers from `least` on exceed; NaN where every number does."""
    return np.where(least == -np.inf, np.nan, np.nextafter(least, -np.inf))


def _check_width(n_features: int) -> None:
    if n_features > MOST_FEATURES:
        raise BackendError(
            f"rows have {n_features:,} columns; the native engine takes at most "
            f'{MOST_FEATURES:,}: leave out the inputs that no gate reads, or use backend="numpy"'
        )


def _addressable(rows: NDArray) -> NDArray:
    """`rows`, copied where an element is not at its natural alignment."""
    size, strides = rows.itemsize, rows.strides
    whole = size == 1 or (strides[0] % size == 0 and strides[1] % size == 0)
    return rows if whole and rows.flags.aligned else np.array(rows, order="C")
