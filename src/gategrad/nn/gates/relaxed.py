"""The gates that a layer computes with in `.train()`, for the native core and for plain torch."""

import torch
from torch import Tensor, nn

from gategrad.nn.gates.functions import N_FUNCTIONS, coefficients_from_tables
from gategrad.nn.gates.gate_sets import left_out
from gategrad.nn.gates.noise import draw_noise
from gategrad.nn.gates.options import HARD_FORWARD, NOISY
from gategrad.nn.gates.parametrization import LIGHT, RAW, Parametrization
from gategrad.nn.gates.parametrization.logits import coefficients_from_logits, tables_from_logits


def native_gates(layer: nn.Module) -> tuple[Tensor, bool]:
    """What the native core takes for a `LogicDense` layer.

    It has a softmax over 16 logits and `light`'s sine of its own; for all else it takes
    coefficients and returns their gradient.

    Returns:
        Logits (out_dim, 16), weights (out_dim, 4) of "light", or coefficients (out_dim, 1, 4), with
        those of the hard gates after them, (out_dim, 2, 4), where the second result is true; and
        whether the forward pass is that of the hard gates.
    """
    weight, hard_forward = layer.weight, layer.frozen or layer.estimator in HARD_FORWARD
    if layer.kind is LIGHT or _takes_weights_as_logits(layer):
        return weight, hard_forward
    with torch.autocast(weight.device.type, enabled=False):
        logits = _logits(layer)
        if logits is not None and logits.shape[1] == N_FUNCTIONS:
            return logits.contiguous(), hard_forward
        forward, soft = coefficients(layer, logits)
        return torch.stack([soft, forward] if hard_forward else [soft], 1), hard_forward


def _takes_weights_as_logits(layer: nn.Module) -> bool:
    plain = layer.kind is RAW and layer.gates is None and layer.temperature == 1.0
    return plain and layer.estimator not in NOISY


def coefficients(layer: nn.Module, logits: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Coefficients (out_dim, 4) to compute with and to differentiate.

    Args:
        layer: a `LogicDense`.
        logits: those of this pass, where they were drawn already.
    """
    if layer.frozen or not layer.training:
        hard = coefficients_from_tables(layer.tables(), layer.weight.dtype)
        return hard, hard
    if layer.kind.logits is None:
        soft, tables = layer.kind.coefficients(layer.weight), layer.tables
    else:
        logits = _logits(layer) if logits is None else logits
        soft, tables = coefficients_from_logits(logits), lambda: tables_from_logits(logits)
    if layer.estimator not in HARD_FORWARD:
        return soft.detach(), soft
    return coefficients_from_tables(tables(), layer.weight.dtype), soft


def shares(layer: nn.Module) -> tuple[Tensor, Tensor]:
    """Shares (out_dim, 16) of the functions, for logics that are no polynomials; as above."""
    logits = _logits(layer)
    hard = torch.zeros_like(logits).scatter_(1, logits.argmax(1, keepdim=True), 1.0).detach()
    if layer.frozen or not layer.training:
        return hard, hard
    soft = torch.softmax(logits, 1)
    return (hard if layer.estimator in HARD_FORWARD else soft.detach()), soft


def hard_tables(kind: Parametrization, weight: Tensor, gates: tuple[int, ...] | None) -> Tensor:
    """Truth tables (out_dim,) int64 that weights harden to, all from `gates` where given."""
    if gates is None:
        return kind.tables(weight)
    return tables_from_logits(_allowed(kind.logits(weight), gates))


def shares_of_ids(layer: nn.Module) -> Tensor | None:
    """Softmax (out_dim, 16) over the functions that a layer chooses among, free of noise.

    None where it does not choose among the 16 functions.
    """
    if layer.kind.logits is None:
        return None
    logits = _allowed(layer.kind.logits(layer.weight), layer.gates)
    return torch.softmax(logits / layer.temperature, 1) if logits.shape[1] == N_FUNCTIONS else None


def _logits(layer: nn.Module) -> Tensor | None:
    """Logits of this pass: those allowed, with this pass's noise, over the temperature."""
    if layer.kind.logits is None:
        return None
    logits = _allowed(layer.kind.logits(layer.weight), layer.gates)
    if not layer.training or layer.frozen:
        return logits
    if layer.estimator in NOISY:
        logits = logits + draw_noise(layer.noise, logits)
    return logits if layer.temperature == 1.0 else logits / layer.temperature


def _allowed(logits: Tensor, gates: tuple[int, ...] | None) -> Tensor:
    if gates is None:
        return logits
    return logits.masked_fill(left_out(gates, logits.device), -torch.inf)
