"""A circuit on its way: what it computes on rows, and what changes make of it."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import Circuit, Readout, decide, decompose, scores
from gategrad.circuit.figures import figure
from gategrad.engine import lower
from gategrad.model import Model
from gategrad.passes import optimize
from gategrad.pruning.changes import Changes, Costs, costs
from gategrad.pruning.effects import effects
from gategrad.pruning.losses import derivatives, loss
from gategrad.pruning.rows import Rows

Sums = NDArray[np.int32]

# Steps towards the bias, each at most so many units of a sum.
_STEPS, _LONGEST_STEP = 6, 3.0


@dataclass(frozen=True, eq=False)
class State:
    """An optimized circuit of gates of two operands, and its readout."""

    circuit: Circuit
    readout: Readout

    @classmethod
    def of(cls, model: Model) -> "State":
        """The model's function in gates of two operands."""
        return cls(*optimize(decompose(model.circuit, 2), model.readout))

    @property
    def n_gates(self) -> int:
        """All are live."""
        return self.circuit.n_gates

    def sums(self, rows: Rows) -> Sums:
        """(n, C)."""
        return lower(self.circuit, self.readout).sums(rows.packed)

    def measure(self, rows: Rows) -> tuple[float, float]:
        """The figure that people choose by, such as accuracy, and the loss."""
        sums = self.sums(rows)
        kind = self.readout.kind
        said = scores(self.readout, sums) if kind == "regression" else decide(self.readout, sums)
        return figure(kind, said, rows.targets), loss(self.readout, sums, rows.targets)

    def costs(self, rows: Rows) -> Costs:
        """What every change of a gate is estimated to cost and save."""
        sums = self.sums(rows)
        found = effects(self.circuit, self.readout, rows.bits, sums, rows.targets)
        return costs(self.circuit, found)

    def after(self, changes: Changes, rows: Rows) -> "State":
        """The circuit with changes made, folded, and its sums shifted back on these rows."""
        state = State(*optimize(changes.apply(self.circuit), self.readout))
        sums = self.sums(rows), state.sums(rows)
        return replace(state, readout=_shifted(state.readout, *sums, rows.targets))


def _shifted(readout: Readout, before: Sums, now: Sums, targets: NDArray) -> Readout:
    """The readout with an integer bias, by which the loss's mean slope is again what it was.

    Gates that become constants shift the sums of their class for all rows alike, and a bias costs
    no gate. By Newton's method on each class.
    """
    wanted = derivatives(readout, before.T, targets)[0].mean(1)
    shift = np.zeros(readout.n_classes)
    for _ in range(_STEPS):
        slope, curve = derivatives(readout, (now + shift).T, targets)
        step = (slope.mean(1) - wanted) / np.maximum(curve.mean(1), 1e-9)
        shift -= np.clip(step, -_LONGEST_STEP, _LONGEST_STEP)
    if readout.kind == "argmax":  # where only differences count
        shift -= shift.mean()
    return replace(readout, bias=readout.bias + np.rint(shift).astype(np.int32))
