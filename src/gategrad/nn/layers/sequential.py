"""Modules one after the other, runs of logic layers as one operation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Self

import torch
from torch import Tensor, nn

from gategrad.nn.checks import is_watched, layer_values
from gategrad.nn.executors.cpu.native_op import BLOCK
from gategrad.nn.executors.native import BITS, CONV, MAPS, TILES
from gategrad.nn.executors.plan import Executor, Run, compute
from gategrad.nn.gates.options import HARD_FORWARD
from gategrad.nn.gates.parametrization import TableParametrization
from gategrad.nn.layers.conv.runs import MapRun, map_run, own_state
from gategrad.nn.layers.dense import LogicDense
from gategrad.nn.layers.group_sum import GroupSum
from gategrad.nn.registry import taken_for

# Inputs of all layers for one tile of samples that a processor's last cache still holds.
_CACHED_TILE_BYTES = 8 << 20

# Who computes several layers at once.
_FUSED = (TILES, BITS)


class Sequential(nn.Sequential):
    """`torch.nn.Sequential` that computes consecutive logic layers as one operation.

    On a CPU in `.train()`, `LogicDense` layers that follow each other, and a `GroupSum` after
    them, run in the native core tile by tile, as one node of the autograd graph; where some learn
    their wiring, layers whose gates are hard and their inputs bits are such a node. So are
    `LogicConv2d` and `OrPool2d`, with the dense layers behind a `torch.nn.Flatten`. Elsewhere, and
    for modules with hooks, this is `torch.nn.Sequential`; `gategrad.nn.training_backend` tells.
    Parameters, buffers and their names are those of `torch.nn.Sequential`.

    Args:
        modules: as for `torch.nn.Sequential`.
        recompute: compute the inputs of the layers again in the backward pass instead of keeping
            them, which takes 4 bytes a wire and sample in float32. None: what is faster, which is
            to compute again while a tile of samples fits the caches.
    """

    recompute: bool | None = None
    # What `_runs_now` found, and of which modules.
    _known: tuple[list[tuple], list["_Run | MapRun"]] | None = None

    def __init__(self, *modules: nn.Module, recompute: bool | None = None) -> None:
        super().__init__(*modules)
        self.recompute = recompute

    def forward(self, x: Tensor) -> Tensor:
        """The modules one after the other."""
        for run in self._runs_now():
            x = self._run(run, x)
        return x

    def _runs_now(self) -> list["_Run | MapRun"]:
        """The runs as the modules are at present: those of the last call, unless they changed."""
        modules = list(self._modules.values())
        if torch.compiler.is_compiling():
            return list(_all_runs(modules))
        state, known = [_state(module) for module in modules], self._known
        if known is None or known[0] != state:
            known = self._known = (state, list(_all_runs(modules)))
        return known[1]

    def __getstate__(self) -> dict[str, object]:
        """Without what a call finds out again."""
        return {name: value for name, value in super().__getstate__().items() if name != "_known"}

    def _run(self, run: "_Run | MapRun", x: Tensor) -> Tensor:
        compute_run = self._run_maps if isinstance(run, MapRun) else self._run_parts
        if not run.frozen:
            return compute_run(run, x)
        with torch.no_grad():
            return compute_run(run, x)

    def _run_maps(self, run: MapRun, x: Tensor) -> Tensor:
        maps = None
        if isinstance(x, Tensor) and x.ndim == 4:
            x = run.maps[0].checked(x)
            maps = compute(Run(run.windows, x), (MAPS,)) if run.splits else None
            if maps is None:
                out = self._run_layers(run, x, (CONV,))
                if out is not None:
                    return self._scored(run, out)
        x = _one_by_one(run.maps, x) if maps is None else maps
        if maps is not None and run.tail:
            x = x.flatten(1)
        for rest in map(_Run.of, _runs(run.tail)):
            x = self._run_parts(rest, x)
        return x

    def _run_parts(self, run: "_Run", x: Tensor) -> Tensor:
        if not (run.parts and isinstance(x, Tensor)):
            return _one_by_one(run.modules, x)
        x = layer_values(run.modules[0], x, run.in_dim)
        rows = x if x.ndim == 2 else x.reshape(-1, run.in_dim)
        for part in run.parts:
            rows = self._run_part(part, rows)
        return rows if x.ndim == 2 else rows.reshape(*x.shape[:-1], rows.shape[-1])

    def _run_part(self, part: "_Part", rows: Tensor) -> Tensor:
        layers, out = part.layers, self._run_layers(part, rows, _FUSED)
        if out is not None:
            return self._scored(part, out)
        rows, rest = layers[0](rows), part.modules[1:]
        # Behind the first layer values may be bits.
        return self._run_part(_Part.of(rest), rows) if layers[1:] else _one_by_one(rest, rows)

    def _scored(self, part: "_Part | MapRun", out: Tensor) -> Tensor:
        """What `_run_layers` gave, with all that the head does."""
        head = part.head
        fused = head is None or head.only_scales
        return out if fused else head.scores(out, part.layers[-1].out_dim)

    def _run_layers(
        self, part: "_Part | MapRun", rows: Tensor, executors: Sequence[Executor]
    ) -> Tensor | None:
        """Layers and the sums of a head in the native core, or None: not all are for that."""
        layers, head, n_groups, scale = part.layers, part.head, 0, 1.0
        if head is not None:
            n_groups = head.k
            scale = head.scale(layers[-1].out_dim) if head.only_scales else 1.0
        keep = not self._recomputes(part)
        return compute(Run(layers, rows, None, n_groups, scale, keep), executors)

    def _recomputes(self, part: "_Part | MapRun") -> bool:
        if self.recompute is not None:
            return self.recompute
        # Tables cost more than the memory that their inputs take.
        kinds = [getattr(layer, "kind", None) for layer in part.layers]
        if any(isinstance(kind, TableParametrization) for kind in kinds):
            return len(part.layers) == 1
        return part.wires * BLOCK * part.layers[0].weight.itemsize <= _CACHED_TILE_BYTES


@dataclass(frozen=True)
class _Part:
    """Layers that may be one operation, with the head that follows."""

    modules: Sequence[nn.Module]
    layers: Sequence[LogicDense]
    head: GroupSum | None
    wires: int  # that all of them read

    @classmethod
    def of(cls, modules: Sequence[nn.Module]) -> Self:
        head = modules[-1] if isinstance(modules[-1], GroupSum) else None
        layers = modules if head is None else modules[:-1]
        wires = sum(layer.in_dim for layer in layers)
        return cls(modules, layers, head, wires)


@dataclass(frozen=True)
class _Run:
    """Modules, and where they are logic layers that fit each other, their parts."""

    modules: Sequence[nn.Module]
    parts: Sequence[_Part] = ()
    frozen: bool = False

    @classmethod
    def of(cls, modules: Sequence[nn.Module]) -> Self:
        if not _fusible(modules[0]):
            return cls(modules)
        parts = [_Part.of(part) for part in _parts(modules)] if _chained(modules) else ()
        return cls(modules, parts, modules[0].frozen)

    @property
    def in_dim(self) -> int:
        return self.modules[0].in_dim


def _state(module: nn.Module) -> tuple:
    """A module, and what of it decides about its run."""
    kind, own = type(module), own_state(module)
    if taken_for(kind) is GroupSum:
        own = (module.k,)
    elif taken_for(kind) is LogicDense:
        fixed = module.wiring is None
        own = (module.in_dim, module.out_dim, module.frozen, module.estimator, module.kind, fixed)
    return module, kind, is_watched(module), own


def _one_by_one(modules: Sequence[nn.Module], x: Tensor) -> Tensor:
    for module in modules:
        x = module(x)
    return x


def fuse(net: nn.Module) -> nn.Module:
    """`net`, or for a `torch.nn.Sequential` without hooks a `Sequential` of the same modules."""
    return Sequential(*net) if type(net) is nn.Sequential and not is_watched(net) else net


def _all_runs(modules: Sequence[nn.Module]) -> Iterator["_Run | MapRun"]:
    """Runs of maps with what follows them, and between them all others."""
    others: list[nn.Module] = []
    at = 0
    while at < len(modules):
        run = map_run(modules[at:])
        if run is None:
            others.append(modules[at])
            at += 1
            continue
        yield from map(_Run.of, _runs(others))
        yield run
        others = []
        at += len(run.modules)
    yield from map(_Run.of, _runs(others))


def _runs(modules: Sequence[nn.Module]) -> Iterator[list[nn.Module]]:
    """Lists of logic layers with the group sum that follows, and every other module alone.

    Frozen layers, through which no gradient passes, are lists of their own.
    """
    run: list[nn.Module] = []
    for (fusible, _), group in groupby(modules, key=_sort):
        if fusible:
            if run:
                yield run
            run = list(group)
            continue
        for module in group:
            if run and isinstance(module, GroupSum) and _plain(module):
                yield [*run, module]
            else:
                if run:
                    yield run
                yield [module]
            run = []
    if run:
        yield run


def _parts(run: Sequence[nn.Module]) -> list[list[nn.Module]]:
    """A run in the parts that are operations: those with learned wires pass bits on inside."""
    parts: list[list[nn.Module]] = []
    for layer in run:
        if parts and (not isinstance(layer, LogicDense) or _passes_bits(parts[-1][-1])):
            parts[-1].append(layer)
        else:
            parts.append([layer])
    joined = parts[:1]
    for part in parts[1:]:
        if _any_learned(joined[-1]) or _any_learned(part):
            joined.append(part)
        else:
            joined[-1] += part
    return joined


def _passes_bits(layer: LogicDense) -> bool:
    return layer.frozen or layer.estimator in HARD_FORWARD


def _any_learned(modules: Sequence[nn.Module]) -> bool:
    return any(isinstance(m, LogicDense) and m.wiring is not None for m in modules)


def _sort(module: nn.Module) -> tuple[bool, bool]:
    fusible = _fusible(module)
    return fusible, fusible and module.frozen


def _fusible(module: nn.Module) -> bool:
    return isinstance(module, LogicDense) and _plain(module)


def _plain(module: nn.Module) -> bool:
    """Whether a module does what its class does, with no hooks that want to see it called."""
    return taken_for(type(module)) in (LogicDense, GroupSum) and not is_watched(module)


def _chained(run: Sequence[nn.Module]) -> bool:
    """Whether the widths fit; where they don't, the modules themselves say what is wrong."""
    layers = [module for module in run if isinstance(module, LogicDense)]
    fit = all(a.out_dim == b.in_dim for a, b in pairwise(layers))
    return fit and (not isinstance(run[-1], GroupSum) or layers[-1].out_dim % run[-1].k == 0)
