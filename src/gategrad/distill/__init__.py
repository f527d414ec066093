"""From a trained network to gates.

Layer by layer, then trained end to end:

    layerwise.py   `layer_by_layer`: all of it; stages.py: how, and what is told
    cuts.py        a teacher cut in parts, and what depends on what in each
    coding.py      numbers at a cut as bits, and back
    blocks.py      a tree of gates for each bit, whose leaves learn what they read
    bit_fit.py     a block learns bits

Exactly, for networks made for it:

    sparse_training.py  `sparse_mlp`: train a small one
    quantized.py   its neurons
    tables.py      truth tables split into gates
    to_circuit.py  `exact`: the circuit that it is

Back from gates:

    retraining.py  `Retraining`: train a circuit that was changed, such as between rounds of pruning
"""

from gategrad.distill.blocks import Gates
from gategrad.distill.errors import DistillError
from gategrad.distill.layerwise import layer_by_layer
from gategrad.distill.quantized import Sizes, SparseQuantized
from gategrad.distill.retraining import Retraining
from gategrad.distill.sparse_training import SparseMlp, sparse_mlp
from gategrad.distill.stages import Distilled, LayerOptions, Stage
from gategrad.distill.to_circuit import Exact, exact

__all__ = [
    "DistillError",
    "Distilled",
    "Exact",
    "Gates",
    "LayerOptions",
    "Retraining",
    "Sizes",
    "SparseMlp",
    "SparseQuantized",
    "Stage",
    "exact",
    "layer_by_layer",
    "sparse_mlp",
]
