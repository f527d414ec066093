"""Initial weights: which functions the gates start near."""

import torch
from torch import Tensor

from gategrad.nn.checks import known_name
from gategrad.nn.functions import N_FUNCTIONS
from gategrad.nn.gate_sets import GATE_NAMES, tables_of
from gategrad.nn.parametrization import Parametrization

_EVERY = tuple(range(N_FUNCTIONS))
_AND, _A, _B, _OR = 1, 3, 5, 7
# Gate ids that an initialization draws from, each alike; None: no gate is favoured.
_IDS: dict[str, tuple[int, ...] | None] = {
    "gaussian": None,
    "residual": (_A,),
    "residual-b": (_B,),
    "residual-random": (_A, _B),
    "heavy-tail": _EVERY,
    "and-or": (_AND, _OR),
    "negation-asymmetric": (_AND, _OR, _A, _B),
}
INITS = tuple(_IDS)


def initial_weights(
    parametrization: Parametrization,
    init: str,
    out_dim: int,
    generator: torch.Generator,
    gates: tuple[int, ...] | None = None,
) -> Tensor:
    """Weights (out_dim, n_parameters).

    "gaussian" favours no function (Petersen et al. 2022). Every other one starts each gate near one
    function: "residual" near its first input, "residual-b" the second, "residual-random" one of the
    two drawn for each gate (arXiv 2411.04732; 2510.03250 with table entries); "heavy-tail" near any
    of the 16, so that entries are near 0 and 1 and signals keep their variance; "and-or", and
    "negation-asymmetric" (those and the two inputs): functions without their negations
    (2510.03250).

    Args:
        parametrization: whose weights to make.
        init: one of `INITS`.
        out_dim: gates.
        generator: source of every draw.
        gates: ids of the gates that the layer is limited to; "heavy-tail" draws from these.

    Raises:
        ValueError: an unknown name, a start near a gate that `gates` leaves out, or a
            parametrization that can't start near a function.
    """
    ids = _IDS[known_name("init", init, INITS)]
    if ids is None:
        return parametrization.gaussian(out_dim, generator)
    if parametrization.towards is None:
        raise ValueError(
            f"init={init!r} starts gates near functions, for which {parametrization.name!r} has no "
            '`towards`; use init="gaussian"'
        )
    if gates is not None:
        ids = gates if init == "heavy-tail" else _checked(init, ids, gates)
    tables = tables_of(ids)
    if len(ids) == 1:
        return parametrization.towards(tables.expand(out_dim).contiguous(), generator)
    drawn = tables[torch.randint(len(ids), (out_dim,), generator=generator)]
    return parametrization.towards(drawn, generator)


def _checked(init: str, ids: tuple[int, ...], gates: tuple[int, ...]) -> tuple[int, ...]:
    missing = [GATE_NAMES[i] for i in ids if i not in gates]
    if missing:
        raise ValueError(
            f"init={init!r} starts near {' and '.join(missing)}, which gates leaves out; "
            'use init="gaussian" or "heavy-tail", or add what is missing to gates'
        )
    return ids
