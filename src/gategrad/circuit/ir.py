"""The circuit: a list of lookup tables over signals, in causal order.

Signals 0 and 1 are false and true, signals 2 .. 2 + n_inputs - 1 are the inputs, and gate g is
signal 2 + n_inputs + g. `docs/circuit.md` is the specification.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad.circuit.arrays import immutable
from gategrad.circuit.errors import CircuitError

MAX_WIDTH = 6
"""The most operands of a gate."""
N_CONSTANTS = 2
"""Signals before the inputs: 0 is false and 1 is true."""


@dataclass(frozen=True, eq=False)
class Circuit:
    """A frozen, validated k-LUT circuit, k <= 6.

    Args:
        n_inputs: number of input signals.
        fanin: (G, K) integers, the operands of each gate; operand j of gate g is a signal below
            2 + n_inputs + g. Unused operands come last and are signal 0. Columns that no gate
            uses are dropped, so that K is the width of the widest gate.
        table: (G,) integers; bit i is the output for the operand pattern whose binary reading is
            i, the first operand being the least significant bit.
        outputs: (O,) integers, the signals that the circuit returns.

    Raises:
        CircuitError: an array has the wrong shape or type, an operand is not causal, a table has
            bits beyond its gate's operands, or an output is no signal of this circuit.
    """

    n_inputs: int
    fanin: NDArray[np.uint32]
    table: NDArray[np.uint64]
    outputs: NDArray[np.uint32]

    def __init__(
        self, n_inputs: int, fanin: ArrayLike, table: ArrayLike, outputs: ArrayLike
    ) -> None:
        n_inputs = _count(n_inputs)
        table = checked_integers("table", table, np.uint64, ndim=1)
        fanin = _fanin(fanin, len(table))
        outputs = checked_integers("outputs", outputs, np.uint32, ndim=1)
        _check_causal(n_inputs, fanin)
        _check_tables(fanin, table)
        _check_outputs(outputs, N_CONSTANTS + n_inputs + len(table))
        for name, value in (("fanin", fanin), ("table", table), ("outputs", outputs)):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "n_inputs", n_inputs)

    @property
    def n_gates(self) -> int:
        """Number of gates, of any width, wires and constants included."""
        return len(self.table)

    @property
    def width(self) -> int:
        """Operands of the widest gate, K."""
        return self.fanin.shape[1]

    @property
    def n_outputs(self) -> int:
        """Number of output signals."""
        return len(self.outputs)

    @property
    def n_signals(self) -> int:
        """Constants, inputs and gates together."""
        return N_CONSTANTS + self.n_inputs + self.n_gates

    def __eq__(self, other: object) -> bool:
        """Same inputs, gates and outputs, element by element."""
        if not isinstance(other, Circuit):
            return NotImplemented
        return self.n_inputs == other.n_inputs and all(
            np.array_equal(getattr(self, name), getattr(other, name))
            for name in ("fanin", "table", "outputs")
        )

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple:
        """Copies and pickles are built, and so checked and read-only, like any circuit."""
        return Circuit, (self.n_inputs, self.fanin, self.table, self.outputs)

    def __repr__(self) -> str:
        """Sizes only: a circuit may have millions of gates."""
        return (
            f"Circuit(n_inputs={self.n_inputs}, n_gates={self.n_gates}, "
            f"n_outputs={self.n_outputs}, width={self.width})"
        )

    def _repr_html_(self) -> str:
        """For notebooks."""
        from gategrad.circuit.notebook import circuit_facts, facts_html, functions_html

        return facts_html("gategrad.Circuit", circuit_facts(self), functions_html(self))


def arity(fanin: NDArray[np.integer]) -> NDArray[np.int64]:
    """Operands in use of each gate, (G,): the position after its last operand that is not 0."""
    found = np.zeros(len(fanin), np.int64)
    for j in range(fanin.shape[1]):
        found[fanin[:, j] != 0] = j + 1
    return found


def reachable_entries(fanin: NDArray[np.integer], table: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Tables (G,) without the entries that trailing operands of signal 0, false, can't select."""
    unused = np.uint64(64) - (np.uint64(1) << arity(fanin).astype(np.uint64))
    return table & (np.uint64(2**64 - 1) >> unused)


