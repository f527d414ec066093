"""From torch to a model: `discretize`, the only bridge.

discretize.py   the public function
walk.py         which emitter a module has
plain.py        whether it still computes what its class does
emitters.py     one function a module type: how it continues a draft
draft.py        the circuit so far
"""

from gategrad.harden.discretize import discretize
from gategrad.harden.errors import DiscretizeError

__all__ = ["DiscretizeError", "discretize"]
