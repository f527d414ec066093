"""Changes of gates: what each would cost in loss and save in gates, and making them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import Circuit, Netlist
from gategrad.pruning.effects import Effects

# Tables of two operands a, b that leave no gate: constants, a, b and their inverses.
FALSE, TRUE, WIRES_A, WIRES_B = 0, 15, (0b1010, 0b0101), (0b1100, 0b0011)
_BITS = (np.arange(16)[:, None] >> np.arange(4) & 1).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Costs:
    """Of every gate and every table of its two operands, all (G, 16).

    Attributes:
        slope: estimated change of the loss, to first order.
        curve: likewise to second order, which is never negative.
        saved: gates that go, those that only this one reads included.
    """

    slope: NDArray[np.float64]
    curve: NDArray[np.float64]
    saved: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Changes:
    """New tables of some gates, the best first.

    Attributes:
        gates: (m,), each at most once.
        tables: (m,), over the gate's own two operands.
        saved: (m,), gates estimated to go with each.
    """

    gates: NDArray[np.int64]
    tables: NDArray[np.int64]
    saved: NDArray[np.float64]

    def first(self, n: int) -> "Changes":
        """The best n of them."""
        return Changes(self.gates[:n], self.tables[:n], self.saved[:n])

    def saving(self, n_gates: float) -> "Changes":
        """As many of the best as are estimated to save that many gates, at least one."""
        return self.first(1 + int(np.searchsorted(np.cumsum(self.saved), n_gates)))

    def apply(self, circuit: Circuit) -> Circuit:
        """`circuit` with these tables; nothing is folded or removed yet."""
        table = circuit.table.copy()
        table[self.gates] = self.tables
        return Circuit(circuit.n_inputs, circuit.fanin, table, circuit.outputs)


def costs(circuit: Circuit, effects: Effects) -> Costs:
    """Every change of every gate of an optimized circuit of gates of two operands."""
    now = _BITS[circuit.table.astype(np.int64)]
    wanted = _BITS[None] - now[:, None]
    slope = (wanted * effects.slope[:, None]).sum(2)
    curve = 0.5 * (wanted**2 * effects.curve[:, None]).sum(2)
    return Costs(slope, curve, _saved(circuit))


def removals(costs: Costs) -> Changes:
    """For each gate the change without a gate that costs least for what it saves.

    What a change would gain to first order doesn't count: changes that gain, gain on the same few
    rows that are wrong now, and many at once shift the sums of all the others.
    """
    tables = np.array([FALSE, TRUE, *WIRES_A, *WIRES_B])
    cost = np.maximum(costs.slope, 0) + costs.curve
    price = cost[:, tables] / np.maximum(costs.saved[:, tables], 1)
    best = price.argmin(1)
    return _ordered(tables[best], price[np.arange(len(best)), best], costs)


def repairs(costs: Costs) -> Changes:
    """For each gate the table that lowers the loss most, where one does, whatever it saves."""
    loss = costs.slope + costs.curve
    changes = _ordered(loss.argmin(1), loss.min(1), costs)
    return changes.first(int((loss.min(1) < 0).sum()))


def _ordered(tables: NDArray[np.int64], price: NDArray[np.float64], costs: Costs) -> Changes:
    order = np.argsort(price, kind="stable")
    return Changes(order, tables[order], costs.saved[order, tables[order]])


def _saved(circuit: Circuit) -> NDArray[np.float64]:
    saved = np.zeros((circuit.n_gates, 16))
    if not circuit.n_gates:
        return saved
    alone, first = _alone(circuit), Netlist(circuit).first_gate
    saved[:, [FALSE, TRUE]] = alone[first:, None]
    once = _uses(circuit) == 1
    for pin, wires in enumerate((WIRES_A, WIRES_B)):
        read = circuit.fanin[:, pin]
        # What is read on stays, and so does all that it needs.
        saved[:, list(wires)] = (alone[first:] - np.where(once[read], alone[read], 0))[:, None]
    return saved


def _alone(circuit: Circuit) -> NDArray[np.float64]:
    """Gates that go with each signal, (n_signals,): itself, and operands that it alone reads."""
    netlist, once = Netlist(circuit), _uses(circuit) == 1
    alone = np.zeros(circuit.n_signals)
    for gates in netlist.by_level:
        read = circuit.fanin[gates]
        alone[netlist.first_gate + gates] = 1 + (alone[read] * once[read]).sum(1)
    return alone


def _uses(circuit: Circuit) -> NDArray[np.int64]:
    outputs = np.bincount(circuit.outputs, minlength=circuit.n_signals)
    return Netlist(circuit).fan_out + outputs
