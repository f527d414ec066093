"""A circuit as a netlist: what its neighbours ask before they schedule, shrink or write it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad import _core
from gategrad.circuit.errors import CircuitError
from gategrad.circuit.ir import MAX_WIDTH, N_CONSTANTS, Circuit, arity

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Netlist:
    """What follows from a circuit's wiring: levels, fan-out, and what is needed for what.

    A view that nothing changes; each figure is computed when it is first asked for, in time linear
    in the operands, and kept. Do not modify the arrays. Whatever lowers, shrinks or writes
    circuits reads these; only the evaluator, their definition, goes its own way.

    Signals are numbered as in the circuit: 0 and 1 are false and true, then the inputs, then gate g
    is signal `first_gate + g`. Gates are in causal order, so a writer that goes through them from
    first to last never names a signal before it is there.

    Args:
        circuit: any circuit. For gates of at most k operands take `Netlist(decompose(circuit, k))`;
            for gates without duplicates, constants and wires optimize the model first.

    Examples:
        >>> adder = Netlist(Circuit(3, [[2, 3], [5, 4], [2, 5]], [6, 6, 8], [6]))
        >>> adder.levels.tolist(), adder.depth, adder.live().tolist()
        ([1, 2, 2], 2, [True, True, False])
        >>> [(adder.first_gate + g, adder.operands(g).tolist()) for g in range(2)]
        [(5, [2, 3]), (6, [5, 4])]
        >>> adder.fan_out.tolist(), adder.readers(5).tolist()
        ([0, 0, 2, 1, 1, 2, 0, 0], [1, 2])
    """

    circuit: Circuit

    @property
    def first_gate(self) -> int:
        """The signal of gate 0."""
        return N_CONSTANTS + self.circuit.n_inputs

    @cached_property
    def arity(self) -> Ints:
        """Operands in use of each gate, (G,)."""
        return arity(self.circuit.fanin)

    def operands(self, gate: int) -> NDArray[np.uint32]:
        """The signals that a gate reads, in the order of its truth table's bits; 0 to 6 of them."""
        return self.circuit.fanin[gate, : self.arity[gate]]

    @cached_property
    def levels(self) -> Ints:
        """Gates on the longest path to each gate, itself included, (G,).

        Inputs and constants are at level 0, so every gate is at level 1 or more, one that reads
        nothing too. All gates count, wires and inverters included.
        """
        return gate_levels(self.circuit)

    @cached_property
    def depth(self) -> int:
        """The highest level of an output; 0 without gates or outputs.

        `gategrad.circuit.depth` counts only gates of two or more inputs.
        """
        return highest_level(self.circuit, self.levels)

    @cached_property
    def by_level(self) -> tuple[Ints, ...]:
        """The gates of level 1, of level 2, and so on, each in rising order.

        Gates of one level do not read one another.
        """
        if not self.circuit.n_gates:
            return ()
        order = np.argsort(self.levels, kind="stable")
        return tuple(np.split(order, np.flatnonzero(np.diff(self.levels[order])) + 1))

    @cached_property
    def fan_out(self) -> Ints:
        """Pins of gates that read each signal, (n_signals,).

        A gate that reads a signal twice counts twice, outputs of the circuit do not count, and pins
        that a gate leaves unused don't read signal 0.
        """
        return np.bincount(self._pins[0], minlength=self.circuit.n_signals)

    def readers(self, signal: int) -> Ints:
        """The gates that read a signal, in rising order; a gate that reads it twice comes twice."""
        gates, starts = self._readers
        return gates[starts[signal] : starts[signal + 1]]

    def live(self, roots: ArrayLike | None = None) -> NDArray[np.bool_]:
        """Which gates some root depends on, (G,): the cone that has to be built for the roots.

        Args:
            roots: signals, in any order and repeatedly; all outputs of the circuit where None.

        Raises:
            CircuitError: a root is no signal of the circuit.
        """
        wanted = self._roots(roots)
        needed = _core.needed_gates(
            self.circuit.n_inputs, self.circuit.fanin, self.circuit.table, wanted
        )
        return needed.view(bool)

    def live_inputs(self, roots: ArrayLike | None = None) -> Ints:
        """The inputs, counted from 0 and rising, that some root depends on or is; as `live`."""
        wanted = self._roots(roots)
        signals, gates = self._pins
        read = np.unique(np.concatenate([wanted, signals[self.live(wanted)[gates]]]))
        inputs = read[(read >= N_CONSTANTS) & (read < self.first_gate)]
        return inputs.astype(np.int64) - N_CONSTANTS

    def _roots(self, roots: ArrayLike | None) -> NDArray[np.uint32]:
        if roots is None:
            return self.circuit.outputs
        wanted = np.asarray(roots)
        if wanted.size == 0:
            return np.zeros(0, np.uint32)
        if wanted.ndim != 1 or wanted.dtype.kind not in "iu":
            raise CircuitError(
                f"roots must be a list of signals, got {wanted.dtype} of shape {wanted.shape}"
            )
        if wanted.min() < 0 or wanted.max() >= self.circuit.n_signals:
            raise CircuitError(
                f"roots are signals {wanted.min()} to {wanted.max()}, but the last signal is "
                f"{self.circuit.n_signals - 1}"
            )
        return wanted.astype(np.uint32)

    @cached_property
    def _pins(self) -> tuple[Ints, Ints]:
        """The signal and the gate of every operand in use, gate by gate."""
        used = np.arange(self.circuit.width) < self.arity[:, None]
        gates = np.repeat(np.arange(self.circuit.n_gates), self.arity)
        return self.circuit.fanin[used].astype(np.int64), gates

    @cached_property
    def _readers(self) -> tuple[Ints, Ints]:
        """Gates signal by signal, and where those of each signal begin, (n_signals + 1,)."""
        signals, gates = self._pins
        starts = np.concatenate([[0], np.cumsum(self.fan_out)])
        return gates[np.argsort(signals, kind="stable")], starts


