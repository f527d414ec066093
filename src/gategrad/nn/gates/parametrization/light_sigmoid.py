"""light-sigmoid: `light` with entries `sigmoid(W / temperature)` (arXiv 2510.03250).

Unlike the sine it saturates, and as its weights are logits it takes a temperature and noise.
"""

import math
from functools import partial

import torch
from torch import Tensor

from gategrad.nn.gates.parametrization.base import check_strength
from gategrad.nn.gates.parametrization.light import (
    N_ENTRIES,
    gaussian_entries,
    shifted_entries,
    signs,
)
from gategrad.nn.gates.parametrization.logits import from_logits
from gategrad.nn.gates.parametrization.table import TableParametrization, table_from_logits

SHIFT = 3.0


def _logits(weight: Tensor) -> Tensor:
    return weight


def _towards(tables: Tensor, generator: torch.Generator, n_entries: int = N_ENTRIES) -> Tensor:
    return shifted_entries(tables, SHIFT, generator, n_entries)


def sure_logits(tables: Tensor, strength: float, n_entries: int = N_ENTRIES) -> Tensor:
    """Entries of `strength` for a 1 and `1 - strength` for a 0, at temperature 1."""
    check_strength(strength)
    return math.log(strength / (1 - strength)) * signs(tables, n_entries)


LIGHT_SIGMOID = from_logits(
    "light-sigmoid",
    N_ENTRIES,
    _logits,
    gaussian=gaussian_entries,
    towards=_towards,
    weights_from_tables=sure_logits,
)
"""`"light-sigmoid"`: four table entries `sigmoid(W / T)` (arXiv 2510.03250)."""


def light_sigmoid_tables(inputs: int) -> TableParametrization:
    """The same for gates with `inputs` inputs."""
    n_entries = 1 << inputs
    return table_from_logits(
        "light-sigmoid",
        inputs,
        _logits,
        gaussian=partial(gaussian_entries, n_entries=n_entries),
        towards=partial(_towards, n_entries=n_entries),
        weights_from_tables=partial(sure_logits, n_entries=n_entries),
    )
