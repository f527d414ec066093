"""Circuits that are no stack of layers, as a trainable module."""

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from gategrad.circuit import N_CONSTANTS
from gategrad.nn.checks import as_rows, layer_input
from gategrad.nn.dense import LogicDense
from gategrad.nn.parametrization import PARAMETRIZATIONS


class LogicGraph(nn.Module):
    """Two-input gates that read any earlier signal, evaluated level by level.

    Signals are numbered as in a circuit: 0 is false, 1 is true, then the inputs, then the gates.
    Each level computes its gates at once from the signals that are still needed. `.train()`,
    `.eval()` and the options are those of `LogicDense`.

    Args:
        n_inputs: number of input signals.
        fanin: (G, 2) integers; operands are signals below the gate's own.
        tables: (G,) integers 0 to 15, the truth tables that the weights start from.
        outputs: (O,) integers, the signals returned.
        parametrization: "raw" or "light".
        estimator: "soft" or "straight-through".
        strength: how sure each relaxed gate is of its table at the start, in (0.5, 1).
    """

    def __init__(
        self,
        n_inputs: int,
        fanin: ArrayLike,
        tables: ArrayLike,
        outputs: ArrayLike,
        *,
        parametrization: str = "raw",
        estimator: str = "soft",
        strength: float = 0.95,
    ) -> None:
        super().__init__()
        self.n_inputs = n_inputs
        fanin, tables, outputs = (np.asarray(a).astype(np.int64) for a in (fanin, tables, outputs))
        self.levels = nn.ModuleList()
        signals = np.arange(N_CONSTANTS + n_inputs)
        for gates, kept in _schedule(n_inputs, fanin, outputs):
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
            signals = np.concatenate([kept, N_CONSTANTS + n_inputs + gates])
        self.register_buffer("outputs", torch.tensor(_positions(signals, outputs)))

    def forward(self, x: Tensor) -> Tensor:
        """Outputs (..., O) of inputs (..., n_inputs), any leading dimensions."""
        inputs = as_rows(layer_input("LogicGraph", x, self.n_inputs, self._dtype(x)))
        constants = inputs.new_tensor([[0.0], [1.0]]).expand(N_CONSTANTS, inputs.shape[1])
        state = torch.cat([constants, inputs])
        for level in self.levels:
            state = level(state)
        rows = state.index_select(0, self.outputs)
        return rows.t().reshape(*x.shape[:-1], len(self.outputs))

    def gates(self) -> tuple[Tensor, Tensor, Tensor]:
        """The circuit that this hardens to, its gates sorted by level.

        Returns:
            fanin (G, 2), tables (G,) and outputs (O,), int64, in circuit numbering.
        """
        signals = torch.arange(N_CONSTANTS + self.n_inputs, device=self.outputs.device)
        n_signals, fanins, tables = len(signals), [signals.new_empty(0, 2)], [signals[:0]]
        for level in self.levels:
            fanins.append(signals[level.gates.indices].t())
            tables.append(level.gates.tables())
            own = torch.arange(n_signals, n_signals + level.gates.out_dim, device=signals.device)
            signals, n_signals = torch.cat([signals[level.kept], own]), n_signals + len(own)
        return torch.cat(fanins), torch.cat(tables), signals[self.outputs]

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

    def forward(self, state: Tensor) -> Tensor:
        return torch.cat([state.index_select(0, self.kept), self.gates.forward_rows(state)])


def gates_from_tables(
    in_dim: int,
    indices: NDArray[np.int64],
    tables: NDArray[np.int64],
    *,
    parametrization: str,
    estimator: str,
    strength: float,
) -> LogicDense:
    """A `LogicDense` with the given wires (2, out_dim) and truth tables (out_dim,)."""
    layer = LogicDense(
        in_dim,
        len(tables),
        parametrization=parametrization,
        connections=indices,
        init="residual",
        estimator=estimator,
        seed=0,
    )
    weights = PARAMETRIZATIONS[parametrization].weights_from_tables
    with torch.no_grad():
        layer.weight.copy_(weights(torch.tensor(tables), strength))
    return layer


def gate_levels(n_inputs: int, fanin: NDArray[np.int64]) -> NDArray[np.int64]:
    """Level (G,) of each gate: 1 + the highest level of its operands, inputs being level 0."""
    n_fixed = N_CONSTANTS + n_inputs
    levels = np.zeros(n_fixed + len(fanin), np.int64)
    while len(fanin):
        raised = 1 + levels[fanin].max(axis=1)
        if np.array_equal(raised, levels[n_fixed:]):
            break
        levels[n_fixed:] = raised
    return levels[n_fixed:]


def _schedule(
    n_inputs: int, fanin: NDArray[np.int64], outputs: NDArray[np.int64]
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """For each level its gates, and which earlier signals are read after it."""
    n_fixed = N_CONSTANTS + n_inputs
    levels = gate_levels(n_inputs, fanin)
    depth = int(levels.max(initial=0))
    made = np.concatenate([np.zeros(n_fixed, np.int64), levels])
    last_read = np.zeros(len(made), np.int64)
    np.maximum.at(last_read, fanin.ravel(), levels.repeat(2))
    last_read[outputs] = depth + 1
    return [
        (np.flatnonzero(levels == level), np.flatnonzero((made < level) & (last_read > level)))
        for level in range(1, depth + 1)
    ]


def _positions(signals: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each wanted signal is in `signals`, which holds all of them once."""
    order = np.argsort(signals)
    return order[np.searchsorted(signals, wanted, sorter=order)]
