"""The circuit that the modules visited so far make."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import (
    N_CONSTANTS,
    Circuit,
    CircuitError,
    Convolution,
    Readout,
    reachable_entries,
)
from gategrad.circuit.convolution import Stage
from gategrad.encoding import Encoder
from gategrad.harden.errors import DiscretizeError


@dataclass(frozen=True)
class Front:
    """Convolutions and pools that the network begins with, by their kernels.

    Attributes:
        in_shape: (channels, height, width) of the circuit's inputs.
        stages: each reads what the one before it makes.
        signals: (width,) outputs of the last one.
        n_parts: parts of the draft that had gates by then.
    """

    in_shape: tuple[int, int, int]
    stages: tuple[Stage, ...]
    signals: NDArray[np.int64]
    n_parts: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of the last maps."""
        return reduce(lambda shape, stage: stage.out_shape(shape), self.stages, self.in_shape)


@dataclass(frozen=True)
class Draft:
    """Gates so far, and the signals that the next module reads.

    Attributes:
        n_inputs: inputs of the circuit; None until a module says how many it reads.
        fanin: an (n, inputs of a gate) array of signals for each module that had gates.
        tables: an (n,) array of truth tables for each of them, int64 or uint64.
        signals: (width,) outputs of the last module, in circuit numbering.
        readout: of the module that makes scores; nothing that computes may follow it.
        encoder: of the module that makes bits; nothing may come before it.
        image: (channels, height, width) of the signals where the last module gives images; None
            where it gives rows.
    """

    n_inputs: int | None = None
    fanin: tuple[NDArray[np.int64], ...] = ()
    tables: tuple[NDArray[np.int64], ...] = ()
    signals: NDArray[np.int64] | None = None
    readout: Readout | None = None
    encoder: Encoder | None = None
    image: tuple[int, int, int] | None = None
    front: Front | None = None

    @property
    def next_signal(self) -> int:
        """Number of the next gate's signal."""
        return N_CONSTANTS + self.n_inputs + sum(map(len, self.tables))

    def reading(self, width: int, module: str) -> "Draft":
        """The draft as `module`, which reads `width` signals, finds it; the first sets the inputs.

        Raises:
            DiscretizeError: there are not that many, or the scores are already made.
        """
        if self.readout is not None:
            raise DiscretizeError(
                f"{module} comes after the module that makes the scores; expected nothing there: "
                "put the GroupSum last"
            )
        if self.image is not None:
            raise DiscretizeError(
                f"{module} reads rows, but the module before it gives images of shape "
                f"{self.image}; put a torch.nn.Flatten() between them"
            )
        if self.n_inputs is None:
            return replace(self, n_inputs=width, signals=N_CONSTANTS + np.arange(width))
        if len(self.signals) != width:
            raise DiscretizeError(
                f"{module} reads {width} signals, but the module before it gives "
                f"{len(self.signals)}; make the two equal"
            )
        return self

    def reading_images(self, shape: tuple[int, int, int], module: str) -> "Draft":
        """The draft as `module`, which reads images of `shape`, finds it, its signals flat.

        Raises:
            DiscretizeError: the module before it gives rows, or images of another shape.
        """
        if self.n_inputs is not None and self.readout is None and self.image != shape:
            found = f"{len(self.signals)} signals in a row" if self.image is None else self.image
            raise DiscretizeError(
                f"{module} reads images of shape {shape}, but the module before it gives {found}; "
                f"make the two equal: torch.nn.Unflatten(1, {shape}) makes images of rows"
            )
        return replace(self, image=None).reading(math.prod(shape), module)

    def with_gates(
        self, fanin: NDArray[np.int64], tables: NDArray[np.int64], signals: NDArray[np.int64]
    ) -> "Draft":
        """The draft with more gates (n, inputs) and (n,), and with `signals` as outputs."""
        return replace(
            self, fanin=(*self.fanin, fanin), tables=(*self.tables, tables), signals=signals
        )

    def with_circuit(self, part: Circuit) -> "Draft":
        """The draft with a circuit that reads its signals: constants stay, all else moves."""
        own = self.next_signal + np.arange(part.n_gates)
        signals = np.concatenate([np.arange(N_CONSTANTS), self.signals, own])
        return self.with_gates(signals[part.fanin], part.table, signals[part.outputs])

    def with_stage(
        self, stage: Stage, shape: tuple[int, int, int], read: NDArray[np.int64]
    ) -> "Draft":
        """The draft, whose signals `stage` made of signals `read`, maps of `shape`, remembers it.

        A stage that reads other signals than the inputs in their order, or than those of the last
        stage, or takes these for maps of another shape, is gates like others.
        """
        front = self.front
        if front is None and np.array_equal(read, N_CONSTANTS + np.arange(self.n_inputs)):
            front = Front(shape, (), read, 0)
        if front is None or shape != front.shape or not np.array_equal(read, front.signals):
            return self
        stages = (*front.stages, stage)
        return replace(self, front=Front(front.in_shape, stages, self.signals, len(self.fanin)))

    def with_encoder(self, encoder: Encoder, module: str) -> "Draft":
        """The draft as it begins behind `module`, which makes the bits that all others read.

        Raises:
            DiscretizeError: there are modules before it that read or make bits.
        """
        if self.n_inputs is not None:
            raise DiscretizeError(
                f"{module} comes after modules with gates; expected it to be the first, since it "
                "reads features and not bits"
            )
        return replace(self.reading(encoder.n_inputs, module), encoder=encoder)

    def with_readout(self, readout: Readout) -> "Draft":
        """The draft with scores made of its outputs."""
        return replace(self, readout=readout)

    def circuit(self) -> Circuit:
        """The circuit, its outputs being the last module's.

        Raises:
            DiscretizeError: no module had gates or named a number of inputs.
        """
        if self.n_inputs is None:
            raise DiscretizeError(
                "the network has no layer with gates; expected at least one, such as "
                "nn.LogicDense(in_dim, out_dim)"
            )
        return _circuit(self.n_inputs, self.fanin, self.tables, self.signals)

    def convolution(self, readout: Readout) -> Convolution | None:
        """The circuit by its kernels, with sums of its outputs.

        None where it does not begin with convolutions, where anything behind them reads more than
        the last maps, or where maps are too large.
        """
        front = self.front
        if front is None:
            return None
        moved = np.full(self.next_signal, -1)
        moved[:N_CONSTANTS] = np.arange(N_CONSTANTS)
        moved[front.signals] = N_CONSTANTS + np.arange(len(front.signals))
        n_own = sum(map(len, self.tables[front.n_parts :]))
        moved[len(moved) - n_own :] = N_CONSTANTS + len(front.signals) + np.arange(n_own)
        fanin = [moved[part] for part in self.fanin[front.n_parts :]]
        outputs = moved[self.signals]
        if any((part < 0).any() for part in (*fanin, outputs)):
            return None
        tail = _circuit(len(front.signals), fanin, self.tables[front.n_parts :], outputs)
        try:
            return Convolution(front.in_shape, front.stages, tail, readout)
        except CircuitError:
            return None


def _circuit(
    n_inputs: int,
    parts: Sequence[NDArray[np.int64]],
    tables: Sequence[NDArray],
    outputs: NDArray[np.int64],
) -> Circuit:
    """The circuit of parts with gates of their own widths, one after the other."""
    width = max((part.shape[1] for part in parts), default=0)
    fanin = np.zeros((sum(map(len, parts)), width), np.int64)
    start = 0
    for part in parts:
        fanin[start : start + len(part), : part.shape[1]] = part
        start += len(part)
    table = np.concatenate([np.empty(0, np.uint64), *(part.astype(np.uint64) for part in tables)])
    return Circuit(n_inputs, fanin, reachable_entries(fanin, table), outputs)
