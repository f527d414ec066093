"""The 16 functions of two inputs by name, and sets of them that a layer may be limited to."""

from collections.abc import Sequence

import torch
from torch import Tensor

from gategrad.circuit import BY_ID
from gategrad.nn.constants import constant
from gategrad.nn.gates.functions import N_FUNCTIONS, table_from_id

# In the order of difflogic's gate ids; a and b are the first and the second pin.
GATE_NAMES = tuple(function.name for function in BY_ID)
ALIASES = {"equal": "xnor", "implies": "b-or-not-a", "implied-by": "a-or-not-b"}
_ALL = frozenset(range(N_FUNCTIONS))
_CONSTANTS, _WIRES, _PARITY = {0, 15}, {3, 5, 10, 12}, {6, 9}
GATE_SETS = {
    "all": _ALL,
    "no-constants": _ALL - _CONSTANTS,
    "no-xor": _ALL - _PARITY,
    "two-input": _ALL - _CONSTANTS - _WIRES,
    "monotone": frozenset({1, 3, 5, 7}),
}

Gates = str | Sequence[str | int]


def gate_ids(gates: Gates) -> tuple[int, ...]:
    """Gate ids, ascending, of a set's name or of several gates' names and ids.

    Args:
        gates: one of `GATE_SETS`; or names of `GATE_NAMES` or `ALIASES` and difflogic's ids, 0 to
            15, mixed as you like.

    Raises:
        ValueError: an unknown name or id, or no gate at all.

    Examples:
        >>> gate_ids(("nand",)), gate_ids("monotone"), gate_ids([6, "implies"])
        ((14,), (1, 3, 5, 7), (6, 13))
    """
    if isinstance(gates, str):
        if gates not in GATE_SETS:
            raise ValueError(
                f"unknown set of gates {gates!r}; known: {', '.join(GATE_SETS)}; or give a tuple "
                f'of gates such as ("nand",)'
            )
        return tuple(sorted(GATE_SETS[gates]))
    ids = {_gate_id(gate) for gate in gates}
    if not ids:
        raise ValueError("gates is empty; expected at least one gate, such as ('nand',)")
    return tuple(sorted(ids))


def _gate_id(gate: str | int) -> int:
    if isinstance(gate, str):
        name = ALIASES.get(gate, gate)
        if name in GATE_NAMES:
            return GATE_NAMES.index(name)
    elif hasattr(gate, "__index__") and not isinstance(gate, bool) and gate in _ALL:
        return gate.__index__()
    raise ValueError(
        f"unknown gate {gate!r}; known: {', '.join((*GATE_NAMES, *ALIASES))}, and difflogic's ids "
        "0 to 15"
    )


def tables_of(ids: Sequence[int]) -> Tensor:
    """Truth tables (n,) int64 of gate ids."""
    return table_from_id(torch.tensor(ids, dtype=torch.int64))


@constant
def left_out(ids: tuple[int, ...], device: torch.device) -> Tensor:
    """Bool (16,) by gate id: the functions that are not in `ids`. Do not modify."""
    mask = [gate not in ids for gate in range(N_FUNCTIONS)]
    return torch.tensor(mask, device=device)
