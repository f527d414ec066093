"""What the library knows of a kind of module; modules of one's own join by registering here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from gategrad.circuit import Circuit
from gategrad.nn.executors.plan import Executor


@dataclass(frozen=True)
class LayerKind:
    """What is asked of a module that is part of a circuit; each answer is a function of it.

    A layer of gates has `circuit` and `n_gates`. What else a circuit is made of, such as a module
    that inverts wires or makes scores of them, has `emit`.

    Args:
        circuit: `module -> Circuit` that computes what the module does in `.eval()` on bits;
            `gategrad.discretize` takes it over.
        n_gates: `module -> int`, its gates.
        expected: `(module, need) -> (count, need of the inputs)` for `expected_gates`: how many of
            the gates are live, a differentiable scalar, where output i is needed with probability
            `need[i]`, or surely for None. None: the layer isn't counted.
        executors: who may compute one such module in training, in the order in which they are
            asked; none: plain torch. None: its modules are asked instead.
        emit: in the place of `circuit`: `(module, its name for messages, draft) -> draft` behind
            it. `draft.signals` are what the module reads; `draft.reading(width, name)` checks how
            many; `draft.with_gates(fanin, tables, signals)` adds gates, whose signals count from
            `draft.next_signal` on. What it gives must be what `.eval()` gives on bits.

    Raises:
        TypeError: neither `emit` nor `circuit` with `n_gates`, or both.
    """

    circuit: Callable[[nn.Module], Circuit] | None = None
    n_gates: Callable[[nn.Module], int] | None = None
    expected: Callable[[nn.Module, Tensor | None], tuple[Tensor, Tensor]] | None = None
    executors: tuple[Executor, ...] | None = ()
    emit: Callable[[nn.Module, str, Any], Any] | None = None

    def __post_init__(self) -> None:
        """Refuse a kind that nobody can make a circuit of."""
        gates = self.circuit is not None, self.n_gates is not None
        if gates != ((False, False) if self.emit else (True, True)):
            raise TypeError("a LayerKind has circuit= and n_gates=, or emit= in their place")


_KINDS: dict[type[nn.Module], LayerKind] = {}
# Classes that are taken for one of their bases, which they only give other names.
_TAKEN_FOR: dict[type[nn.Module], type[nn.Module]] = {}


def register(
    module: type[nn.Module],
    kind: LayerKind | None = None,
    *,
    like: type[nn.Module] | None = None,
) -> None:
    """Make a class of modules known to all that look at networks, by its kind or by a base.

    `gategrad.discretize`, `expected_gates` and `training_backend` ask the kind. A class that is
    `like` one of its bases is that to them, and to `Sequential`, which computes it in runs.

    Args:
        module: the class; subclasses that change nothing of it are of the same kind.
        kind: of it; takes the place of what was registered.
        like: a base of it, whose values, weights and wires it leaves as they are, whatever else
            it overrides; in the place of `kind`.

    Raises:
        TypeError: `module` is no class of modules, `kind` no `LayerKind`, or `like` no base of it.

    Examples:
        >>> import numpy as np
        >>> class Not(nn.Module):
        ...     def forward(self, x):
        ...         return 1 - x
        >>> def inverters(module, name, draft):
        ...     pins = draft.signals[:, None]
        ...     tables = np.full(len(pins), 0b01)
        ...     return draft.with_gates(pins, tables, draft.next_signal + np.arange(len(pins)))
        >>> register(Not, LayerKind(emit=inverters))
    """
    if not (isinstance(module, type) and issubclass(module, nn.Module)):
        raise TypeError(f"register takes a class of modules, got {module!r}")
    if like is not None and kind is None:
        if not (isinstance(like, type) and issubclass(module, like) and module is not like):
            raise TypeError(f"{module.__name__} is like a base of it, which {like!r} is not")
        _TAKEN_FOR[module] = taken_for(like)
        return
    if like is not None or not isinstance(kind, LayerKind):
        more = " without like=" if like is not None else ""
        raise TypeError(f"the kind of {module.__name__} must be a LayerKind{more}, got {kind!r}")
    _TAKEN_FOR.pop(module, None)
    _KINDS[module] = kind


def registered() -> dict[type[nn.Module], LayerKind]:
    """All kinds, first registered first."""
    return dict(_KINDS)


def alike() -> dict[type[nn.Module], type[nn.Module]]:
    """Classes that were registered as like a base, and that base."""
    return dict(_TAKEN_FOR)


def taken_for(module: type[nn.Module]) -> type[nn.Module]:
    """The base that this very class was registered as like, or the class."""
    return _TAKEN_FOR.get(module, module)


def kind_of(module: nn.Module) -> LayerKind | None:
    """The kind of a module, by its class or the nearest of its bases, or None."""
    for base in type(module).__mro__:
        if base in _KINDS:
            return _KINDS[base]
    return None
