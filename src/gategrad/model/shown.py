"""Models as pictures and in notebooks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad.circuit import decide
from gategrad.circuit.notebook import circuit_facts, facts_html, functions_html
from gategrad.model.errors import ModelError
from gategrad.plots import Picture, plot_model

if TYPE_CHECKING:
    from gategrad.model.model import Model

_MOST_LABELS = 10


def picture(model: "Model", x: Any, y: ArrayLike | None, shape: Sequence[int] | None) -> Picture:
    """What `Model.plot` returns and raises."""
    if (x is None) != (y is None):
        raise ModelError("plot takes rows and their labels together; give x and y, or neither")
    if x is None or y is None:
        return plot_model(model, image_shape=shape)
    decided = decide(model.readout, model.sums(x))
    targets = _targets(model, np.asarray(y))
    if decided.shape != targets.shape:
        raise ModelError(
            f"y has shape {np.shape(y)} for predictions of shape {decided.shape}; expected a label "
            "for each row"
        )
    return plot_model(model, decided, targets, image_shape=shape)


def _targets(model: "Model", y: NDArray) -> NDArray:
    """Places of classes for labels as `predict` gives them; numbers as they are."""
    if model.readout.kind not in ("argmax", "binary"):
        return y[:, None] if y.ndim == 1 else y
    n = 2 if model.readout.kind == "binary" else model.readout.n_classes
    known: Sequence[object] = range(n) if model.labels is None else model.labels
    places = {label: place for place, label in enumerate(known)}
    found = [places.get(label, -1) for label in y.ravel().tolist()]
    if -1 in found:
        row = found.index(-1)
        some = ", ".join(map(repr, list(known)[:_MOST_LABELS]))
        raise ModelError(
            f"y at row {row} is {y.ravel()[row].item()!r}, no label of the model; known: {some}"
        )
    return np.array(found, np.int64).reshape(y.shape)


def as_html(model: "Model") -> str:
    """A table of what the model is, with the functions of its gates."""
    readout, encoder = model.readout, model.encoder
    facts = {"decides": f"{readout.kind}, {readout.n_classes:,} sums"}
    if model.labels is not None:
        names = [str(label) for label in model.labels[:_MOST_LABELS]]
        facts["labels"] = ", ".join(names) + (", ..." if len(model.labels) > len(names) else "")
    if encoder is not None:
        kind = type(encoder).__name__
        facts["encoder"] = f"{kind}, {encoder.n_features:,} features to {encoder.n_inputs:,} bits"
    facts |= circuit_facts(model.circuit)
    facts["neurons"] = f"{model.neurons:,}"
    facts |= {key: text for key, text in (model.meta or {}).items() if len(text) <= 60}
    return facts_html("gategrad.Model", facts, functions_html(model.circuit))
