"""difflogic 0.1.0's interface, on gategrad's kernels: change the import line of a script to this.

    from gategrad.difflogic import LogicLayer, GroupSum, PackBitsTensor, CompiledLogicNet

Names, arguments and semantics are difflogic's (Petersen et al. 2022, arXiv 2210.08277). What
differs, and why, is in docs/from-difflogic.md; `load_torchlogix` reads torchlogix's checkpoints.
Weights and wires are drawn from torch's global generator, as scripts that begin with
`torch.manual_seed` expect; all else in gategrad takes seeds.
"""

from gategrad.difflogic.checkpoint import load_module
from gategrad.difflogic.compiled import CompiledLogicNet
from gategrad.difflogic.containers import fuse_containers
from gategrad.difflogic.functional import (
    ALL_OPERATIONS,
    GradFactor,
    bin_op,
    bin_op_s,
    get_unique_connections,
)
from gategrad.difflogic.layers import GroupSum, LogicLayer
from gategrad.difflogic.packed import PackBitsTensor
from gategrad.difflogic.torchlogix import load_torchlogix

__all__ = [
    "ALL_OPERATIONS",
    "CompiledLogicNet",
    "GradFactor",
    "GroupSum",
    "LogicLayer",
    "PackBitsTensor",
    "bin_op",
    "bin_op_s",
    "get_unique_connections",
    "load_module",
    "load_torchlogix",
]

fuse_containers()
