"""The model: encoder, circuit, readout and labels, which is all that prediction needs."""

import operator
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad import passes
from gategrad.circuit import Circuit, Convolution, Readout, check_pair
from gategrad.circuit.probabilities import probabilities
from gategrad.encoding import Encoder, Table, rows_for
from gategrad.encoding.frames import is_table
from gategrad.engine import (
    ForkLock,
    Packed,
    check_rows,
    thread_count,
)
from gategrad.engine.in_order import in_order
from gategrad.engine.lower import Program, lower
from gategrad.model import file, json_form
from gategrad.model.convolution_part import check_convolution
from gategrad.model.errors import ModelError
from gategrad.model.labels import Labels, check_labels, is_unicode

if TYPE_CHECKING:
    from gategrad.plots import Picture


@dataclass(frozen=True, eq=False, repr=False)
class Model:
    """A circuit with what surrounds it, ready to predict, to save and to export.

    Args:
        circuit: the gates.
        readout: integer sums over the circuit's outputs, and the decision on them.
        encoder: from rows of features to the circuit's inputs; None where rows are bits.
        labels: a name, text or integer, for each class, all different; two for a binary readout.
        neurons: gates of the network that the circuit came from; the circuit's where None.
        meta: provenance, text by text, such as `{"data": "mnist-1bit"}`.
        convolution: circuit and readout once more, by their kernels, for networks that begin with
            convolutions; engines may run it instead. It must give the same sums: nobody can check
            that but by trying.

    Raises:
        ModelError: parts that don't fit together.
        CircuitError: `readout` reads an output that `circuit` lacks.
    """

    circuit: Circuit
    readout: Readout
    encoder: Encoder | None = None
    labels: Labels | None = None
    neurons: int | None = None
    meta: Mapping[str, str] | None = None
    convolution: Convolution | None = None
    _names: NDArray | None = field(init=False)
    _fitted_on: str | None = field(init=False)
    _programs: dict[str | None, Program] = field(init=False)
    _lock: ForkLock = field(init=False)

    def __post_init__(self) -> None:
        _check_type("circuit", self.circuit, Circuit)
        _check_type("readout", self.readout, Readout)
        check_pair(self.circuit, self.readout)
        _check_encoder(self.encoder, self.circuit)
        if self.convolution is not None:
            check_convolution(self.convolution, self.circuit, self.readout)
        neurons = self.circuit.n_gates if self.neurons is None else _count(self.neurons)
        labels = None if self.labels is None else check_labels(self.labels, self.readout)
        fields = {
            "labels": labels,
            "_names": None if labels is None else np.array(labels),
            "_fitted_on": getattr(self.encoder, "fitted_on", None),
            "neurons": neurons,
            "meta": _meta(self.meta),
            "_programs": {},
            "_lock": ForkLock(),
        }
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def predict(
        self, x: ArrayLike | Packed, *, threads: int | None = None, backend: str | None = None
    ) -> NDArray:
        """Decide on each row.

        Args:
            x: (n, features) bool, uint8, float32 or float64 rows, any stride; bits without an
                encoder; or what `gategrad.pack` returned. For "gpu" also a torch tensor, whose
                result is a tensor on its device, or numpy where labels are text. Of a pandas,
                polars or Arrow table the columns that the encoder was fitted on, by name.
            threads: threads to work with; the engine's choice where None.
            backend: "native" (where None), "numpy" or "gpu".

        Returns:
            argmax and binary: (n,) labels, or int64 class indices in a model without labels;
            multilabel: (n, classes) int64 of 0 and 1; regression: (n, classes) float32 scores.

        Raises:
            InputError: rows of a wrong shape, dtype or value; names row and column.
        """
        rows = self._rows(x, backend)
        program = self._program_for(rows, backend)
        decided = program.labels(rows, threads=threads)
        if self._names is None or self.readout.kind not in ("argmax", "binary"):
            return decided
        return program.named(decided, self._names)

    def predict_batches(
        self,
        batches: Iterable[ArrayLike | Packed],
        *,
        threads: int | None = None,
        backend: str | None = None,
    ) -> Iterator[NDArray]:
        """Decide on batch after batch, such as from a file or a queue that never fits memory.

        Each thread works on a batch of its own, while the calling thread draws the next one. So a
        few batches are held at a time, and none may be changed before its labels are here.

        Args:
            batches: each as `predict` takes it; some thousand rows each make good use of threads.
            threads: batches to work on at a time; as many as there are cores where None.
            backend: which engine runs; the best one where None.

        Yields:
            What `predict` returns for each batch, in their order.

        Raises:
            InputError: rows of a wrong shape, dtype or value.
        """
        decide = partial(self.predict, threads=1, backend=backend)
        yield from in_order(decide, batches, threads=thread_count(threads))

    def scores(
        self, x: ArrayLike | Packed, *, threads: int | None = None, backend: str | None = None
    ) -> NDArray[np.float32]:
        """Sums times the readout's scale plus its offset, (n, classes) float32; see `predict`."""
        rows = self._rows(x, backend)
        return self._program_for(rows, backend).scores(rows, threads=threads)

    def probabilities(
        self, x: ArrayLike | Packed, *, threads: int | None = None, backend: str | None = None
    ) -> NDArray[np.float64]:
        """What the scores say as probabilities, (n, classes) float64; see `predict`.

        argmax: the softmax of the scores; binary, of class 1, and multilabel, of each label: the
        logistic function of the score, above one half where `predict` says 1. Where `meta` has a
        "link", that of a forest of another library: "logistic" for each class, or "share", scores
        being shares of the trees, of a binary decision less one half.

        Raises:
            ModelError: a regression, whose scores are no logits.
        """
        kind = self.readout.kind
        if kind == "regression":
            raise ModelError("a regression has no probabilities; its predictions are its scores")
        found = self.scores(x, threads=threads, backend=backend)
        return probabilities(kind, found, (self.meta or {}).get("link"))

    def sums(
        self, x: ArrayLike | Packed, *, threads: int | None = None, backend: str | None = None
    ) -> NDArray[np.int32]:
        """Integer sums, (n, classes) int32, the exact thing to compare; see `predict`."""
        rows = self._rows(x, backend)
        return self._program_for(rows, backend).sums(rows, threads=threads)

    def _rows(self, x: ArrayLike | Packed, backend: str | None) -> ArrayLike | Packed:
        """Rows without names, their columns in the encoder's order; most already are.

        A native program of a table reads columns by itself.
        """
        if type(x) is np.ndarray and self._fitted_on is None:
            return x
        if backend in (None, "native") and isinstance(self.encoder, Table) and is_table(x):
            return x
        return rows_for(self.encoder, x)

    def optimize(self) -> "Model":
        """The same function with a smaller circuit; `neurons` stays.

        Of a `convolution` what follows the kernels gets smaller likewise.
        """
        circuit, readout = passes.optimize(self.circuit, self.readout)
        by_kernels = self.convolution
        if by_kernels is not None:
            tail = passes.optimize(by_kernels.tail, by_kernels.readout)
            by_kernels = Convolution(by_kernels.in_shape, by_kernels.stages, *tail)
        parts = (self.encoder, self.labels, self.neurons, self.meta, by_kernels)
        return Model(circuit, readout, *parts)

    def plot(
        self,
        x: ArrayLike | None = None,
        y: ArrayLike | None = None,
        *,
        image_shape: Sequence[int] | None = None,
    ) -> "Picture":
        """Draw the functions of the gates, what they read, and with rows how good the model is.

        Args:
            x: (n, features) rows, as `predict` takes them, for a confusion matrix and accuracies by
                class or label, or for predictions of numbers beside the true ones.
            y: their labels as `predict` gives them.
            image_shape: (height, width) or (channels, height, width) of rows that are images, () of
                those that are none; None: rows of at least 64 values without names are images where
                they fill a square.

        Returns:
            A picture, which a notebook shows and `save` writes.

        Raises:
            ModelError: x or y alone, or labels that the model doesn't have.
            PlotError: a shape that rows don't have, or no matplotlib.
        """
        from gategrad.model.shown import picture

        return picture(self, x, y, image_shape)

    def program(self, backend: str | None = None) -> Program:
        """What `gategrad.engine.lower` makes of this model, made once a backend and then kept."""
        made = self._programs.get(backend)
        if made is not None:
            return made
        with self._lock:
            if backend not in self._programs:
                self._programs[backend] = lower(
                    self.circuit,
                    self.readout,
                    self.encoder,
                    self.convolution,
                    backend=backend,
                )
            return self._programs[backend]

    def warm_up(self, backend: str | None = None) -> "Model":
        """Make now what first predictions would make: the program, room to work in, threads.

        A server calls this before it serves, and in each process of its own that it forks.

        Returns:
            The model itself.
        """
        self.program(backend).warm_up()
        return self

    def _program_for(self, x: object, backend: str | None) -> Program:
        """The program, which is not made for rows that it could never take.

        A file may claim billions of inputs in a few bytes; rows of that width can't be claimed.
        """
        made = self._programs.get(backend)
        if made is not None:
            return made
        if self.encoder is None and isinstance(x, np.ndarray):
            check_rows(x[:0], n_features=self.circuit.n_inputs, bits=True)
        return self.program(backend)

    def save(self, path: str | os.PathLike) -> None:
        """Write the model to `path`, whole or not at all; the same model gives the same bytes.

        Raises:
            ModelFileError: the file can't be written there; says why.
        """
        file.write(path, file.Parts(*self._arguments()))

    def to_bytes(self) -> bytes:
        """The content of the file that `save` writes, for `from_bytes`."""
        return file.to_bytes(file.Parts(*self._arguments()))

    @staticmethod
    def from_bytes(content: bytes) -> "Model":
        """The model whose `to_bytes`, or whose file, `content` is.

        Raises:
            TypeError: no bytes, such as the path of a file, for which there is `gategrad.load`.
            ModelFileError: anything else, cut off or changed; says what to do.
        """
        if not isinstance(content, (bytes, bytearray, memoryview)):
            raise TypeError(
                f"from_bytes takes the content of a file, got {type(content).__name__}; a file at "
                "a path is read by gategrad.load"
            )
        return _built(file.from_bytes(content), "read a model from bytes")

    @staticmethod
    def from_json(text: str | bytes) -> "Model":
        """The model whose JSON form, as `gategrad.export.json` writes it, `text` is.

        Raises:
            TypeError: neither text nor bytes.
            ModelFileError: anything but what `docs/model-json.md` allows; says what and where.
        """
        if not isinstance(text, (str, bytes)):
            raise TypeError(f"from_json takes text or bytes, got {type(text).__name__}")
        return _built(json_form.from_json(text), "read a model from JSON")

    def _arguments(self) -> tuple[Any, ...]:
        parts = (self.circuit, self.readout, self.encoder, self.labels, self.neurons)
        return (*parts, dict(self.meta or {}), self.convolution)

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        """Copies and pickles leave out the lowered programs."""
        return Model, self._arguments()

    def __eq__(self, other: object) -> bool:
        """Same circuit, readout, encoder, labels, neurons, meta and convolution."""
        if not isinstance(other, Model):
            return NotImplemented
        return self._arguments() == other._arguments()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        """Sizes only."""
        encoder = "" if self.encoder is None else f", encoder={type(self.encoder).__name__}"
        return (
            f"Model(inputs={self.circuit.n_inputs}, gates={self.circuit.n_gates}, "
            f"classes={self.readout.n_classes}, kind={self.readout.kind!r}{encoder})"
        )

    def _repr_html_(self) -> str:
        """For notebooks."""
        from gategrad.model.shown import as_html

        return as_html(self)


