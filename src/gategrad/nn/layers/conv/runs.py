"""Convolutions, pools and the dense layers behind them, as one operation."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from gategrad.nn.checks import is_watched
from gategrad.nn.layers.conv.layer import LogicConv2d
from gategrad.nn.layers.conv.pool import OrPool2d
from gategrad.nn.layers.dense import LogicDense
from gategrad.nn.layers.group_sum import GroupSum
from gategrad.nn.registry import taken_for


@dataclass(frozen=True)
class MapRun:
    """A convolution and what follows it and fits it, all frozen or none.

    Attributes:
        maps: convolutions and pools, and the `torch.nn.Flatten` behind them if there is a tail.
        tail: dense layers on flat maps, with the group sum that follows them.
    """

    maps: Sequence[nn.Module]
    tail: Sequence[nn.Module]

    @property
    def modules(self) -> Sequence[nn.Module]:
        """All of them."""
        return [*self.maps, *self.tail]

    @property
    def windows(self) -> Sequence[nn.Module]:
        """Convolutions and pools."""
        return [m for m in self.maps if not isinstance(m, nn.Flatten)]

    @property
    def layers(self) -> Sequence[nn.Module]:
        """Those that compute."""
        return [*self.windows, *(m for m in self.tail if not isinstance(m, GroupSum))]

    @property
    def head(self) -> GroupSum | None:
        """The group sum."""
        return self.tail[-1] if self.tail and isinstance(self.tail[-1], GroupSum) else None

    @property
    def frozen(self) -> bool:
        """Whether no gradient passes through."""
        return self.maps[0].frozen

    @property
    def splits(self) -> bool:
        """Whether the convolutions have more gates, at all places, than the dense layers behind.

        Such a run is faster in two operations, of which the first is on packed bits.
        """
        convolutions = [m for m in self.windows if isinstance(m, LogicConv2d)]
        gates = sum(math.prod(m.out_shape) * ((1 << m.depth) - 1) for m in convolutions)
        return gates >= sum(m.out_dim for m in self.tail if isinstance(m, LogicDense))

    @property
    def wires(self) -> int:
        """What all layers read."""
        n, shape = 0, self.maps[0].in_shape
        for layer in self.layers:
            n += layer.in_dim if isinstance(layer, LogicDense) else math.prod(shape)
            shape = _after(layer, shape)
        return n


def map_run(modules: Sequence[nn.Module]) -> MapRun | None:
    """The longest run that the modules begin with, if it is of several layers."""
    if not modules or type(modules[0]) is not LogicConv2d:
        return None
    frozen, shape, maps = modules[0].frozen, modules[0].in_shape, []
    for module in modules:
        if not (_joins(module, frozen) and _fits(module, shape)):
            break
        if isinstance(module, nn.Flatten):
            tail = _tail(modules[len(maps) + 1 :], math.prod(shape), frozen)
            if tail:
                return MapRun([*maps, module], tail)
            break
        maps.append(module)
        shape = _after(module, shape)
    return MapRun(maps, []) if len(maps) > 1 else None


def own_state(module: nn.Module) -> tuple:
    """What of a module decides about its run."""
    if type(module) is LogicConv2d:
        return module.in_shape, module.out_shape, module.frozen, module.wiring is None
    if type(module) is OrPool2d:
        return module.size, module.stride
    return (module.start_dim, module.end_dim) if type(module) is nn.Flatten else ()


def _tail(modules: Sequence[nn.Module], width: int, frozen: bool) -> list[nn.Module]:
    tail: list[nn.Module] = []
    for module in modules:
        if _unseen(module, GroupSum) and tail and width % module.k == 0:
            return [*tail, module]
        fits = _unseen(module, LogicDense) and module.in_dim == width
        if not (fits and module.wiring is None and module.frozen == frozen):
            break
        tail.append(module)
        width = module.out_dim
    return tail


def _joins(module: nn.Module, frozen: bool) -> bool:
    """Whether a module may be of a run of maps."""
    if _unseen(module, LogicConv2d):
        return module.wiring is None and module.frozen == frozen
    if _unseen(module, nn.Flatten):
        return (module.start_dim, module.end_dim) == (1, -1)
    return _unseen(module, OrPool2d)


def _fits(module: nn.Module, shape: tuple[int, int, int]) -> bool:
    if isinstance(module, LogicConv2d):
        return module.in_shape == shape
    windows = getattr(module, "size", (1, 1))
    return all(size >= window for size, window in zip(shape[1:], windows, strict=True))


def _after(module: nn.Module, shape: tuple[int, int, int]) -> tuple[int, int, int]:
    """Channels, height and width of what a module makes of maps of `shape`."""
    if isinstance(module, LogicConv2d):
        return module.out_shape
    if isinstance(module, OrPool2d):
        return (shape[0], *module.out_size(*shape[1:]))
    return shape


def _unseen(module: nn.Module, kind: type[nn.Module]) -> bool:
    """Whether a module does what its class does, with no hooks that want to see it called."""
    return taken_for(type(module)) is kind and not is_watched(module)
