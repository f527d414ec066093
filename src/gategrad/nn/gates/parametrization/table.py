"""What a parametrization of gates with up to six inputs provides: the entries of truth tables."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gategrad.nn.gates.parametrization.logits import table_from_bits


@dataclass(frozen=True)
class TableParametrization:
    """The functions that turn weights (out_dim, 2**inputs) into truth tables between 0 and 1.

    Entry i is the gate's value on the input pattern whose binary reading is i, the first input
    being the least significant bit; between patterns entries are interpolated multilinearly. Give
    `LogicDense(inputs=..., parametrization=...)` one of your own.

    Args:
        name: as given to `LogicDense(parametrization=...)`.
        inputs: of a gate, 2 to 6.
        gaussian: `(out_dim, generator) -> weights`, that favour no gate.
        entries: `weight -> (out_dim, 2**inputs)`, differentiable.
        tables: `weight -> (out_dim,)` int64, the truth tables that the gates harden to; with six
            inputs entry 63 is the sign.
        towards: `(tables (out_dim,), generator) -> weights`, near these truth tables.
        weights_from_tables: `(tables (out_dim,), strength) -> weights`, which harden to these
            tables and whose entries are `strength` sure of them.
        logits: `weight -> (out_dim, 2**inputs)` whose sigmoids the entries are, so that a
            temperature and noise apply; None where they have no such form.
        temperature: that divides the logits, unless the layer says otherwise.
    """

    name: str
    inputs: int
    gaussian: Callable[[int, torch.Generator], Tensor]
    entries: Callable[[Tensor], Tensor]
    tables: Callable[[Tensor], Tensor]
    towards: Callable[[Tensor, torch.Generator], Tensor] | None = None
    weights_from_tables: Callable[[Tensor, float], Tensor] | None = None
    logits: Callable[[Tensor], Tensor] | None = None
    temperature: float = 1.0


def table_from_logits(
    name: str,
    inputs: int,
    logits: Callable[[Tensor], Tensor],
    *,
    gaussian: Callable[[int, torch.Generator], Tensor],
    towards: Callable[[Tensor, torch.Generator], Tensor] | None = None,
    weights_from_tables: Callable[[Tensor, float], Tensor] | None = None,
    temperature: float = 1.0,
) -> TableParametrization:
    """The parametrization of entries `sigmoid(logits / temperature)`; a logit of 0 hardens to 0."""
    return TableParametrization(
        name,
        inputs,
        gaussian,
        _Sigmoid(logits, temperature),
        _Sign(logits),
        towards,
        weights_from_tables,
        logits,
        temperature,
    )


@dataclass(frozen=True)
class _Sigmoid:
    logits: Callable[[Tensor], Tensor]
    temperature: float

    def __call__(self, weight: Tensor) -> Tensor:
        return torch.sigmoid(self.logits(weight) / self.temperature)


@dataclass(frozen=True)
class _Sign:
    logits: Callable[[Tensor], Tensor]

    def __call__(self, weight: Tensor) -> Tensor:
        return table_from_bits(self.logits(weight) > 0)