def load(path: str | os.PathLike) -> Model:
    """The model that `Model.save` wrote to `path`.

    Raises:
        TypeError: no path, such as a file's content, for which there is `Model.from_bytes`.
        ModelFileError: no such file, or a damaged, foreign or newer one; says what to do.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(
            f"load takes the path of a file, got {type(path).__name__}; the content of one, such "
            "as Model.to_bytes gives it, is read by gategrad.Model.from_bytes"
        )
    return _built(file.read(path), f"load {os.fspath(path)!r}")


def _built(parts: file.Parts, attempt: str) -> Model:
    try:
        return Model(*parts)
    except ValueError as error:
        raise file.failure(attempt, error) from error


def _check_type(name: str, part: object, expected: type) -> None:
    if not isinstance(part, expected):
        raise ModelError(
            f"{name} is a {type(part).__name__}; expected a gategrad.{expected.__name__}"
        )


def _check_encoder(encoder: Encoder | None, circuit: Circuit) -> None:
    if encoder is None:
        return
    if not isinstance(encoder, Encoder):
        raise ModelError(
            f"encoder is a {type(encoder).__name__}; expected one of gategrad.encoding, or None"
        )
    if encoder.n_inputs != circuit.n_inputs:
        raise ModelError(
            f"the encoder gives {encoder.n_inputs} bits, but the circuit takes "
            f"{circuit.n_inputs}; use the encoder that the network was trained with"
        )


def _count(neurons: int) -> int:
    try:
        valid = not isinstance(neurons, bool) and operator.index(neurons) >= 0
    except TypeError:
        valid = False
    if not valid:
        raise ModelError(f"neurons is {neurons!r}; expected an integer of at least 0")
    if neurons >= 2**63:
        raise ModelError("neurons does not fit 64 bits; expected the gates of a network")
    return operator.index(neurons)


def _meta(meta: Mapping[str, str] | None) -> Mapping[str, str]:
    if meta is not None and not isinstance(meta, Mapping):
        raise ModelError(f"meta is {meta!r}; expected a dict of text, or None")
    meta = dict(meta or {})
    for key, value in meta.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise ModelError(f"meta has {key!r}: {value!r}; expected text for text: use str(...)")
        if not (is_unicode(key) and is_unicode(value)):
            raise ModelError(f"meta has {key!r}: {value!r}; expected text without half surrogates")
    return MappingProxyType(meta)
