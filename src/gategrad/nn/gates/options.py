"""Which options of a layer go with which parametrization."""

import math
import numbers
from collections.abc import Callable

import torch
from torch import Tensor

from gategrad.nn.checks import known_name
from gategrad.nn.gates.functions import N_FUNCTIONS
from gategrad.nn.gates.gate_sets import Gates, gate_ids
from gategrad.nn.gates.logics import LOGICS
from gategrad.nn.gates.parametrization import (
    PARAMETRIZATIONS,
    TABLES,
    Parametrization,
    TableParametrization,
)

EFD = "efd"
ESTIMATORS = ("soft", "straight-through", "gumbel-soft", "gumbel-hard", EFD)
HARD_FORWARD = ("straight-through", "gumbel-hard", EFD)
NOISY = ("gumbel-soft", "gumbel-hard")
NAMES = tuple(dict.fromkeys((*PARAMETRIZATIONS, *TABLES)))
MAX_INPUTS = 6

Kind = Parametrization | TableParametrization


def find_parametrization(choice: str | Kind, inputs: int, estimator: str) -> Kind:
    """The parametrization of that name for gates with `inputs` inputs, or the user's own.

    Gates with two inputs are polynomials of four coefficients, unless parametrization or estimator
    need their truth tables; all others are truth tables.

    Raises:
        ValueError: an unknown name, a number of inputs that gates can't have, or a
            parametrization that has no gates with so many.
    """
    if isinstance(inputs, bool) or not hasattr(inputs, "__index__") or inputs not in _ALL_INPUTS:
        raise ValueError(f"inputs must be an integer from 2 to {MAX_INPUTS}, got {inputs!r}")
    if isinstance(choice, Kind):
        own = choice.inputs if isinstance(choice, TableParametrization) else 2
        if own != inputs:
            raise ValueError(
                f"inputs={inputs}, but the gates of parametrization {choice.name!r} have {own}"
            )
        return choice
    known_name("parametrization", choice, NAMES)
    if inputs == 2 and estimator != EFD and choice in PARAMETRIZATIONS:
        return PARAMETRIZATIONS[choice]
    if choice not in TABLES:
        needs = f"inputs={inputs}" if inputs > 2 else f"estimator={estimator!r}"
        raise ValueError(
            f"{needs} applies to parametrizations of table entries ({', '.join(TABLES)}), "
            f"not to {choice!r}"
        )
    return TABLES[choice](inputs.__index__())


def check_own(kind: Kind, weight: Tensor, out_dim: int) -> None:
    """Check what a parametrization of one's own makes: initial weights, and tables of them.

    Raises:
        TypeError: tables are no integers.
        ValueError: another shape, or tables that gates with so many inputs don't have.
    """
    if kind is PARAMETRIZATIONS.get(kind.name) or kind.name in TABLES:
        return
    whose = f"parametrization {kind.name!r}"
    tabled = isinstance(kind, TableParametrization)
    expected = (out_dim, 1 << kind.inputs if tabled else kind.n_parameters)
    if not isinstance(weight, Tensor) or tuple(weight.shape) != expected:
        found = tuple(weight.shape) if isinstance(weight, Tensor) else type(weight).__name__
        raise ValueError(f"{whose} makes initial weights of shape {found}; expected {expected}")
    tables = kind.tables(weight.detach())
    if not isinstance(tables, Tensor) or tables.dtype != torch.int64:
        found = tables.dtype if isinstance(tables, Tensor) else type(tables).__name__
        raise TypeError(f"{whose} makes tables of {found}; expected a tensor of torch.int64")
    if tuple(tables.shape) != (out_dim,):
        raise ValueError(
            f"{whose} makes tables of shape {tuple(tables.shape)}; expected ({out_dim},), one a "
            "gate"
        )
    inputs = kind.inputs if tabled else 2
    if inputs < MAX_INPUTS and ((tables < 0) | (tables >= 1 << (1 << inputs))).any():
        raise ValueError(
            f"{whose} makes tables from {int(tables.min())} to {int(tables.max())}; expected 0 to "
            f"{(1 << (1 << inputs)) - 1}, truth tables of {inputs} inputs"
        )


def checked_estimator(estimator: str, parametrization: Kind) -> str:
    """`estimator`.

    Raises:
        ValueError: an unknown name, Gumbel noise where the gates have no logits, finite
            differences where they are no table entries, or anything else for "dwn".
    """
    known_name("estimator", estimator, ESTIMATORS)
    if estimator in NOISY:
        _need_logits(f"estimator={estimator!r}", parametrization)
    if estimator == EFD and not isinstance(parametrization, TableParametrization):
        raise ValueError(
            f"estimator={estimator!r} needs table entries, a TableParametrization, which "
            f"{parametrization.name!r} is not"
        )
    if parametrization.name == "dwn" and estimator != EFD:
        raise ValueError(
            f"parametrization='dwn' has no gradient of its own: it needs estimator={EFD!r}, "
            f"got {estimator!r}"
        )
    return estimator


def checked_temperature(temperature: float | None, parametrization: Kind) -> float:
    """`temperature`, or the parametrization's own one for None.

    Raises:
        ValueError: no finite number above 0, or one where the gates have no logits.
    """
    if temperature is None:
        return parametrization.temperature
    _need_logits(f"temperature={temperature!r}", parametrization)
    if not isinstance(temperature, numbers.Real) or not 0.0 < temperature < math.inf:
        raise ValueError(f"temperature must be a finite number above 0, got {temperature!r}")
    return float(temperature)


def checked_gates(gates: Gates | None, parametrization: Kind) -> tuple[int, ...] | None:
    """Gate ids of `gates`; None where all 16 are allowed.

    Raises:
        ValueError: an unknown gate, or a parametrization that chooses no function.
    """
    if gates is None:
        return None
    if not _chooses_functions(parametrization):
        raise ValueError(
            f"gates applies to parametrizations that choose among the functions "
            f"({', '.join(_known(_chooses_functions))}), not to {parametrization.name!r}"
        )
    ids = gate_ids(gates)
    return None if len(ids) == N_FUNCTIONS else ids


def checked_logic(logic: str, parametrization: Kind) -> str:
    """`logic`.

    Raises:
        ValueError: an unknown name, or another logic than "probabilistic" where it has no meaning.
    """
    known_name("logic", logic, LOGICS)
    if logic != "probabilistic" and parametrization.name != "raw":
        raise ValueError(
            f"logic={logic!r} applies only to parametrization='raw', a mixture of functions; "
            f"{parametrization.name!r} interpolates a truth table, which is probabilistic logic"
        )
    return logic


def _chooses_functions(parametrization: Kind) -> bool:
    if parametrization.logits is None or isinstance(parametrization, TableParametrization):
        return False
    weight = torch.zeros(1, parametrization.n_parameters)
    return parametrization.logits(weight).shape[1] == N_FUNCTIONS


def _need_logits(option: str, parametrization: Kind) -> None:
    if parametrization.logits is None:
        known = _known(lambda p: p.logits is not None)
        raise ValueError(
            f"{option} applies to parametrizations of logits ({', '.join(known)}), "
            f"not to {parametrization.name!r}"
        )


_ALL_INPUTS = range(2, MAX_INPUTS + 1)


def _known(suits: Callable[[Parametrization], bool]) -> list[str]:
    return [name for name, p in PARAMETRIZATIONS.items() if suits(p)]
