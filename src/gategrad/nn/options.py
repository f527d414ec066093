"""Which options of a layer go with which parametrization."""

import math
import numbers
from collections.abc import Callable

import torch

from gategrad.nn.checks import known_name
from gategrad.nn.functions import N_FUNCTIONS
from gategrad.nn.gate_sets import Gates, gate_ids
from gategrad.nn.logics import LOGICS
from gategrad.nn.parametrization import PARAMETRIZATIONS, Parametrization

ESTIMATORS = ("soft", "straight-through", "gumbel-soft", "gumbel-hard")
HARD_FORWARD = ("straight-through", "gumbel-hard")
NOISY = ("gumbel-soft", "gumbel-hard")


def find_parametrization(choice: str | Parametrization) -> Parametrization:
    """The parametrization of that name, or the user's own.

    Raises:
        ValueError: an unknown name.
    """
    if isinstance(choice, Parametrization):
        return choice
    return PARAMETRIZATIONS[known_name("parametrization", choice, PARAMETRIZATIONS)]


def checked_estimator(estimator: str, parametrization: Parametrization) -> str:
    """`estimator`.

    Raises:
        ValueError: an unknown name, or Gumbel noise where the gates have no logits.
    """
    known_name("estimator", estimator, ESTIMATORS)
    if estimator in NOISY:
        _need_logits(f"estimator={estimator!r}", parametrization)
    return estimator


def checked_temperature(temperature: float | None, parametrization: Parametrization) -> float:
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


def checked_gates(gates: Gates | None, parametrization: Parametrization) -> tuple[int, ...] | None:
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


def checked_logic(logic: str, parametrization: Parametrization) -> str:
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


def _chooses_functions(parametrization: Parametrization) -> bool:
    if parametrization.logits is None:
        return False
    weight = torch.zeros(1, parametrization.n_parameters)
    return parametrization.logits(weight).shape[1] == N_FUNCTIONS


def _need_logits(option: str, parametrization: Parametrization) -> None:
    if parametrization.logits is None:
        known = _known(lambda p: p.logits is not None)
        raise ValueError(
            f"{option} applies to parametrizations of logits ({', '.join(known)}), "
            f"not to {parametrization.name!r}"
        )


def _known(suits: Callable[[Parametrization], bool]) -> list[str]:
    return [name for name, p in PARAMETRIZATIONS.items() if suits(p)]
