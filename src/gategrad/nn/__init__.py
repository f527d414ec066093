"""Torch modules of logic networks: from features to scores, and the way back from a circuit."""

from gategrad.nn.backend import training_backend
from gategrad.nn.dense import LogicDense
from gategrad.nn.distributed import check_same_wiring
from gategrad.nn.expected_gates import expected_gates
from gategrad.nn.graph import LogicGraph
from gategrad.nn.group_sum import GroupSum
from gategrad.nn.groups import parameter_groups
from gategrad.nn.histogram import Histogram, output_histogram
from gategrad.nn.import_circuit import from_circuit
from gategrad.nn.parametrization import Parametrization, TableParametrization
from gategrad.nn.sequential import Sequential, fuse
from gategrad.nn.slots import SlotDense, resample_slots
from gategrad.nn.thermometer import Thermometer
from gategrad.nn.weighted_sum import WeightedSum
from gategrad.nn.wiring import LearnedWiring

__all__ = [
    "GroupSum",
    "Histogram",
    "LearnedWiring",
    "LogicDense",
    "LogicGraph",
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
    "output_histogram",
    "parameter_groups",
    "resample_slots",
    "training_backend",
]
