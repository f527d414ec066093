"""How many live gates a network is expected to leave, as a differentiable number."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from gategrad.circuit import N_CONSTANTS
from gategrad.nn.gates.functions import entries_from_tables
from gategrad.nn.layers.conv.layer import LogicConv2d
from gategrad.nn.layers.conv.pool import OrPool2d
from gategrad.nn.layers.dense import LogicDense
from gategrad.nn.layers.graph import LogicGraph
from gategrad.nn.layers.slots import SlotDense
from gategrad.nn.layers.weighted_sum import WeightedSum
from gategrad.nn.measures.expected_conv import Shape, through_pool
from gategrad.nn.measures.need import any_of, refuse_more_inputs
from gategrad.nn.measures.operand_use import operand_use, use_of_entries
from gategrad.nn.registry import kind_of


def expected_gates(net: nn.Module) -> Tensor:
    """Expected number of live gates of the circuit that `net` hardens to, differentiable.

    Each gate is taken to draw its function from its softmax ("raw"), its slot (`SlotDense`) or,
    entry by entry, its truth table from the relaxed entries (all others), independently of all
    other gates. A gate is live if its function depends on both operands, which no constant, wire or
    inverter does, and if something needs it. Need is propagated from the last layer through the
    wiring:

        live(gate)  = need(gate) * P(depends on a and b)
        need(wire)  = 1 - prod over the pins that read it of (1 - need(gate) * P(depends on pin))

    Learned wires are those chosen now; no gradient reaches their logits. Constants that reach a
    later gate and equal gates, which `Model.optimize` removes as well, are not foreseen, so the
    circuit is usually smaller; for a hardened network without either the two agree.

    Args:
        net: what `gategrad.discretize` takes, of `LogicDense`, `SlotDense`, `LogicConv2d`,
            `OrPool2d` and `LogicGraph` layers. What a convolution shares over positions counts at
            each.

    Returns:
        Scalar in the dtype of the weights, 0 to the number of gates.

    Raises:
        ValueError: the network has no such layer, or one whose gates have more than two inputs:
            how many gates such a table needs is no smooth function of its entries.

    Examples:
        >>> layer = LogicDense(4, 100, init="residual", seed=0)
        >>> # 10 of the 16 functions, of 1 - 0.91 for the rest
        >>> round(expected_gates(layer).item(), 1)
        6.1
    """
    counts: list[Tensor] = []
    live: Tensor | None = None
    for module, shape in reversed(list(_with_shapes(net))):
        if isinstance(module, WeightedSum):
            live = torch.zeros(module.n_outputs, device=module.index.device)
            live[module.index] = 1.0
        elif isinstance(module, OrPool2d):
            count, live = through_pool(module, _known(shape), live)
            counts.append(count)
        elif (kind := kind_of(module)) is not None and kind.expected is not None:
            count, live = kind.expected(module, live)
            counts.append(count)
    if not counts:
        raise ValueError(
            "the network has no layer of gates to count; expected at least one nn.LogicDense"
        )
    return torch.stack(counts).sum()


def count_gates(net: nn.Module) -> int:
    """Gates of all layers that `expected_gates` counts: the largest value that it can take."""
    shaped = [(m, shape) for m, shape in _with_shapes(net) if shape is not None]
    ors = sum(m.n_gates(shape) for m, shape in shaped if isinstance(m, OrPool2d))
    return _count_layers(net) + ors


def _count_layers(net: nn.Module) -> int:
    kind = kind_of(net)
    if kind is None:
        return sum(map(_count_layers, net.children()))
    return kind.n_gates(net) if kind.expected is not None else 0


def _modules(net: nn.Module) -> Iterator[nn.Module]:
    """Modules in the order in which nested Sequentials call them."""
    if not isinstance(net, nn.Sequential):
        yield net
        return
    # Named children would leave out a layer that is used a second time.
    for module in net._modules.values():
        yield from _modules(module)


def _with_shapes(net: nn.Module) -> Iterator[tuple[nn.Module, Shape | None]]:
    """Modules in their order, with the shape of the images that they get, where it is known."""
    shape: Shape | None = None
    for module in _modules(net):
        yield module, shape
        if isinstance(module, LogicConv2d):
            shape = module.out_shape
        elif isinstance(module, OrPool2d) and shape is not None:
            shape = (shape[0], *module.out_size(*shape[1:]))
        elif isinstance(module, nn.Unflatten) and len(module.unflattened_size) == 3:
            shape = tuple(module.unflattened_size)


def _known(shape: Shape | None) -> Shape:
    if shape is None:
        raise ValueError(
            "an OrPool2d has no LogicConv2d or torch.nn.Unflatten before it, which would tell the "
            "size of its images; expected one in the same Sequential"
        )
    return shape


def through_dense(layer: LogicDense, need: Tensor | None) -> tuple[Tensor, Tensor]:
    """Expected live gates of a layer whose outputs are needed so, and the need of its inputs."""
    refuse_more_inputs(layer.inputs)
    both, either = operand_use(layer.bank)
    need = both.new_ones(layer.out_dim) if need is None else need.to(both.dtype)
    read = any_of((need * either).flatten(), layer.wires().flatten(), layer.in_dim)
    return (need * both).sum(), read


def through_slots(layer: SlotDense, need: Tensor | None) -> tuple[Tensor, Tensor]:
    """The same of gates that draw one of their slots by its share; each slot's pins read alone."""
    tables, wires = layer.drawn()
    share = torch.softmax(layer.logits, 1)
    entries = entries_from_tables(tables.flatten(), share.dtype)
    both, either = (use.view(*use.shape[:-1], *share.shape) for use in use_of_entries(entries))
    need = share.new_ones(layer.out_dim) if need is None else need.to(share.dtype)
    read = any_of((need[:, None] * share * either).flatten(), wires.flatten(), layer.in_dim)
    return (need * (share * both).sum(1)).sum(), read


def through_graph(graph: LogicGraph, need: Tensor | None) -> tuple[Tensor, Tensor]:
    """The same level by level, last one first; a level's signals are kept ones, then its gates."""
    refuse_more_inputs(graph.inputs)
    need = torch.ones(len(graph.outputs), device=graph.outputs.device) if need is None else need
    width = graph.width_of_last_level()
    read, total = any_of(need, graph.outputs, width), need.new_zeros(())
    for level in reversed(graph.levels):
        kept = len(level.kept)
        count, through = through_dense(level.gates, read[kept:])
        passed = any_of(read[:kept], level.kept, level.gates.in_dim).to(through.dtype)
        read = 1 - (1 - through) * (1 - passed)
        total = total + count
    return total, read[N_CONSTANTS:]