def gate_levels(circuit: Circuit, cost: ArrayLike | None = None) -> Ints:
    """Level of each gate, (G,): its cost more than the highest level of what it reads.

    Args:
        circuit: its inputs and constants are at level 0.
        cost: (G,) whole numbers from 0, such as 0 for a wire; 1 for every gate where None.
    """
    costs = None if cost is None else np.ascontiguousarray(cost, np.uint32)
    return _core.gate_levels(circuit.n_inputs, circuit.fanin, costs).astype(np.int64)


def highest_level(circuit: Circuit, levels: Ints) -> int:
    """The highest level of an output: `levels` for gates, 0 for inputs and constants."""
    gates = circuit.outputs.astype(np.int64) - (N_CONSTANTS + circuit.n_inputs)
    return int(levels[gates[gates >= 0]].max(initial=0))


def decompose(circuit: Circuit, width: int = 2) -> Circuit:
    """The same function with gates of at most `width` operands, 2 to 6.

    A gate whose table depends on more is split by Shannon expansion `f = v ? f1 : f0` over the
    operand v that needs the fewest gates (ties: the last operand), down to functions of `width`
    operands. Where a cofactor is constant or f1 = not f0 the step takes one gate (and, or, xor);
    else one gate of three inputs, or three of two where `width` is 2. Equal or complementary
    cofactors within a gate are built once. Gates of up to `width` operands are kept one to one.

    Raises:
        CircuitError: another width, or more signals than 32 bits number.
    """
    if isinstance(width, bool) or not isinstance(width, int) or not 2 <= width <= MAX_WIDTH:
        raise CircuitError(f"width is {width!r}; expected 2 to {MAX_WIDTH} operands a gate")
    if circuit.width <= width:
        return circuit
    try:
        fanin, table, outputs = _core.decompose(
            circuit.n_inputs, circuit.fanin, circuit.table, circuit.outputs, width
        )
    except ValueError as error:
        raise CircuitError(str(error)) from None
    return Circuit(circuit.n_inputs, fanin, table, outputs)
