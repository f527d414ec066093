"""Gates from logits: a softmax over the 16 functions, or a sigmoid for each table entry."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from gategrad.nn.gates.functions import (
    N_FUNCTIONS,
    coefficients_from_entries,
    coefficients_of_all,
    table_from_id,
)
from gategrad.nn.gates.parametrization.base import Parametrization


def coefficients_from_logits(logits: Tensor) -> Tensor:
    """Coefficients (n, 4) of logits (n, 16), mixed by softmax, or (n, 4), entries by sigmoid."""
    if logits.shape[1] != N_FUNCTIONS:
        return coefficients_from_entries(torch.sigmoid(logits))
    ids = torch.arange(N_FUNCTIONS, device=logits.device)
    of_ids = coefficients_of_all(logits.device, logits.dtype)[table_from_id(ids)]
    return torch.softmax(logits, dim=1) @ of_ids


def tables_from_logits(logits: Tensor) -> Tensor:
    """Truth tables (n,) int64: the largest of 16 logits, or the bits whose logit is above 0.

    The lowest gate id wins among equal logits; an entry's logit of exactly 0 becomes 0.
    """
    if logits.shape[1] == N_FUNCTIONS:
        return table_from_id(logits.argmax(dim=1))
    return table_from_bits(logits > 0)


def table_from_bits(bits: Tensor) -> Tensor:
    """Truth tables (n,) int64 of bool entries (n, 4)."""
    return (bits.long() << torch.arange(bits.shape[1], device=bits.device)).sum(1)


def from_logits(
    name: str,
    n_parameters: int,
    logits: Callable[[Tensor], Tensor],
    *,
    gaussian: Callable[[int, torch.Generator], Tensor],
    towards: Callable[[Tensor, torch.Generator], Tensor] | None = None,
    weights_from_tables: Callable[[Tensor, float], Tensor] | None = None,
    temperature: float = 1.0,
) -> Parametrization:
    """The parametrization of `logits`; see `Parametrization` for the arguments."""
    return Parametrization(
        name,
        n_parameters,
        gaussian,
        partial(_coefficients, logits, temperature),
        partial(_tables, logits),
        towards,
        weights_from_tables,
        logits=logits,
        temperature=temperature,
    )


def _coefficients(logits: Callable[[Tensor], Tensor], temperature: float, weight: Tensor) -> Tensor:
    return coefficients_from_logits(logits(weight) / temperature)


def _tables(logits: Callable[[Tensor], Tensor], weight: Tensor) -> Tensor:
    return tables_from_logits(logits(weight))
