"""How many live gates a network is expected to leave, as a differentiable number."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from gategrad.circuit import N_CONSTANTS
from gategrad.nn.layers.dense import LogicDense
from gategrad.nn.layers.graph import LogicGraph
from gategrad.nn.layers.weighted_sum import WeightedSum
from gategrad.nn.measures.operand_use import operand_use
from gategrad.nn.registry import kind_of

# Largest probability of being read, so that its logarithm is finite in float32.
_ALMOST_SURE = 1 - 1e-6


def expected_gates(net: nn.Module) -> Tensor:
    """Expected number of live gates of the circuit that `net` hardens to, differentiable.

    Each gate is taken to draw its function from its softmax ("raw") or, entry by entry, its truth
    table from the relaxed entries (all others), independently of all other gates. A gate is live if
    its function depends on both operands, which no constant, wire or inverter does, and if
    something needs it. Need is propagated from the last layer through the wiring:

        live(gate)  = need(gate) * P(depends on a and b)
        need(wire)  = 1 - prod over the pins that read it of (1 - need(gate) * P(depends on pin))

    Learned wires are those chosen now; no gradient reaches their logits. Constants that reach a
    later gate and equal gates, which `Model.optimize` removes as well, are not foreseen, so the
    circuit is usually smaller; for a hardened network without either the two agree.

    Args:
        net: what `gategrad.discretize` takes, of `LogicDense` and `LogicGraph` layers.

    Returns:
        Scalar in the dtype of the weights, 0 to the number of gates.

    Raises:
        ValueError: the network has no such layer, or one whose gates have more than two inputs:
            how many gates such a table needs is no smooth function of its entries.

    >>> layer = LogicDense(4, 100, init="residual", seed=0)
    >>> round(expected_gates(layer).item(), 1)  # 10 of the 16 functions, of 1 - 0.91 for the rest
    6.1
    """
    counts: list[Tensor] = []
    live: Tensor | None = None
    for module in reversed(list(_modules(net))):
        if isinstance(module, WeightedSum):
            live = torch.zeros(module.n_outputs, device=module.index.device)
            live[module.index] = 1.0
        elif (kind := kind_of(module)) is not None and kind.expected is not None:
            count, live = kind.expected(module, live)
            counts.append(count)
    if not counts:
        raise ValueError(
            "the network has no layer of gates to count; expected at least one nn.LogicDense"
        )
    return torch.stack(counts).sum()


def _refuse_more_inputs(inputs: int) -> None:
    if inputs > 2:
        raise ValueError(
            f"expected_gates counts gates with two inputs; a layer has inputs={inputs}, each of "
            "whose gates becomes several: measure gategrad.circuit.live_gates of the optimized "
            "circuit instead"
        )


def count_gates(net: nn.Module) -> int:
    """Gates of all layers that `expected_gates` counts: the largest value that it can take."""
    kind = kind_of(net)
    if kind is None:
        return sum(map(count_gates, net.children()))
    return kind.n_gates(net) if kind.expected is not None else 0


def _modules(net: nn.Module) -> Iterator[nn.Module]:
    """Modules in the order in which nested Sequentials call them."""
    if not isinstance(net, nn.Sequential):
        yield net
        return
    # Named children would leave out a layer that is used a second time.
    for module in net._modules.values():
        yield from _modules(module)


def through_dense(layer: LogicDense, need: Tensor | None) -> tuple[Tensor, Tensor]:
    """Expected live gates of a layer whose outputs are needed so, and the need of its inputs."""
    _refuse_more_inputs(layer.inputs)
    both, either = operand_use(layer.bank)
    need = both.new_ones(layer.out_dim) if need is None else need.to(both.dtype)
    # log(1 - p) adds up where probabilities multiply.
    unread = torch.log1p(-(need * either).clamp(max=_ALMOST_SURE))
    sums = both.new_zeros(layer.in_dim).index_add(0, layer.wires().flatten(), unread.flatten())
    return (need * both).sum(), -torch.expm1(sums)


def through_graph(graph: LogicGraph, need: Tensor | None) -> tuple[Tensor, Tensor]:
    """The same level by level, last one first; a level's signals are kept ones, then its gates."""
    _refuse_more_inputs(graph.inputs)
    need = torch.ones(len(graph.outputs), device=graph.outputs.device) if need is None else need
    width = graph.width_of_last_level()
    read, total = _any_of(need, graph.outputs, width), need.new_zeros(())
    for level in reversed(graph.levels):
        kept = len(level.kept)
        count, through = through_dense(level.gates, read[kept:])
        passed = _any_of(read[:kept], level.kept, level.gates.in_dim).to(through.dtype)
        read = 1 - (1 - through) * (1 - passed)
        total = total + count
    return total, read[N_CONSTANTS:]


def _any_of(need: Tensor, readers: Tensor, width: int) -> Tensor:
    """Need (width,) of signals, `readers` saying which signal each of `need` stands for."""
    unread = torch.log1p(-need.clamp(max=_ALMOST_SURE))
    return -torch.expm1(need.new_zeros(width).index_add(0, readers, unread))
