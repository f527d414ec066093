"""The library's own kinds of layers, each registered here and nowhere else."""

import numpy as np

from gategrad.circuit import N_CONSTANTS, Circuit
from gategrad.nn.executors.gpu import TRITON_CONV
from gategrad.nn.executors.native import CONV, MAPS, SLOTS
from gategrad.nn.layers.conv.circuit import conv_circuit
from gategrad.nn.layers.conv.layer import LogicConv2d
from gategrad.nn.layers.dense import EXECUTORS, LogicDense
from gategrad.nn.layers.graph import LogicGraph
from gategrad.nn.layers.slots import SlotDense
from gategrad.nn.measures.expected_conv import through_conv
from gategrad.nn.measures.expected_gates import through_dense, through_graph, through_slots
from gategrad.nn.registry import LayerKind, register


def one_gate_an_output(layer: LogicDense | SlotDense) -> Circuit:
    """The circuit of a layer with `wires()` and `tables()`."""
    fanin = layer.wires().cpu().numpy().T + N_CONSTANTS
    tables = layer.tables().cpu().numpy().astype(np.uint64)
    outputs = N_CONSTANTS + layer.in_dim + np.arange(layer.out_dim)
    return Circuit(layer.in_dim, fanin, tables, outputs)


def register_own_kinds() -> None:
    """Register them; `import gategrad.nn` does it."""
    register(
        LogicDense,
        LayerKind(
            circuit=one_gate_an_output,
            n_gates=lambda layer: layer.out_dim,
            expected=through_dense,
            executors=EXECUTORS,
        ),
    )
    register(
        LogicConv2d,
        LayerKind(
            circuit=conv_circuit,
            n_gates=lambda layer: layer.describe().nodes * layer.describe().n_out,
            expected=through_conv,
            executors=(MAPS, CONV, TRITON_CONV),
        ),
    )
    register(
        SlotDense,
        LayerKind(
            circuit=one_gate_an_output,
            n_gates=lambda layer: layer.out_dim,
            expected=through_slots,
            executors=(SLOTS,),
        ),
    )
    register(
        LogicGraph,
        LayerKind(
            circuit=LogicGraph.circuit,
            n_gates=lambda graph: sum(level.gates.out_dim for level in graph.levels),
            expected=through_graph,
            executors=None,
        ),
    )
