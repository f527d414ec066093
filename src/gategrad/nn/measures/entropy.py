"""How undecided a network still is: the entropy of what its gates and wires choose among."""

from collections.abc import Iterable
from math import log, nan

import torch
from torch import Tensor, nn

from gategrad.nn.layers.conv.layer import LogicConv2d
from gategrad.nn.layers.dense import LogicDense
from gategrad.nn.layers.slots import SlotDense
from gategrad.nn.measures.operand_use import relaxed_entries

_LN2 = log(2.0)


@torch.no_grad()
def gate_entropy(net: nn.Module) -> float:
    """Mean entropy of a gate in bits: 0 when all are decided, as after hardening.

    A gate draws its function from its softmax ("raw", 4 bits at most), its slot (`SlotDense`) or,
    entry by entry, its truth table from the relaxed entries (all others), as `expected_gates` has
    it. nan for a network without such gates.

    Examples:
        >>> layer = LogicDense(4, 100, init="residual", seed=0)
        >>> round(gate_entropy(layer), 2)  # one function has nine tenths
        0.8
    """
    found: list[Tensor] = []
    for module in net.modules():
        if isinstance(module, SlotDense):
            found.append(_of_shares(torch.softmax(module.logits, 1)))
        elif isinstance(module, (LogicDense, LogicConv2d)):
            found.append(_of_gates(module))
    return _mean(found)


@torch.no_grad()
def wire_entropy(net: nn.Module) -> float:
    """Mean entropy of a pin's choice among its candidate wires, in bits.

    nan for a network without learned wiring.

    Examples:
        >>> layer = LogicDense(64, 10, connections="learned", candidates=8, seed=0)
        >>> wire_entropy(layer)  # eight wires, none preferred yet
        3.0
    """
    layers = [m for m in net.modules() if isinstance(m, (LogicDense, LogicConv2d))]
    logits = [layer.wiring.logits for layer in layers if layer.wiring is not None]
    return _mean(_of_shares(torch.softmax(of_pins, 2)).flatten() for of_pins in logits)


def _of_gates(layer: LogicDense | LogicConv2d) -> Tensor:
    bank = layer.bank
    shares = None if bank.frozen else bank.shares_of_ids()
    if shares is not None:
        return _of_shares(shares)
    entries = relaxed_entries(bank).double()
    return (torch.special.entr(entries) + torch.special.entr(1 - entries)).sum(1) / _LN2


def _of_shares(shares: Tensor) -> Tensor:
    """Along the last axis."""
    return torch.special.entr(shares.double()).sum(-1) / _LN2


def _mean(parts: Iterable[Tensor]) -> float:
    parts = [part.cpu() for part in parts]
    return float(torch.cat(parts).mean()) if parts else nan
