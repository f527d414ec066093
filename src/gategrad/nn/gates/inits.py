"""Initial weights: which functions the gates start near."""

import torch
from torch import Tensor

from gategrad.nn.checks import known_name
from gategrad.nn.gates.functions import N_FUNCTIONS
from gategrad.nn.gates.gate_sets import GATE_NAMES, tables_of
from gategrad.nn.gates.parametrization import Parametrization, TableParametrization
from gategrad.nn.gates.parametrization.logits import table_from_bits

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
    parametrization: Parametrization | TableParametrization,
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
    (2510.03250). With more inputs than two, "residual-random" draws any of them, "heavy-tail" any
    table, AND and OR are those of all inputs.

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
    if isinstance(parametrization, TableParametrization):
        if init == "heavy-tail":
            return parametrization.towards(
                _any_tables(out_dim, parametrization.inputs, generator), generator
            )
        tables = _tables(init, parametrization.inputs)
    else:
        if gates is not None:
            ids = gates if init == "heavy-tail" else _checked(init, ids, gates)
        tables = tables_of(ids)
    if len(tables) == 1:
        return parametrization.towards(tables.expand(out_dim).contiguous(), generator)
    drawn = tables[torch.randint(len(tables), (out_dim,), generator=generator)]
    return parametrization.towards(drawn, generator)


def _any_tables(out_dim: int, inputs: int, generator: torch.Generator) -> Tensor:
    bits = torch.randint(2, (out_dim, 1 << inputs), generator=generator)
    return table_from_bits(bits)


def _tables(init: str, inputs: int) -> Tensor:
    """Tables (n,) int64 that an initialization draws from, of gates with `inputs` inputs."""
    patterns = torch.arange(1 << inputs)
    wires = [patterns >> j & 1 for j in range(inputs)]
    joined = [patterns == len(patterns) - 1, patterns > 0]
    chosen = {
        "residual": wires[:1],
        "residual-b": wires[1:2],
        "residual-random": wires,
        "and-or": joined,
        "negation-asymmetric": [*joined, *wires],
    }[init]
    return table_from_bits(torch.stack([bits.long() for bits in chosen]))


def _checked(init: str, ids: tuple[int, ...], gates: tuple[int, ...]) -> tuple[int, ...]:
    missing = [GATE_NAMES[i] for i in ids if i not in gates]
    if missing:
        raise ValueError(
            f"init={init!r} starts near {' and '.join(missing)}, which gates leaves out; "
            'use init="gaussian" or "heavy-tail", or add what is missing to gates'
        )
    return ids
