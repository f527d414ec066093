"""Modules one after the other, runs of logic layers as one operation."""

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

import torch
from torch import Tensor, nn

from gategrad.nn.checks import layer_input
from gategrad.nn.dense import LogicDense
from gategrad.nn.group_sum import GroupSum
from gategrad.nn.native_op import TILE
from gategrad.nn.parametrization import TableParametrization
from gategrad.nn.stack import run_native, why_not_native

# Inputs of all layers for one tile of samples that a processor's last cache still holds.
_CACHED_TILE_BYTES = 16 << 20


class Sequential(nn.Sequential):
    """`torch.nn.Sequential` that computes consecutive logic layers as one operation.

    On a CPU in `.train()`, `LogicDense` layers that follow each other, and a `GroupSum` after
    them, run in the native core tile by tile, as one node of the autograd graph. Elsewhere, and for
    modules with hooks, this is `torch.nn.Sequential`; `gategrad.nn.training_backend` tells.
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
        layers = [module for module in run if isinstance(module, LogicDense)]
        first = layers[0]
        if why_not_native(layers, x.device) or not _chained(run):
            for module in run:
                x = module(x)
            return x
        x = layer_input("LogicDense", x, first.in_dim)
        rows, keep = x.reshape(-1, first.in_dim), not self._recomputes(layers)
        head = run[-1]
        if isinstance(head, GroupSum):
            n_outputs = layers[-1].out_dim
            scale = head.scale(n_outputs) if head.only_scales else 1.0
            out = run_native(layers, rows, n_groups=head.k, scale=scale, keep=keep)
            out = out if head.only_scales else head.scores(out, n_outputs)
        else:
            out = run_native(layers, rows, keep=keep)
        return out.reshape(*x.shape[:-1], out.shape[-1])

    def _recomputes(self, layers: Sequence[LogicDense]) -> bool:
        if self.recompute is not None:
            return self.recompute
        wires = sum(layer.in_dim for layer in layers)
        return wires * TILE * layers[0].weight.itemsize <= _CACHED_TILE_BYTES


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


def _sort(module: nn.Module) -> tuple[bool, bool]:
    fusible = _fusible(module)
    return fusible, fusible and module.frozen


def _fusible(module: nn.Module) -> bool:
    if not isinstance(module, LogicDense) or isinstance(module.kind, TableParametrization):
        return False
    return _plain(module) and module.wiring is None


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
