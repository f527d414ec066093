"""Train networks of logic gates by gradient descent and run them as Boolean circuits.

Importing this package does not import torch: `gategrad.nn`, `gategrad.train` and `discretize`
load when they are first used.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as _version
from typing import TYPE_CHECKING

from gategrad.circuit import Circuit, CircuitError, Readout
from gategrad.engine import InputError, pack
from gategrad.model import Model, ModelFileError, load

if TYPE_CHECKING:
    from gategrad import data, files, nn, train
    from gategrad.harden import discretize

try:
    __version__ = _version("gategrad")
except PackageNotFoundError:  # a source tree that was not installed
    __version__ = "0+unknown"

_LAZY_MODULES = ("data", "files", "nn", "train", "passes", "encoding", "engine", "harden")


def __getattr__(name: str) -> object:
    if name in _LAZY_MODULES:
        return import_module(f"gategrad.{name}")
    if name == "discretize":
        return import_module("gategrad.harden").discretize
    raise AttributeError(f"module 'gategrad' has no attribute {name!r}")


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
    "files",
    "load",
    "nn",
    "pack",
    "train",
]