def _count(n_inputs: int) -> int:
    if isinstance(n_inputs, bool) or not isinstance(n_inputs, (int, np.integer)) or n_inputs < 0:
        raise CircuitError(f"n_inputs must be an integer of at least 0, got {n_inputs!r}")
    if n_inputs > 2**32 - 4:
        raise CircuitError(f"n_inputs is {n_inputs}, but signals are numbered in 32 bits")
    return int(n_inputs)


def checked_integers(name: str, value: ArrayLike, dtype: type, *, ndim: int) -> NDArray:
    """Copy `value` as integers of `dtype`, refusing what would not survive the conversion.

    Raises:
        CircuitError: other numbers, or another number of dimensions.
    """
    array = np.asarray(value)
    if array.size == 0 and array.ndim <= ndim:
        shape = array.shape if array.ndim == ndim else (0,) * ndim
        array = np.zeros(shape, dtype)
    if array.dtype.kind == "f" and not isinstance(value, np.ndarray):
        # numpy reads a list of integers on both sides of 2**63 as floats.
        array = np.asarray(value, dtype=object)
    if array.dtype == object:
        array = _from_objects(name, array)
    if array.dtype.kind not in "iu":
        raise CircuitError(f"{name} must hold integers, got dtype {array.dtype}")
    if array.ndim != ndim:
        raise CircuitError(f"{name} must have {ndim} dimension(s), got shape {array.shape}")
    bad = (array < 0) | (array > np.iinfo(dtype).max) if array.dtype != dtype else np.False_
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        place = where[0] if ndim == 1 else list(where)
        raise CircuitError(f"{name}[{place}] is {array[where]}, outside {np.dtype(dtype)}")
    return immutable(array, dtype)


def _from_objects(name: str, array: NDArray) -> NDArray:
    for item in array.flat:
        if isinstance(item, bool) or not isinstance(item, (int, np.integer)):
            raise CircuitError(f"{name} must hold integers, got {item!r}")
    try:
        return array.astype(np.int64 if (array < 0).any() else np.uint64)
    except (TypeError, ValueError, OverflowError) as error:
        raise CircuitError(f"{name} must hold integers that fit 64 bits: {error}") from None


def _fanin(fanin: ArrayLike, n_gates: int) -> NDArray[np.uint32]:
    fanin = checked_integers("fanin", fanin, np.uint32, ndim=2)
    if len(fanin) != n_gates:
        raise CircuitError(
            f"fanin has {len(fanin)} rows and table {n_gates} entries; each gate needs one of both"
        )
    # Of no gates the columns say nothing, however many there are said to be.
    used = np.flatnonzero(fanin.any(axis=0)) if n_gates else np.zeros(0, np.int64)
    width = int(used[-1]) + 1 if len(used) else 0
    if width > MAX_WIDTH:
        gate = int(np.flatnonzero(fanin[:, width - 1])[0])
        raise CircuitError(f"gate {gate} has {width} operands; at most {MAX_WIDTH} are possible")
    return fanin if width == fanin.shape[1] else immutable(fanin[:, :width], np.uint32)


def _check_causal(n_inputs: int, fanin: NDArray[np.uint32]) -> None:
    first_gate = N_CONSTANTS + n_inputs
    if first_gate + len(fanin) > 2**32:
        raise CircuitError("more than 2**32 signals; they are numbered in 32 bits")
    own = np.arange(first_gate, first_gate + len(fanin), dtype=np.uint64)
    for j in range(fanin.shape[1]):
        late = fanin[:, j] >= own
        if late.any():
            gate = int(np.argmax(late))
            raise CircuitError(
                f"gate {gate} (signal {own[gate]}): operand {j} is signal {fanin[gate, j]}, "
                "but operands must be below the gate's own signal"
            )


def _check_tables(fanin: NDArray[np.uint32], table: NDArray[np.uint64]) -> None:
    n_bits = np.left_shift(1, arity(fanin)).astype(np.uint64)
    beyond = np.where(n_bits < 64, table >> (n_bits & np.uint64(63)), np.uint64(0))
    if beyond.any():
        gate = int(np.flatnonzero(beyond)[0])
        raise CircuitError(
            f"gate {gate}: table {int(table[gate]):#x} has bits beyond the {n_bits[gate]} "
            "that its operands can select"
        )


def _check_outputs(outputs: NDArray[np.uint32], n_signals: int) -> None:
    bad = outputs >= n_signals
    if bad.any():
        place = int(np.argmax(bad))
        raise CircuitError(
            f"outputs[{place}] is signal {outputs[place]}, but the last signal is {n_signals - 1}"
        )
