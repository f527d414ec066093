"""The picture of a model: what its gates are, what they read, and how good it is."""

from collections.abc import Sequence
from math import isqrt, prod
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import Circuit, Readout, function_histogram
from gategrad.circuit.metrics import confusion
from gategrad.encoding import Encoder, Filters
from gategrad.encoding.names import feature_names_or_default
from gategrad.encoding.origins import columns_of_bits
from gategrad.plots.panels import (
    draw_columns,
    draw_confusion,
    draw_functions,
    draw_numbers,
    draw_shares,
    draw_wiring,
    read_inputs,
)
from gategrad.plots.picture import Picture, PlotError, finished, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INCHES = (5.0, 4.0)
# Of rows that aren't said to be images: fewer values are as likely columns of a table.
_FEWEST_PIXELS = 64


class Drawn(Protocol):
    """The parts of a `gategrad.Model` that are drawn."""

    @property
    def circuit(self) -> Circuit:
        """The gates."""

    @property
    def readout(self) -> Readout:
        """The sums, and the decision on them."""

    @property
    def encoder(self) -> Encoder | None:
        """From rows of features to the circuit's inputs."""

    @property
    def labels(self) -> Sequence[str] | Sequence[int] | None:
        """Names of the classes."""


def plot_model(
    model: Drawn,
    decided: NDArray | None = None,
    targets: NDArray | None = None,
    *,
    image_shape: Sequence[int] | None = None,
) -> Picture:
    """Draw a model, and with decisions on rows how good these are.

    Args:
        model: a `gategrad.Model`; functions and wiring are those of its circuit as it is.
        decided: places of classes (n,), 0 and 1 (n, labels) or numbers (n, outputs), as the model
            decides without names; None draws the circuit alone.
        targets: the true ones in the same form; classes of -1, which the model doesn't know, are
            left out.
        image_shape: (height, width) or (channels, height, width) of rows that are images, () where
            they are none. None: rows of at least 64 values without names are images where they fill
            a square.

    Raises:
        PlotError: a shape that rows don't have, one of `decided` and `targets` alone or both of
            different lengths or without rows; no matplotlib.
    """
    if (decided is None) != (targets is None) or (
        decided is not None and targets is not None and np.shape(decided) != np.shape(targets)
    ):
        raise PlotError("decisions and targets go together: give both, of one shape, or neither")
    if decided is not None and len(decided) == 0:
        raise PlotError("there are no rows to draw; give some, or none at all")
    n = model.circuit.n_inputs if model.encoder is None else model.encoder.n_features
    shape = _shape(model, n, image_shape)
    of_rows = [] if decided is None or targets is None else _judged(model, decided, targets)
    panels = 2 + len(of_rows)
    with style() as figure_type:
        rows = -(-panels // 2)
        figure = figure_type((2 * _INCHES[0], rows * _INCHES[1]), layout="constrained")
        places = figure.subplots(rows, 2, squeeze=False).ravel()
        draw_functions(places[0], function_histogram(model.circuit))
        _draw_reads(places[1], model, n, shape)
        for axes, draw in zip(places[2:], of_rows, strict=False):
            draw(axes)
        for axes in places[panels:]:
            axes.set_visible(False)
        return finished(figure)


def _draw_reads(axes: "Axes", model: Drawn, n: int, shape: Sequence[int]) -> None:
    encoder, circuit = model.encoder, model.circuit
    columns = np.arange(circuit.n_inputs) if encoder is None else columns_of_bits(encoder)
    if shape:
        draw_wiring(axes, circuit, columns, shape)
        return
    names = feature_names_or_default(getattr(encoder, "names", None), n)
    draw_columns(axes, names, np.bincount(columns[read_inputs(circuit)], minlength=n))


class _Panel(Protocol):
    def __call__(self, axes: "Axes") -> None: ...


def _judged(model: Drawn, decided: NDArray, targets: NDArray) -> list[_Panel]:
    """What is to be drawn of decisions, panel by panel."""
    kind, names = model.readout.kind, _names(model)
    if kind == "regression":
        pairs = [(str(name), decided[:, i], targets[:, i]) for i, name in enumerate(names)]
        return [lambda axes, pair=pair: draw_numbers(axes, *pair) for pair in pairs]
    if kind == "multilabel":
        right = decided == targets
        whole = float(right.mean()) if right.size else float("nan")
        title = "Accuracy by label"
        return [lambda axes: draw_shares(axes, names, right.mean(axis=0), title, whole)]
    table = confusion(decided, targets, len(names))
    rows = table.sum(axis=1)
    shares = np.where(rows > 0, table.diagonal() / np.maximum(rows, 1), np.nan)
    whole = float(table.diagonal().sum() / max(1, rows.sum()))
    return [
        lambda axes: draw_confusion(axes, table, names),
        lambda axes: draw_shares(axes, names, shares, "Accuracy by class", whole),
    ]


def _names(model: Drawn) -> list[str]:
    if model.labels is not None:
        return [str(label) for label in model.labels]
    n = 2 if model.readout.kind == "binary" else model.readout.n_classes
    return [str(c) for c in range(n)]


def _shape(model: Drawn, n: int, given: Sequence[int] | None) -> tuple[int, ...]:
    """(channels, height, width), or () where rows are no images."""
    if isinstance(model.encoder, Filters) and given is None:
        return model.encoder.image_shape
    if isinstance(model.encoder, Filters) and given is not None and not len(given):
        raise PlotError("image_shape is (), but the filters are over images; leave it out")
    if given is None:
        named = getattr(model.encoder, "names", None) is not None
        for channels in (1, 3):
            side = isqrt(n // channels)
            if not named and n >= _FEWEST_PIXELS and channels * side * side == n:
                return channels, side, side
        return ()
    made = tuple(given) if isinstance(given, Sequence) else ()
    made = (1, *made) if len(made) == 2 else made
    whole = all(isinstance(size, (int, np.integer)) and size > 0 for size in made)
    fits = not made or (whole and len(made) == 3 and prod(made) == n)
    if not isinstance(given, Sequence) or not fits:
        raise PlotError(
            f"image_shape is {given}, but a row has {n} values; expected (height, width) or "
            "(channels, height, width), or () for no image"
        )
    return made
