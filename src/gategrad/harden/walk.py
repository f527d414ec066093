"""Visit the modules of a network in the order in which it calls them."""

from functools import reduce

from torch import nn

import gategrad.nn
from gategrad.harden import plain
from gategrad.harden.draft import Draft
from gategrad.harden.emitters import EMITTERS, Emitter
from gategrad.harden.errors import DiscretizeError

CONTAINERS = (nn.Sequential, gategrad.nn.Sequential)
# Where the modules that hold a network keep it: copies for averages or devices, compiled ones.
_WRAPPED_AS = ("module", "_orig_mod")


def walk(module: nn.Module, path: str, draft: Draft, *, ignore_hooks: bool = False) -> Draft:
    """Continue `draft` with `module`, which is at `path` in the network ("" is the network).

    Raises:
        DiscretizeError: names the first module that is no part of a circuit.
    """
    name = f"module {path!r} ({type(module).__name__})" if path else type(module).__name__
    if not ignore_hooks:
        plain.check_hooks(module, name)
    if any(_is_plain(module, container) for container in CONTAINERS):
        # named_children() would leave out a layer that is used a second time.
        parts = [(f"{path}.{key}" if path else key, m) for key, m in module._modules.items()]
        return reduce(
            lambda so_far, part: walk(part[1], part[0], so_far, ignore_hooks=ignore_hooks),
            parts,
            draft,
        )
    return _emitter(module, name)(module, name, draft)


def _emitter(module: nn.Module, name: str) -> Emitter:
    for base, emit in EMITTERS.items():
        if _is_plain(module, base):
            return emit
    known = ", ".join(["Sequential", *(base.__name__ for base in EMITTERS)])
    raise DiscretizeError(
        f"{name} is no part of a circuit{_why_not(module)}; supported: {known}. {_remedy(module)}"
    )


def _is_plain(module: nn.Module, base: type[nn.Module]) -> bool:
    """Whether `module` is a `base` that still computes what `base` does."""
    return isinstance(module, base) and not plain.overridden(module, base)


def _why_not(module: nn.Module) -> str:
    for base in (*EMITTERS, *CONTAINERS):
        if isinstance(module, base):
            return f", since it overrides {', '.join(plain.overridden(module, base))}"
    return ""


def _remedy(module: nn.Module) -> str:
    for attribute in _WRAPPED_AS:
        if isinstance(getattr(module, attribute, None), nn.Module):
            return f"It wraps a network: give discretize its .{attribute}"
    return "Take it out, or give discretize the nn.Sequential of supported modules inside it"
