"""The circuit that the modules visited so far make."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import N_CONSTANTS, Circuit, Readout
from gategrad.encoding import Encoder
from gategrad.harden.errors import DiscretizeError
from gategrad.nn.layers.graph import reachable_entries


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
        width = max((part.shape[1] for part in self.fanin), default=0)
        fanin = np.zeros((sum(map(len, self.fanin)), width), np.int64)
        start = 0
        for part in self.fanin:
            fanin[start : start + len(part), : part.shape[1]] = part
            start += len(part)
        tables = [table.astype(np.uint64) for table in self.tables]
        tables = np.concatenate([np.empty(0, np.uint64), *tables])
        return Circuit(self.n_inputs, fanin, reachable_entries(fanin, tables), self.signals)
