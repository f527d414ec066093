"""Torch modules of logic networks: from features to scores, and the way back from a circuit."""

from gategrad.nn import zoo
from gategrad.nn.gates.parametrization import Parametrization, TableParametrization
from gategrad.nn.kinds import register_own_kinds
from gategrad.nn.layers.backend import training_backend
from gategrad.nn.layers.conv.layer import LogicConv2d
from gategrad.nn.layers.conv.pool import OrPool2d
from gategrad.nn.layers.dense import LogicDense
from gategrad.nn.layers.graph import LogicGraph
from gategrad.nn.layers.group_sum import GroupSum
from gategrad.nn.layers.import_circuit import from_circuit
from gategrad.nn.layers.parameter_groups import parameter_groups
from gategrad.nn.layers.sequential import Sequential, fuse
from gategrad.nn.layers.slots import SlotDense, resample_slots
from gategrad.nn.layers.thermometer import Thermometer
from gategrad.nn.layers.weighted_sum import WeightedSum
from gategrad.nn.measures.entropy import gate_entropy, wire_entropy
from gategrad.nn.measures.expected_gates import expected_gates
from gategrad.nn.measures.histogram import Histogram, output_histogram
from gategrad.nn.moved import keep_old_names
from gategrad.nn.registry import LayerKind, register
from gategrad.nn.wiring.learned import LearnedWiring
from gategrad.nn.wiring.same_wiring import check_same_wiring

__all__ = [
    "GroupSum",
    "Histogram",
    "LayerKind",
    "LearnedWiring",
    "LogicConv2d",
    "LogicDense",
    "LogicGraph",
    "OrPool2d",
    "Parametrization",
    "Sequential",
    "SlotDense",
    "TableParametrization",
    "Thermometer",
    "WeightedSum",
    "check_same_wiring",
    "expected_gates",
    "from_circuit",
    "fuse",
    "gate_entropy",
    "output_histogram",
    "parameter_groups",
    "register",
    "resample_slots",
    "training_backend",
    "wire_entropy",
    "zoo",
]

keep_old_names()
register_own_kinds()
