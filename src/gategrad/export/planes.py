"""Models behind filters over images, as exports see them: rows are the planes of the filters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad.circuit import Circuit, Readout
from gategrad.encoding import Encoder, Filters
from gategrad.export.meaning import plain
from gategrad.export.source import Source
from gategrad.export.template import fill


@dataclass(frozen=True)
class OnPlanes:
    """A model whose rows are planes, but whose file is that of the whole; see `Source`."""

    whole: Source
    behind: Source
    circuit: Circuit
    readout: Readout
    encoder: Encoder
    labels: Sequence[str] | Sequence[int] | None
    neurons: int | None
    meta: Mapping[str, str] | None

    def sums(self, x: ArrayLike) -> NDArray[np.int32]:
        """Integer sums of planes, (n, classes)."""
        return self.behind.sums(x)

    def to_bytes(self) -> bytes:
        """The content of the whole model's file."""
        return self.whole.to_bytes()


def on_planes(model: Source) -> Source:
    """The model of planes behind filters; a model without filters as it is."""
    if not isinstance(model.encoder, Filters):
        return model
    made: Any = model
    encoder = model.encoder.of_planes()
    parts = (model.circuit, model.readout, encoder, model.labels, model.neurons, model.meta)
    return OnPlanes(model, replace(made, encoder=encoder), *parts)


def planes_of(model: Source, rows: ArrayLike | None) -> Any:
    """What `on_planes(model)` takes where `model` takes these rows; None where there are none."""
    if rows is None or not isinstance(model.encoder, Filters):
        return rows
    return model.encoder.planes(rows)


def filters_header(filters: Filters, name: str) -> str:
    """C99 that makes planes of images: a header of its own."""
    planes, channels, down, right = np.nonzero(filters.weights)
    reach = filters.weights.shape[2] // 2
    counts = np.bincount(planes, minlength=len(filters.filters))
    taps = [
        f"{{{c}, {y - reach}, {x - reach}, {filters.weights[p, c, y, x]}}}"
        for p, c, y, x in zip(planes, channels, down, right, strict=True)
    ]
    channels_, height, width = filters.image_shape
    values = {
        "name": name,
        "NAME": name.upper(),
        "filters": plain(", ".join(filters.filters)).replace("*", "(star)"),
        "channels": str(channels_),
        "height": str(height),
        "width": str(width),
        "n_planes": str(len(filters.filters)),
        "n_taps": str(max(1, len(taps))),
        "taps": _listed(taps or ["{0, 0, 0, 0}"]),
        "first": _listed(map(str, [0, *np.cumsum(counts).tolist()])),
        "shift": _listed(map(str, filters.shift.tolist())),
        "offset": _listed(map(str, filters.offset.tolist())),
    }
    return fill("gategrad.export.c_code", "filters.h.in", values)


def _listed(items: Any) -> str:
    lines, line = [], ""
    for item in items:
        if len(line) + len(item) > 92:
            lines.append(line.rstrip())
            line = ""
        line += f"{item}, "
    return "\n  ".join([*lines, line.rstrip(", ")])
