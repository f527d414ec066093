"""The figures of the relaxed network and of its circuit."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from gategrad.circuit import decide, scores
from gategrad.circuit.figures import figure
from gategrad.circuit.metrics import measured
from gategrad.circuit.probabilities import probabilities
from gategrad.encoding import Encoder
from gategrad.harden import discretize
from gategrad.model import Model
from gategrad.nn import fuse
from gategrad.nn.layers.fixed_wires import fixed_wires
from gategrad.nn.wiring.learned import LearnedWiring
from gategrad.train.losses import HeadLoss
from gategrad.train.rows import RowReader, Rows, as_input

# Rows at a time: values of a layer of thousands of gates then stay in the cache.
_BATCH = 256


def soft_accuracy(
    net: nn.Module,
    x: ArrayLike | Tensor,
    y: ArrayLike | Tensor,
    *,
    encoder: Encoder | None = None,
) -> float:
    """How good the relaxed network is; the network stays as it is.

    That is the figure by which `fit` chooses: the fraction of rows that are right; for a multilabel
    head of all labels; for regression R2, see `gategrad.circuit.figures`.

    The relaxed network has soft gates, whatever its estimator and mode, and no dropout; frozen
    layers stay hard, and so do wires that are learned straight-through.

    Args:
        net: what `discretize` takes.
        x: (n, features) rows, as for `fit`.
        y: their targets, as for `fit`.
        encoder: fitted, where the rows are no bits.

    Returns:
        The figure; nan of 0 rows.

    Raises:
        TrainError: rows or targets that `fit` would refuse.
        DiscretizeError: a network that is no circuit.
    """
    shape = None if encoder else np.shape(x)[1:]
    model = discretize(net, encoder=encoder, ignore_hooks=True, input_shape=shape)
    reader = row_reader(model, encoder)
    return soft_figure(net, reader.read(x, y).to(device_of(net)), reader.kind)


def row_reader(model: Model, encoder: Encoder | None) -> RowReader:
    """What a network takes whose circuit is `model`, with `encoder` in front of it."""
    readout = model.readout
    encodes = encoder is None and model.encoder is not None
    return RowReader(
        model.circuit.n_inputs, readout.n_classes, model.encoder, readout.kind, encodes
    )


def soft_figure(net: nn.Module, rows: Rows, kind: str, metric: str | None = None) -> float:
    """The figure of the relaxed network, or a metric, on rows that are on its device."""
    fused, found = fuse(net), []
    with relaxed(net), fixed_wires(net), torch.no_grad():
        for bits in rows.bits.split(_BATCH):
            found.append(fused(as_input(bits)))
    scores = torch.cat(found)
    return _measured(kind, metric, _decide(kind, scores).cpu().numpy(), scores.cpu().numpy(), rows)


def _measured(
    kind: str, metric: str | None, decided: NDArray, scores: NDArray, rows: Rows
) -> float:
    targets = rows.targets.cpu().numpy()
    weights = None if rows.weights is None else rows.weights.cpu().double().numpy()
    if metric is None:
        return figure(kind, decided, targets, weights)
    p = probabilities(kind, scores)
    p = np.hstack([1 - p, p]) if kind == "binary" else p
    return measured(metric, decided, p, targets, weights)


def _decide(kind: str, scores: Tensor) -> Tensor:
    """What `gategrad.circuit.decide` does, on the scores of the relaxed network."""
    if kind == "argmax":
        return scores.argmax(1)
    if kind == "regression":
        return scores.double()
    return (scores[:, 0] if kind == "binary" else scores) > 0


def hard_look(
    net: nn.Module, rows: Rows, loss: HeadLoss, metric: str | None = None
) -> tuple[float, float]:
    """The figure of the circuit, or a metric, by the native engine; and the loss of its scores."""
    model = discretize(net, ignore_hooks=True, input_shape=rows.bits.shape[1:])
    sums = model.sums(rows.bits.cpu().numpy(), threads=torch.get_num_threads())
    targets, readout = rows.targets.cpu(), model.readout
    found = scores(readout, sums)
    measured_ = _measured(readout.kind, metric, decide(readout, sums), found, rows)
    weights = None if rows.weights is None else rows.weights.cpu()
    return measured_, float(loss(torch.from_numpy(found), targets, weights))


@contextmanager
def relaxed(net: nn.Module) -> Iterator[None]:
    """Soft gates and all else as in `.eval()` while the context lasts.

    A module with gates is known by its `estimator`. Wires that are learned straight-through stay
    the chosen ones: their mixtures are never trained.
    """
    gates = [
        (module, module.estimator)
        for module in net.modules()
        if hasattr(module, "estimator") and not isinstance(module, LearnedWiring)
    ]
    with modes_kept(net):
        net.eval()
        try:
            for module, _ in gates:
                module.training, module.estimator = True, "soft"
            yield
        finally:
            for module, estimator in gates:
                module.estimator = estimator


@contextmanager
def modes_kept(net: nn.Module) -> Iterator[None]:
    """Whatever happens in the context, every module is then in the mode that it was in."""
    modes = [(module, module.training) for module in net.modules()]
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def device_of(net: nn.Module) -> torch.device:
    """Where the network's weights are."""
    return next((p.device for p in net.parameters()), torch.device("cpu"))
