"""A teacher cut in parts: what goes in, what comes out, and what depends on what."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from gategrad.distill.errors import DistillError
from gategrad.teachers.errors import first_line

Floats = NDArray[np.float32]
WEIGHTED = (nn.Linear, nn.Conv2d)
_POOLS = (nn.MaxPool2d, nn.AvgPool2d)
_SHAPES = (nn.Flatten, nn.Unflatten, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
_SAME = (
    nn.Identity, nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Sigmoid,
    nn.Tanh, nn.Hardtanh, nn.Softmax, nn.LogSoftmax, nn.Dropout, nn.Dropout2d, nn.LayerNorm,
    nn.GroupNorm,
)  # fmt: skip
_ROWS_AT_ONCE = 512
_BASIS_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class Part:
    """Some modules of a teacher, in order.

    Attributes:
        modules: what they are, in `.eval()`.
        shape: of one row that goes in.
        name: for people, such as "0 to 2".
    """

    modules: nn.Sequential
    shape: tuple[int, ...]
    name: str

    @property
    def width(self) -> int:
        """Numbers that go in."""
        return prod(self.shape)

    def run(self, rows: Floats) -> Iterator[Floats]:
        """What comes out of rows (n, width), flat, some rows at a time."""
        with torch.no_grad():
            for first in range(0, len(rows), _ROWS_AT_ONCE):
                some = torch.from_numpy(np.ascontiguousarray(rows[first : first + _ROWS_AT_ONCE]))
                yield self.modules(some.view(-1, *self.shape)).flatten(1).numpy()

    def influence(self) -> Floats:
        """How much each number that comes out goes with each that goes in, (width, out).

        The sum over all ways between the two of the products of the weights' sizes; pooling takes
        means, and activation functions count as 1.
        """
        with torch.no_grad():
            basis = torch.eye(self.width)
            parts = [self._spread(some) for some in basis.split(_BASIS_AT_ONCE)]
        return torch.cat(parts).numpy()

    def _spread(self, basis: Tensor) -> Tensor:
        found = basis.view(-1, *self.shape)
        for module in self.modules:
            found = _spread(module, found)
        return found.flatten(1)


def parts_of(
    teacher: nn.Module, shape: Sequence[int], cuts: Sequence[int] | None = None
) -> tuple[Part, ...]:
    """The parts between the cuts, first to last.

    Args:
        teacher: a `torch.nn.Sequential`, nested or not, of torch's plain layers.
        shape: of one row that it takes.
        cuts: places in its flat list of modules, each cut being in front of that one; None: in
            front of what follows each activation function, where another layer with weights comes.

    Raises:
        DistillError: a module that can't be seen through, or cuts that are none.
    """
    modules = modules_of(teacher)
    places = default_cuts(modules) if cuts is None else _checked(cuts, len(modules))
    found, row = [], tuple(shape)
    for first, last in zip((0, *places), (*places, len(modules)), strict=True):
        part = Part(nn.Sequential(*modules[first:last]).eval(), row, f"{first} to {last - 1}")
        with torch.no_grad():
            row = tuple(_run(part, torch.zeros(1, *row)).shape[1:])
        found.append(part)
    return tuple(found)


def modules_of(teacher: nn.Module) -> list[nn.Module]:
    """The flat list of a teacher's modules.

    Raises:
        DistillError: a module that can't be seen through.
    """
    modules = list(_flat(teacher))
    for module in modules:
        if isinstance(module, nn.MaxPool2d) and module.dilation not in (1, (1, 1)):
            raise DistillError(
                f"the teacher has a MaxPool2d of dilation {module.dilation}, which can't be cut; "
                "expected 1"
            )
    return modules


def default_cuts(modules: Sequence[nn.Module]) -> tuple[int, ...]:
    """In front of all that belongs to a layer with weights, but for the first.

    Examples:
        >>> default_cuts([nn.Flatten(), nn.Linear(4, 3), nn.ReLU(), nn.Dropout(), nn.Linear(3, 2)])
        (4,)
    """
    cuts, seen = [], False
    for place, module in enumerate(modules):
        if isinstance(module, WEIGHTED):
            if seen:
                cuts.append(place)
            seen = True
    # Flattening belongs to the layer behind it: what is cut keeps its height and width.
    return tuple(c - 1 if isinstance(modules[c - 1], nn.Flatten) else c for c in cuts)


def _flat(module: nn.Module) -> Iterator[nn.Module]:
    if type(module) is nn.Sequential:
        for child in module:
            yield from _flat(child)
    elif isinstance(module, (*WEIGHTED, nn.BatchNorm1d, nn.BatchNorm2d, *_POOLS, *_SHAPES, *_SAME)):
        yield module
    else:
        raise DistillError(
            f"the teacher has a {type(module).__name__}, which can't be cut; expected a "
            "torch.nn.Sequential of Linear, Conv2d, BatchNorm, pooling, activation functions, "
            "Flatten and Dropout"
        )


def _checked(cuts: Sequence[int], n: int) -> tuple[int, ...]:
    places = tuple(cuts)
    rising = all(a < b for a, b in pairwise(places))
    if not rising or not all(isinstance(c, int) and 0 < c < n for c in places):
        raise DistillError(
            f"cuts are {places}; expected rising places between the teacher's {n} modules, 1 to "
            f"{n - 1}"
        )
    return places


def _run(part: Part, rows: Tensor) -> Tensor:
    try:
        return part.modules(rows)
    except RuntimeError as error:
        raise DistillError(
            f"the teacher's modules {part.name} don't take rows of shape {part.shape}: "
            f"{first_line(error)}"
        ) from error


def _spread(module: nn.Module, x: Tensor) -> Tensor:
    if isinstance(module, nn.Linear):
        return functional.linear(x, module.weight.abs())
    if isinstance(module, nn.Conv2d):
        options = (module.stride, module.padding, module.dilation, module.groups)
        return functional.conv2d(x, module.weight.abs(), None, *options)
    if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
        scale = torch.ones(x.shape[1])
        if module.running_var is not None:
            scale = (module.running_var + module.eps).rsqrt()
        if module.weight is not None:
            scale = scale * module.weight.abs()
        return x * scale.view(1, -1, *[1] * (x.ndim - 2))
    if isinstance(module, _POOLS):
        sizes = (module.kernel_size, module.stride, module.padding, module.ceil_mode)
        return functional.avg_pool2d(x, *sizes)
    return module(x) if isinstance(module, _SHAPES) else x
