"""Smaller circuits with the same function: each pass is (Circuit, Readout) -> the same."""

from gategrad.passes.dead import remove_dead
from gategrad.passes.fold import fold
from gategrad.passes.optimize import ORDER, Pass, optimize
from gategrad.passes.outputs import absorb_outputs
from gategrad.passes.strash import strash

__all__ = ["ORDER", "Pass", "absorb_outputs", "fold", "optimize", "remove_dead", "strash"]
