"""Accuracy of the relaxed network and of its circuit."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from gategrad.encoding import Encoder
from gategrad.harden import discretize
from gategrad.nn import fuse
from gategrad.nn.wiring import LearnedWiring
from gategrad.train.rows import RowReader, Rows

# Rows at a time: values of a layer of thousands of gates then stay in the cache.
_BATCH = 256


def soft_accuracy(
    net: nn.Module,
    x: ArrayLike | Tensor,
    y: ArrayLike | Tensor,
    *,
    encoder: Encoder | None = None,
) -> float:
    """Fraction right of the relaxed network; the network stays as it is.

    The relaxed network has soft gates, whatever its estimator and mode, and no dropout; frozen
    layers stay hard, and so do wires that are learned straight-through. Rows and labels are those
    of `fit`, which also says what is raised. 0 rows give nan.
    """
    model = discretize(net, encoder=encoder)
    reader = RowReader(model.circuit.n_inputs, model.readout.n_classes, encoder)
    return soft_fraction(net, reader.read(x, y).to(device_of(net)))


def soft_fraction(net: nn.Module, rows: Rows) -> float:
    """`soft_accuracy` on rows that are on the network's device."""
    right = torch.zeros((), dtype=torch.int64, device=rows.classes.device)
    fused = fuse(net)
    batches = zip(rows.bits.split(_BATCH), rows.classes.split(_BATCH), strict=True)
    with relaxed(net), torch.no_grad():
        for bits, classes in batches:
            right += (fused(bits.float()).argmax(1) == classes).sum()
    return int(right) / len(rows) if len(rows) else float("nan")


def hard_fraction(net: nn.Module, rows: Rows) -> float:
    """Fraction right of the circuit, by the native engine."""
    labels = discretize(net).predict(rows.bits.cpu().numpy(), threads=torch.get_num_threads())
    return float((labels == rows.classes.cpu().numpy()).mean())


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
