"""walsh: coefficients of the Walsh-Hadamard transform (WARP, arXiv 2510.15655, 2602.03527).

With bits as signs s = 1 - 2x the gate is `sigmoid(-z / temperature)`, z = sum over sets S of inputs
of theta_S times the product of their signs. Weights are theta of {}, {a}, {b}, {a, b}, and so on:
bit j of a weight's position says whether input j is in S.

On bits this is exact. Between them the paper puts real signs into z, which leaves the multilinear
family (a sigmoid of a polynomial); here the entries `sigmoid(-z(bits) / temperature)` are
interpolated multilinearly, as in every other parametrization: the same values on all bits, the
same circuit, and one kernel for all.
"""

from functools import partial

import torch
from torch import Tensor

from gategrad.nn.gates.parametrization.light import N_ENTRIES, gaussian_entries, shifted_entries
from gategrad.nn.gates.parametrization.light_sigmoid import SHIFT, sure_logits
from gategrad.nn.gates.parametrization.logits import from_logits
from gategrad.nn.gates.parametrization.table import TableParametrization, table_from_logits


def _logits(weight: Tensor) -> Tensor:
    """-z on all inputs, in truth-table order."""
    return -_transform(weight)


def _transform(values: Tensor) -> Tensor:
    """The Walsh-Hadamard transform of (n, N); twice it is N times the identity.

    Sums of two, whose order no library can change: a table must not depend on it.
    """
    n, n_entries = values.shape
    step = 1
    while step < n_entries:
        low, high = values.view(n, -1, 2, step).unbind(2)
        values = torch.stack([low + high, low - high], 2).view(n, n_entries)
        step *= 2
    return values


def _from_entry_logits(logits: Tensor) -> Tensor:
    return -_transform(logits) / logits.shape[1]


def _gaussian(out_dim: int, generator: torch.Generator, n_entries: int = N_ENTRIES) -> Tensor:
    """Theta ~ N(0, 0.25**2 / entries): entries distributed as those of light-sigmoid."""
    return gaussian_entries(out_dim, generator, n_entries) / n_entries**0.5


def _towards(tables: Tensor, generator: torch.Generator, n_entries: int = N_ENTRIES) -> Tensor:
    return _from_entry_logits(shifted_entries(tables, SHIFT, generator, n_entries))


def _weights_from_tables(tables: Tensor, strength: float, n_entries: int = N_ENTRIES) -> Tensor:
    """Entries of `strength` for a 1 and `1 - strength` for a 0, at temperature 1."""
    return _from_entry_logits(sure_logits(tables, strength, n_entries))


WALSH = from_logits(
    "walsh",
    N_ENTRIES,
    _logits,
    gaussian=_gaussian,
    towards=_towards,
    weights_from_tables=_weights_from_tables,
)
"""`"walsh"`: four Walsh coefficients (arXiv 2510.15655, 2602.03527)."""


def walsh_tables(inputs: int) -> TableParametrization:
    """The same for gates with `inputs` inputs."""
    n_entries = 1 << inputs
    return table_from_logits(
        "walsh",
        inputs,
        _logits,
        gaussian=partial(_gaussian, n_entries=n_entries),
        towards=partial(_towards, n_entries=n_entries),
        weights_from_tables=partial(_weights_from_tables, n_entries=n_entries),
    )
