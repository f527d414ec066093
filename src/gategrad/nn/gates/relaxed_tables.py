"""The truth tables that a layer of gates with many inputs computes with in `.train()`."""

import torch
from torch import Tensor, nn

from gategrad.nn.gates.functions import entries_from_tables
from gategrad.nn.gates.noise import draw_noise
from gategrad.nn.gates.options import EFD, HARD_FORWARD, NOISY
from gategrad.nn.gates.parametrization.logits import table_from_bits

# Extended finite differences: an operand counts as its bit to three quarters.
EFD_SMOOTHING = 0.25


def entries(layer: nn.Module) -> tuple[Tensor, Tensor]:
    """Entries (out_dim, 2**inputs) to compute with and to differentiate.

    Args:
        layer: a `LogicDense` with a `TableParametrization`.
    """
    if layer.frozen or not layer.training:
        hard = _entries_of(layer, layer.tables())
        return hard, hard
    if layer.kind.logits is None:
        soft, tables = layer.kind.entries(layer.weight), layer.tables
    else:
        logits = _logits(layer)
        soft, tables = torch.sigmoid(logits), lambda: table_from_bits(logits > 0)
    if layer.estimator not in HARD_FORWARD:
        return soft.detach(), soft
    return _entries_of(layer, tables()), soft


def smoothing(layer: nn.Module) -> float:
    """Of the operands in the gradient of the input."""
    return EFD_SMOOTHING if layer.estimator == EFD and layer.training else 0.0


def _entries_of(layer: nn.Module, tables: Tensor) -> Tensor:
    return entries_from_tables(tables, layer.weight.dtype, 1 << layer.inputs)


def _logits(layer: nn.Module) -> Tensor:
    logits = layer.kind.logits(layer.weight)
    if layer.estimator in NOISY:
        logits = logits + draw_noise(layer.noise, logits, of_entries=True)
    return logits / layer.temperature
