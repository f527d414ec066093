"""What the exporters take: a model, and a name for what they make of it."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

import gategrad
from gategrad.circuit import Circuit, Readout
from gategrad.encoding import Encoder
from gategrad.encoding.intervals import Intervals, number_intervals
from gategrad.export.errors import ExportError

# A word that C, C++ and Verilog reserve would not compile as a prefix, but prefixes get a suffix.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")


class Source(Protocol):
    """The parts of a `gategrad.Model` that an export is made of."""

    @property
    def circuit(self) -> Circuit:
        """The gates."""

    @property
    def readout(self) -> Readout:
        """The sums, and the decision on them."""

    @property
    def encoder(self) -> Encoder | None:
        """From rows of features to the circuit's inputs; None where rows are bits."""

    @property
    def labels(self) -> Sequence[str] | Sequence[int] | None:
        """Names of the classes."""

    @property
    def neurons(self) -> int | None:
        """Gates of the network that the circuit came from."""

    @property
    def meta(self) -> Mapping[str, str] | None:
        """Provenance."""

    def sums(self, x: ArrayLike) -> NDArray[np.int32]:
        """Integer sums of rows, (n, classes)."""

    def to_bytes(self) -> bytes:
        """The content of the model's file."""


def checked_name(name: str) -> str:
    """`name`, if it can begin the names of an export: a letter, then letters, digits and `_`.

    Raises:
        ExportError: it is something else.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ExportError(
            f"name is {name!r}; expected a letter and then letters, digits or '_', 63 at most: "
            "it begins the names of the exported functions"
        )
    return name


def checked_choice(option: str, value: object, known: Sequence[str]) -> str:
    """`value`, if it is one of `known`.

    Raises:
        ExportError: it is not; lists those known.
    """
    if value not in known:
        raise ExportError(f"unknown {option} {value!r}; known: {', '.join(known)}")
    return str(value)


def sha256(model: Source) -> str:
    """The SHA-256 of the model's file, in hexadecimal digits."""
    return hashlib.sha256(model.to_bytes()).hexdigest()


def n_features(model: Source) -> int:
    """Values of a row."""
    return model.circuit.n_inputs if model.encoder is None else model.encoder.n_features


def version() -> str:
    """The version of gategrad, which exported files name."""
    return gategrad.__version__


def intervals_of(encoder: Encoder) -> Intervals:
    """The encoder as intervals of numbers.

    Raises:
        ExportError: it is more than that.
    """
    found = number_intervals(encoder)
    if found is None:
        raise ExportError(
            f"a {type(encoder).__name__} with categories that are text or an error when "
            "unknown can't be exported as comparisons of numbers; export the circuit behind it: "
            "gg.Model(model.circuit, model.readout, None, model.labels)"
        )
    return found
