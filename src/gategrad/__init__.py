"""Train networks of logic gates by gradient descent and run them as Boolean circuits.

Importing this package does not import torch: `gategrad.nn`, `gategrad.train` and `discretize`
load when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from gategrad.circuit import Circuit, CircuitError, Readout
from gategrad.engine import InputError, pack
from gategrad.model import Model, ModelFileError, ensemble, load, mirrored

if TYPE_CHECKING:
    from gategrad import data, distill, export, files, nn, train, trees
    from gategrad.harden import discretize
    from gategrad.pruning import prune
    from gategrad.trees import from_trees

    __version__: str

_LAZY_MODULES = (
    "data", "distill", "files", "nn", "train", "trees", "passes", "encoding", "engine", "export",
    "harden",
)  # fmt: skip
_LAZY_FUNCTIONS = {"discretize": "harden", "from_trees": "trees", "prune": "pruning"}


def __getattr__(name: str) -> object:
    if name in _LAZY_MODULES:
        return import_module(f"gategrad.{name}")
    if name in _LAZY_FUNCTIONS:
        return getattr(import_module(f"gategrad.{_LAZY_FUNCTIONS[name]}"), name)
    if name == "__version__":
        return _version()
    raise AttributeError(f"module 'gategrad' has no attribute {name!r}")


def _version() -> str:
    """Read when somebody asks: the modules that find it take as long as all others together."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("gategrad")
    except PackageNotFoundError:  # a source tree that was not installed
        return "0+unknown"


def __dir__() -> list[str]:
    """What there is, also what loads when it is first used."""
    return sorted({*globals(), *__all__, *_LAZY_MODULES})


__all__ = [
    "Circuit",
    "CircuitError",
    "InputError",
    "Model",
    "ModelFileError",
    "Readout",
    "__version__",
    "data",
    "discretize",
    "distill",
    "ensemble",
    "export",
    "files",
    "from_trees",
    "load",
    "mirrored",
    "nn",
    "pack",
    "prune",
    "train",
    "trees",
]
