"""From a network's modules to a draft: a chain module by module, anything else by its forward."""

import math
from collections.abc import Callable, Sequence
from functools import reduce

from torch import nn

import gategrad.nn
from gategrad.harden import plain
from gategrad.harden.draft import Draft
from gategrad.harden.emitters import NEUTRAL, OWN, Emitter, emitters
from gategrad.harden.errors import DiscretizeError
from gategrad.harden.trace import Trace, run

CONTAINERS = (nn.Sequential, gategrad.nn.Sequential)
# Where the modules that hold a network keep it: copies for averages or devices, compiled ones.
_WRAPPED_AS = ("module", "_orig_mod")
_WIDTHS = ("in_dim", "n_inputs", "n_outputs")


def draft_of(
    net: nn.Module,
    *,
    ignore_hooks: bool = False,
    input_shape: Sequence[int] | None = None,
    head: int | str | None = None,
) -> Draft:
    """The draft of a whole network.

    Args:
        net: a chain, or any module whose forward pass moves wires between modules with gates.
        ignore_hooks: whether hooks are let be.
        input_shape: of a row, for a network that is no chain; found out where None.
        head: which output, of a network that returns several.

    Raises:
        DiscretizeError: names the first module that is no part of a circuit.
    """
    if _is_chain(net):
        if head is not None:
            raise DiscretizeError(
                f"head={head!r} is for a network of several outputs; leave it out"
            )
        return walk(net, "", Draft(), ignore_hooks=ignore_hooks)
    for path, module in net.named_modules():
        if not ignore_hooks:
            plain.check_hooks(module, plain.named(module, path))
    shape = _shape(net) if input_shape is None else tuple(map(int, input_shape))
    trace = Trace(Draft(), math.prod(shape))
    try:
        out = run(net, trace, shape, _find)
    except DiscretizeError as error:
        if input_shape is not None:
            raise
        raise DiscretizeError(
            f"{error} (rows were taken for {math.prod(shape)} wide, as its first module reads; "
            "pass input_shape= if they are not)"
        ) from None
    return trace.output(out, head)


def walk(module: nn.Module, path: str, draft: Draft, *, ignore_hooks: bool = False) -> Draft:
    """Continue `draft` with `module`, which is at `path` in the network ("" is the network).

    Raises:
        DiscretizeError: names the first module that is no part of a circuit.
    """
    name = plain.named(module, path)
    if not ignore_hooks:
        plain.check_hooks(module, name)
    if _is_container(module):
        # named_children() would leave out a layer that is used a second time.
        parts = [(f"{path}.{key}" if path else key, m) for key, m in module._modules.items()]
        return reduce(
            lambda so_far, part: walk(part[1], part[0], so_far, ignore_hooks=ignore_hooks),
            parts,
            draft,
        )
    return (_emitter(module) or _refuse(module, name))(module, name, draft)


def _is_chain(module: nn.Module) -> bool:
    """Whether a network is nested Sequentials of modules that are known, or refused by name."""
    if _is_container(module):
        return all(map(_is_chain, module._modules.values()))
    return _known_base(module) is not None or _is_torchs(module)


def _find(module: nn.Module, name: str) -> Emitter | None:
    """The emitter of a module that is traced; None where its forward pass runs on wires."""
    emit = _emitter(module)
    if emit is not None and not any(_is_plain(module, base) for base in NEUTRAL):
        return emit
    if emit is None and _known_base(module) is not None and not _is_container(module):
        return lambda module, name, draft: _refuse(module, name)
    return None


def _shape(net: nn.Module) -> tuple[int, ...]:
    """A guess: the network's first module with gates reads its input."""
    for module in net.modules():
        if isinstance(module, gategrad.nn.Thermometer):
            return (module.n_features,)
        if isinstance(module, gategrad.nn.LogicConv2d):
            return module.in_shape
        if _emitter(module) is None:
            continue
        for attribute in _WIDTHS:
            if isinstance(width := getattr(module, attribute, None), int):
                return (width,)
    raise DiscretizeError(
        f"{type(net).__name__} has no layer with gates; expected at least one, such as "
        "nn.LogicDense(in_dim, out_dim), or input_shape= for modules of one's own"
    )


def _emitter(module: nn.Module) -> Emitter | None:
    for base, emit in emitters().items():
        if _is_plain(module, base):
            return emit
    return None


def _refuse(module: nn.Module, name: str) -> Callable[..., Draft]:
    known = ", ".join(["Sequential", *(base.__name__ for base in OWN)])
    raise DiscretizeError(
        f"{name} is no part of a circuit{_why_not(module)}; supported: {known}. {_remedy(module)}"
    )


def _is_container(module: nn.Module) -> bool:
    return any(_is_plain(module, container) for container in CONTAINERS)


def _is_plain(module: nn.Module, base: type[nn.Module]) -> bool:
    """Whether `module` is a `base` that still computes what `base` does."""
    return isinstance(module, base) and not plain.overridden(module, base)


def _is_torchs(module: nn.Module) -> bool:
    """Whether a module's own class is torch's, whose forward pass nobody means to be traced."""
    return type(module).__module__.partition(".")[0] == "torch"


def _known_base(module: nn.Module) -> type[nn.Module] | None:
    known = (*emitters(), *CONTAINERS)
    return next((base for base in known if isinstance(module, base)), None)


def _why_not(module: nn.Module) -> str:
    base = _known_base(module)
    return (
        "" if base is None else f", since it overrides {', '.join(plain.overridden(module, base))}"
    )


def _remedy(module: nn.Module) -> str:
    for attribute in _WRAPPED_AS:
        if isinstance(getattr(module, attribute, None), nn.Module):
            return f"It wraps a network: give discretize its .{attribute}"
    return "Take it out, or give discretize the nn.Sequential of supported modules inside it"
