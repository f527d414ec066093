"""What the library knows of a kind of layer; modules of one's own join by registering here."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from gategrad.circuit import Circuit
from gategrad.nn.executors.plan import Executor


@dataclass(frozen=True)
class LayerKind:
    """What is asked of a layer of gates; each answer is a function of the module.

    Args:
        circuit: `module -> Circuit` that computes what the module does in `.eval()` on bits;
            `gategrad.discretize` takes it over.
        n_gates: `module -> int`, its gates.
        expected: `(module, need) -> (count, need of the inputs)` for `expected_gates`: how many of
            the gates are live, a differentiable scalar, where output i is needed with probability
            `need[i]`, or surely for None. None: the layer isn't counted.
        executors: who may compute one such module in training, in the order in which they are
            asked; none: plain torch. None: its modules are asked instead.
    """

    circuit: Callable[[nn.Module], Circuit]
    n_gates: Callable[[nn.Module], int]
    expected: Callable[[nn.Module, Tensor | None], tuple[Tensor, Tensor]] | None = None
    executors: tuple[Executor, ...] | None = ()


_KINDS: dict[type[nn.Module], LayerKind] = {}


def register(module: type[nn.Module], kind: LayerKind) -> None:
    """Make a layer known to `gategrad.discretize`, `expected_gates` and `training_backend`.

    Args:
        module: the class; subclasses that change nothing of it are of the same kind.
        kind: of it; takes the place of what was registered.

    Raises:
        TypeError: `module` is no class of modules, or `kind` no `LayerKind`.
    """
    if not (isinstance(module, type) and issubclass(module, nn.Module)):
        raise TypeError(f"register takes a class of modules, got {module!r}")
    if not isinstance(kind, LayerKind):
        raise TypeError(f"the kind of {module.__name__} must be a LayerKind, got {kind!r}")
    _KINDS[module] = kind


def registered() -> dict[type[nn.Module], LayerKind]:
    """All kinds, first registered first."""
    return dict(_KINDS)


def kind_of(module: nn.Module) -> LayerKind | None:
    """The kind of a module, by its class or the nearest of its bases, or None."""
    for base in type(module).__mro__:
        if base in _KINDS:
            return _KINDS[base]
    return None
