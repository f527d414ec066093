"""Modules one after the other, runs of logic layers as one operation."""

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

import torch
from torch import Tensor, nn

from gategrad.nn.checks import layer_input
from gategrad.nn.dense import LogicDense
from gategrad.nn.group_sum import GroupSum
from gategrad.nn.native_learned import run_learned, why_not_learned
from gategrad.nn.native_op import BLOCK
from gategrad.nn.options import HARD_FORWARD
from gategrad.nn.parametrization import TableParametrization
from gategrad.nn.stack import run_native, why_not_native

# Inputs of all layers for one tile of samples that a processor's last cache still holds.
_CACHED_TILE_BYTES = 8 << 20


class Sequential(nn.Sequential):
    """`torch.nn.Sequential` that computes consecutive logic layers as one operation.

    On a CPU in `.train()`, `LogicDense` layers that follow each other, and a `GroupSum` after
    them, run in the native core tile by tile, as one node of the autograd graph; where some learn
    their wiring, layers whose gates are hard and their inputs bits are such a node. Elsewhere, and
    for modules with hooks, this is `torch.nn.Sequential`; `gategrad.nn.training_backend` tells.
    Parameters, buffers and their names are those of `torch.nn.Sequential`.

    Args:
        modules: as for `torch.nn.Sequential`.
        recompute: compute the inputs of the layers again in the backward pass instead of keeping
            them, which takes 4 bytes a wire and sample in float32. None: what is faster, which is
            to compute again while a tile of samples fits the caches.
    """

    def __init__(self, *modules: nn.Module, recompute: bool | None = None) -> None:
        super().__init__(*modules)
        self.recompute = recompute

    def forward(self, x: Tensor) -> Tensor:
        """The modules one after the other."""
        for run in _runs(list(self)):
            if not _fusible(run[0]):
                x = run[0](x)
                continue
            with torch.set_grad_enabled(torch.is_grad_enabled() and not run[0].frozen):
                x = self._run(run, x)
        return x

    def _run(self, run: Sequence[nn.Module], x: Tensor) -> Tensor:
        if not _chained(run):
            return _one_by_one(run, x)
        x = layer_input("LogicDense", x, run[0].in_dim)
        rows = x.reshape(-1, run[0].in_dim)
        for part in _parts(run):
            rows = self._run_part(part, rows)
        return rows.reshape(*x.shape[:-1], rows.shape[-1])

    def _run_part(self, part: Sequence[nn.Module], rows: Tensor) -> Tensor:
        layers = [module for module in part if isinstance(module, LogicDense)]
        head = part[-1] if isinstance(part[-1], GroupSum) else None
        out = self._run_layers(layers, rows, head)
        if out is not None:
            fused = head is None or head.only_scales
            return out if fused else head.scores(out, layers[-1].out_dim)
        rows, rest = part[0](rows), part[1:]
        # Behind the first layer values may be bits.
        return self._run_part(rest, rows) if len(layers) > 1 else _one_by_one(rest, rows)

    def _run_layers(
        self, layers: Sequence[LogicDense], rows: Tensor, head: GroupSum | None
    ) -> Tensor | None:
        """Layers and the sums of a head in the native core, or None: not all are for that."""
        groups = {}
        if head is not None:
            scale = head.scale(layers[-1].out_dim) if head.only_scales else 1.0
            groups = {"n_groups": head.k, "scale": scale}
        if _any_learned(layers):
            fits = why_not_learned(layers, rows) is None
            return run_learned(layers, rows, **groups) if fits else None
        if why_not_native(layers, rows.device) is None:
            return run_native(layers, rows, keep=not self._recomputes(layers), **groups)
        return None

    def _recomputes(self, layers: Sequence[LogicDense]) -> bool:
        if self.recompute is not None:
            return self.recompute
        wires = sum(layer.in_dim for layer in layers)
        return wires * BLOCK * layers[0].weight.itemsize <= _CACHED_TILE_BYTES


def _one_by_one(modules: Sequence[nn.Module], x: Tensor) -> Tensor:
    for module in modules:
        x = module(x)
    return x


def fuse(net: nn.Module) -> nn.Module:
    """`net`, or for a `torch.nn.Sequential` without hooks a `Sequential` of the same modules."""
    return Sequential(*net) if type(net) is nn.Sequential and not _hooked(net) else net


def _runs(modules: list[nn.Module]) -> Iterator[list[nn.Module]]:
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
    if not isinstance(module, LogicDense) or isinstance(module.kind, TableParametrization):
        return False
    return _plain(module)


def _plain(module: nn.Module) -> bool:
    """Whether a module does what its class does, with no hooks that want to see it called."""
    return type(module) in (LogicDense, GroupSum) and not _hooked(module)


def _hooked(module: nn.Module) -> bool:
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return any(getattr(module, name) for name in hooks)


def _chained(run: Sequence[nn.Module]) -> bool:
    """Whether the widths fit; where they don't, the modules themselves say what is wrong."""
    layers = [module for module in run if isinstance(module, LogicDense)]
    fit = all(a.out_dim == b.in_dim for a, b in pairwise(layers))
    return fit and (not isinstance(run[-1], GroupSum) or layers[-1].out_dim % run[-1].k == 0)
