"""From torch to a model: `discretize`, the only bridge.

discretize.py   the public function
walk.py         a chain module by module; which emitter a module has
trace.py        anything else: its forward pass on wires
moves.py        the tensor of wires, which can only be moved
heads.py        what a network returns
plain.py        whether a module still computes what its class does
emitters.py     one function a module type: how it continues a draft
draft.py        the circuit so far
"""

from gategrad.harden.discretize import discretize
from gategrad.harden.errors import DiscretizeError

__all__ = ["DiscretizeError", "discretize"]
