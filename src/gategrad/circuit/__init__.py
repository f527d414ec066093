"""The circuit and its readout: representation, definition, text, measures, comparison."""

from gategrad.circuit.compare import (
    all_patterns,
    difference,
    exhaustive_difference,
    random_difference,
)
from gategrad.circuit.compose import behind, beside
from gategrad.circuit.convolution import Convolution
from gategrad.circuit.errors import CircuitError
from gategrad.circuit.evaluate import evaluate, evaluate_sums
from gategrad.circuit.functions import BY_ID, FUNCTIONS, Function, table_of_id
from gategrad.circuit.ir import MAX_WIDTH, N_CONSTANTS, Circuit, arity, reachable_entries
from gategrad.circuit.kernels import Kernels, Pool
from gategrad.circuit.measure import (
    adders,
    depth,
    function_histogram,
    live_gates,
    support_size,
)
from gategrad.circuit.netlist import Netlist, decompose, gate_levels, highest_level
from gategrad.circuit.readout import KINDS, Readout, check_pair, decide, scores
from gategrad.circuit.text import from_text, readout_from_text, readout_to_text, to_text

__all__ = [
    "BY_ID",
    "FUNCTIONS",
    "KINDS",
    "MAX_WIDTH",
    "N_CONSTANTS",
    "Circuit",
    "CircuitError",
    "Convolution",
    "Function",
    "Kernels",
    "Netlist",
    "Pool",
    "Readout",
    "adders",
    "all_patterns",
    "arity",
    "behind",
    "beside",
    "check_pair",
    "decide",
    "decompose",
    "depth",
    "difference",
    "evaluate",
    "evaluate_sums",
    "exhaustive_difference",
    "from_text",
    "function_histogram",
    "gate_levels",
    "highest_level",
    "live_gates",
    "random_difference",
    "reachable_entries",
    "readout_from_text",
    "readout_to_text",
    "scores",
    "support_size",
    "table_of_id",
    "to_text",
]
