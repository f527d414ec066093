"""What is written for each row: a label, scores or probabilities, and the columns' names."""

from collections.abc import Callable

from numpy.typing import NDArray

from gategrad.files.errors import FileError
from gategrad.model import Model


def asked(model: Model, scores: bool, probabilities: bool) -> Callable[..., NDArray]:
    """What of `model` is to be called: `predict`, `scores` or `probabilities`.

    Raises:
        FileError: both are asked for, or probabilities of numbers.
    """
    if scores and probabilities:
        raise FileError("scores and probabilities are two files; ask for one of them")
    if probabilities and model.readout.kind == "regression":
        raise FileError("the model predicts numbers, which have no probabilities; leave them out")
    if probabilities:
        return model.probabilities
    return model.scores if scores else model.predict


def header(model: Model, sample: NDArray) -> list[str]:
    """A name for each column of what `model` gives, of which `sample` are no rows."""
    if sample.ndim == 1:
        return ["label"]
    if model.readout.kind == "binary" and model.labels is not None:
        return [str(model.labels[1])]
    labels, n = model.labels, sample.shape[1]
    return [str(name) for name in (range(n) if labels is None or len(labels) != n else labels)]
