"""Modules under the names that pickles of whole networks, and older programs, know them by."""

import sys
from importlib import import_module

_ROOT = "gategrad.nn."
_PARAMETRIZATIONS = (
    "base", "covjac", "dwn", "light", "light_sigmoid", "logits", "multilinear", "raw", "table",
    "walsh",
)  # fmt: skip
MOVED = {
    "connections": "wiring.connections",
    "dense": "layers.dense",
    "graph": "layers.graph",
    "group_sum": "layers.group_sum",
    "inits": "gates.inits",
    "parametrization": "gates.parametrization",
    **{f"parametrization.{name}": f"gates.parametrization.{name}" for name in _PARAMETRIZATIONS},
    "sequential": "layers.sequential",
    "slots": "layers.slots",
    "thermometer": "layers.thermometer",
    "weighted_sum": "layers.weighted_sum",
}


def keep_old_names() -> None:
    """Make each module importable under its old name too: the same object, loaded once."""
    package = sys.modules["gategrad.nn"]
    for old, new in MOVED.items():
        module = sys.modules[_ROOT + old] = import_module(_ROOT + new)
        if "." not in old:
            setattr(package, old, module)
