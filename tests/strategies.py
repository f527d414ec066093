"""Hypothesis strategies for circuits and readouts, shared by the tests of every stage."""

import numpy as np
from hypothesis import strategies as st

from gategrad.circuit import KINDS, MAX_WIDTH, N_CONSTANTS, Circuit, Readout


@st.composite
def circuits(
    draw: st.DrawFn,
    *,
    max_inputs: int = 6,
    max_gates: int = 16,
    max_width: int = 3,
    max_outputs: int = 8,
) -> Circuit:
    """Any valid circuit: constants, wires, operands that repeat or are constant, no gates at all.

    Outputs are any signals, inputs and constants included, and may repeat or be none.
    """
    n_inputs = draw(st.integers(0, max_inputs))
    first_gate = N_CONSTANTS + n_inputs
    n_gates = draw(st.integers(0, max_gates))
    fanin, table = np.zeros((n_gates, MAX_WIDTH), np.uint32), np.zeros(n_gates, np.uint64)
    for gate in range(n_gates):
        operands = draw(_operands(first_gate + gate, max_width))
        fanin[gate, : len(operands)] = operands
        table[gate] = draw(st.integers(0, (1 << (1 << len(operands))) - 1))
    signals = st.integers(0, first_gate + n_gates - 1)
    outputs = draw(st.lists(signals, max_size=max_outputs))
    return Circuit(n_inputs, fanin, table, outputs)


@st.composite
def readouts(draw: st.DrawFn, circuit: Circuit, *, max_classes: int = 4) -> Readout:
    """Any kind of readout over the outputs of `circuit`, with weights (0 too) and bias."""
    kind = draw(st.sampled_from(KINDS))
    n_classes = 1 if kind == "binary" else draw(st.integers(1, max_classes))
    entries = st.dictionaries(
        st.integers(0, circuit.n_outputs - 1), _weights(circuit.n_outputs)
    ).map(lambda row: sorted(row.items()))
    rows = [draw(entries) if circuit.n_outputs else [] for _ in range(n_classes)]
    floats = st.lists(st.floats(-100, 100, width=32), min_size=n_classes, max_size=n_classes)
    return Readout(
        kind=kind,
        indptr=np.cumsum([0] + [len(row) for row in rows]),
        index=np.array([index for row in rows for index, _ in row], np.int64),
        weight=np.array([weight for row in rows for _, weight in row], np.int64),
        bias=np.array([draw(_weights(1)) for _ in rows]),
        scale=np.array(draw(floats)),
        offset=np.array(draw(floats)),
    )


@st.composite
def pairs(
    draw: st.DrawFn,
    *,
    max_inputs: int = 6,
    max_gates: int = 16,
    max_width: int = 3,
    max_outputs: int = 8,
    max_classes: int = 4,
) -> tuple[Circuit, Readout]:
    """A circuit and a readout over its outputs."""
    circuit = draw(
        circuits(
            max_inputs=max_inputs,
            max_gates=max_gates,
            max_width=max_width,
            max_outputs=max_outputs,
        )
    )
    return circuit, draw(readouts(circuit, max_classes=max_classes))


def _operands(n_signals: int, max_width: int) -> st.SearchStrategy[list[int]]:
    """Up to `max_width` signals; a last operand that is signal 0 would be none."""
    any_operands = st.lists(st.integers(0, n_signals - 1), max_size=max_width)
    return any_operands.filter(lambda operands: not operands or operands[-1] != 0)


def _weights(n_outputs: int) -> st.SearchStrategy[int]:
    """Mostly small weights, and large ones whose sum over all outputs and a bias fits int32."""
    large = 2**29 // max(n_outputs, 1)
    return st.one_of(st.integers(-3, 3), st.integers(-large, large))
