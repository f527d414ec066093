"""How probable it is that a relaxed gate depends on its operands."""

import torch
from torch import Tensor

from gategrad.nn.constants import constant
from gategrad.nn.gates.bank import GateBank
from gategrad.nn.gates.functions import N_FUNCTIONS, entries_from_tables, table_from_id


def operand_use(bank: GateBank) -> tuple[Tensor, Tensor]:
    """P(a gate's function depends on both operands) and P(on each), differentiable.

    A parametrization with a logit for each of the 16 functions draws one by their softmax, over
    those that `gates` allows. Any other draws the four entries of its truth table, each 1 with the
    probability that its relaxed entry is. Frozen gates are what they are.

    Returns:
        (gates,), and (2, gates) in the order of the pins.
    """
    shares = None if bank.frozen else bank.shares_of_ids()
    if shares is not None:
        # Both, a, b in rows: a gate's probabilities are summed by one product.
        use = _use_of_ids(shares.device, shares.dtype) @ shares.t()
        return use[0], use[1:]
    return use_of_entries(relaxed_entries(bank))


def use_of_entries(entries: Tensor) -> tuple[Tensor, Tensor]:
    """The same for entries (n, 4) in 0 to 1: w00, w10, w01, w11, drawn independently."""
    w00, w10, w01, w11 = entries.unbind(1)
    on_a = 1 - _same(w00, w10) * _same(w01, w11)
    on_b = 1 - _same(w00, w01) * _same(w10, w11)
    constant = entries.prod(1) + (1 - entries).prod(1)
    # A function that is not constant depends on a, on b or on both.
    return on_a + on_b - (1 - constant), torch.stack([on_a, on_b])


def relaxed_entries(bank: GateBank) -> Tensor:
    """Relaxed truth tables (gates, 4): the polynomials at the four corners."""
    if bank.frozen:
        return entries_from_tables(bank.tables(), bank.weight.dtype)
    if bank.of_tables:
        return bank.kind.entries(bank.weight)
    c0, c1, c2, c3 = bank.kind.coefficients(bank.weight).unbind(1)
    corners = torch.stack([c0, c0 + c1, c0 + c2, c0 + c1 + c2 + c3], dim=1)
    return corners.clamp(0, 1)


def _same(p: Tensor, q: Tensor) -> Tensor:
    """P(two independent bits are equal)."""
    return p * q + (1 - p) * (1 - q)


@constant
def _use_of_ids(device: torch.device, dtype: torch.dtype) -> Tensor:
    """(3, 16): whether each gate id depends on both operands, on a, on b. Do not modify."""
    tables = table_from_id(torch.arange(N_FUNCTIONS, device=device))
    both, either = use_of_entries(entries_from_tables(tables, torch.float64))
    return torch.cat([both[None], either]).to(dtype)
