"""Circuits that are no stack of layers, as a trainable module."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gategrad.circuit import N_CONSTANTS, Circuit, CircuitError, Netlist, reachable_entries
from gategrad.nn.checks import as_rows, layer_values
from gategrad.nn.kept import keep, mend
from gategrad.nn.layers.dense import LogicDense


class LogicGraph(nn.Module):
    """The gates of a circuit, which read any earlier signal, level by level.

    Each level computes its gates at once from the signals that are still needed. The wiring is
    kept in buffers; the tables are the weights to start from. `.train()` and `.eval()` are those of
    `LogicDense`.

    Args:
        circuit: gates of at most `inputs` inputs, see `gategrad.circuit.decompose`.
        inputs: of the module's gates, 2 to 6; those that a gate of the circuit lacks read false.
        parametrization: by name, as for `LogicDense`.
        estimator: as for `LogicDense`.
        strength: how sure each relaxed gate is of its table at the start, in (0.5, 1).

    Raises:
        CircuitError: a gate has more inputs.
    """

    def __init__(
        self,
        circuit: Circuit,
        *,
        inputs: int = 2,
        parametrization: str = "raw",
        estimator: str = "soft",
        strength: float = 0.95,
    ) -> None:
        super().__init__()
        self.n_inputs = circuit.n_inputs
        self.inputs = inputs
        fanin, tables = gates_of_width(circuit, inputs)
        first_gate = N_CONSTANTS + self.n_inputs
        self.levels = nn.ModuleList()
        signals = np.arange(first_gate)
        for gates, kept in _schedule(circuit, fanin):
            pins = _positions(signals, fanin[gates].T)
            layer = gates_from_tables(
                len(signals),
                pins,
                tables[gates],
                parametrization=parametrization,
                estimator=estimator,
                strength=strength,
            )
            self.levels.append(_Level(layer, _positions(signals, kept)))
            signals = np.concatenate([kept, first_gate + gates])
        self.register_buffer("outputs", torch.tensor(_positions(signals, circuit.outputs)))
        keep(self, "outputs", fewest=1)

    def forward(self, x: Tensor) -> Tensor:
        """Outputs (..., O) of inputs (..., n_inputs), any leading dimensions."""
        inputs = as_rows(layer_values(self, x, self.n_inputs, self._dtype(x)))
        constants = inputs.new_tensor([[0.0], [1.0]]).expand(N_CONSTANTS, inputs.shape[1])
        state = torch.cat([constants, inputs])
        for level in self.levels:
            state = level(state)
        mend(self)
        rows = state.index_select(0, self.outputs)
        return rows.t().reshape(*x.shape[:-1], len(self.outputs))

    def circuit(self) -> Circuit:
        """The circuit that this hardens to, its gates sorted by level."""
        signals = np.arange(N_CONSTANTS + self.n_inputs)
        n_signals, fanins = len(signals), [np.zeros((0, self.inputs), np.int64)]
        tables = [np.zeros(0, np.uint64)]
        for level in self.levels:
            mend(level)
            fanins.append(signals[level.gates.wires().cpu().numpy()].T)
            tables.append(level.gates.tables().cpu().numpy().astype(np.uint64))
            own = np.arange(n_signals, n_signals + level.gates.out_dim)
            signals = np.concatenate([signals[level.kept.cpu().numpy()], own])
            n_signals += len(own)
        fanin = np.concatenate(fanins)
        mend(self)
        outputs = signals[self.outputs.cpu().numpy()]
        tables = reachable_entries(fanin, np.concatenate(tables))
        return Circuit(self.n_inputs, fanin, tables, outputs)

    def width_of_last_level(self) -> int:
        """Signals that the outputs choose from."""
        if not len(self.levels):
            return N_CONSTANTS + self.n_inputs
        return len(self.levels[-1].kept) + self.levels[-1].gates.out_dim

    def _dtype(self, x: Tensor) -> torch.dtype:
        if len(self.levels):
            return self.levels[0].gates.weight.dtype
        return torch.promote_types(x.dtype, torch.float32)


class _Level(nn.Module):
    """State (signals, batch) to the state that later levels read: kept rows, then new gates."""

    def __init__(self, gates: LogicDense, kept: NDArray[np.int64]) -> None:
        super().__init__()
        self.gates = gates
        self.register_buffer("kept", torch.tensor(kept))
        keep(self, "kept", fewest=1)

    def forward(self, state: Tensor) -> Tensor:
        mend(self)
        return torch.cat([state.index_select(0, self.kept), self.gates.forward_rows(state)])


def gates_of_width(circuit: Circuit, inputs: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Operands (G, inputs) and truth tables (G,) int64 of a circuit of at most that width."""
    if circuit.width > inputs:
        raise CircuitError(
            f"expected gates of at most {inputs} inputs, got a circuit of width {circuit.width}; "
            f"apply gategrad.circuit.decompose first, or take inputs={circuit.width}"
        )
    fanin = np.zeros((circuit.n_gates, inputs), np.int64)
    fanin[:, : circuit.width] = circuit.fanin
    return fanin, circuit.table.astype(np.int64)


def gates_from_tables(
    in_dim: int,
    indices: NDArray[np.int64],
    tables: NDArray[np.int64],
    *,
    parametrization: str,
    estimator: str,
    strength: float,
) -> LogicDense:
    """A `LogicDense` with the given wires (inputs, out_dim) and truth tables (out_dim,)."""
    layer = LogicDense(
        in_dim,
        len(tables),
        inputs=len(indices),
        parametrization=parametrization,
        connections=indices,
        init="residual",
        estimator=estimator,
        seed=0,
    )
    layer.bank.set_tables(torch.tensor(tables), strength)
    keep(layer, "indices", fewest=1)
    return layer


def _schedule(
    circuit: Circuit, fanin: NDArray[np.int64]
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """For each level its gates, and which earlier signals are read after it."""
    netlist = Netlist(circuit)
    levels, by_level = netlist.levels, netlist.by_level
    made = np.concatenate([np.zeros(N_CONSTANTS + circuit.n_inputs, np.int64), levels])
    last_read = np.zeros(len(made), np.int64)
    np.maximum.at(last_read, fanin.ravel(), levels.repeat(fanin.shape[1]))
    last_read[circuit.outputs] = len(by_level) + 1
    return [
        (gates, np.flatnonzero((made < level) & (last_read > level)))
        for level, gates in enumerate(by_level, 1)
    ]


def _positions(signals: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each wanted signal is in `signals`, which holds all of them once."""
    order = np.argsort(signals)
    return order[np.searchsorted(signals, wanted, sorter=order)]
