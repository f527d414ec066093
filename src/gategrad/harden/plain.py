"""Whether a module still computes what its class does: hooks and overridden methods.

A circuit is made from a module's tables and wires. What else a module does when it is called, no
emitter can see, so it is looked for here, and refused.
"""

import inspect

from torch import nn
from torch.nn.modules import module as global_hooks

from gategrad.harden.errors import DiscretizeError

# How any module is called, and what no value depends on.
_CALLS = frozenset({"forward", "__call__", "_call_impl", "_wrapped_call_impl"})
_HARMLESS = frozenset({"extra_repr", "_special_repr", "_load_from_state_dict"})
_HOOKS = {
    "_forward_pre_hooks": "a forward pre-hook",
    "_forward_hooks": "a forward hook",
}
_GLOBAL_HOOKS = {
    "_global_forward_pre_hooks": "register_module_forward_pre_hook",
    "_global_forward_hooks": "register_module_forward_hook",
}


def overridden(module: nn.Module, base: type[nn.Module]) -> list[str]:
    """Names of methods and properties of `base` that `module`, an instance, replaces.

    That is by its own class or by an attribute of the instance, such as `module.forward = f`.
    """
    own = type(module)
    return sorted(
        name
        for name in _CALLS | _methods(base)
        if name in vars(module)
        or inspect.getattr_static(own, name) is not inspect.getattr_static(base, name)
    )


def named(module: nn.Module, path: str) -> str:
    """A module's name for messages; `path` is where it is in the network, "" being the network."""
    return f"module {path!r} ({type(module).__name__})" if path else type(module).__name__


def check_hooks(module: nn.Module, name: str) -> None:
    """Raise DiscretizeError where a hook of `module`, or of a part of it, may change values.

    weight_norm and spectral_norm of torch.nn.utils are pre-hooks too.
    """
    parts = [("", module)] if isinstance(module, nn.Sequential) else module.named_modules()
    for path, part in parts:
        for attribute, what in _HOOKS.items():
            if getattr(part, attribute):
                raise DiscretizeError(
                    f"{f'{path} of ' if path else ''}{name} has {what}, which may change values, "
                    "and the circuit would not have it; remove it with the handle's remove(), or "
                    "pass ignore_hooks=True if it only looks"
                )


def check_global_hooks() -> None:
    """Raise DiscretizeError where hooks of all modules may change what any of them gives."""
    for attribute, what in _GLOBAL_HOOKS.items():
        if getattr(global_hooks, attribute):
            raise DiscretizeError(
                f"torch.nn.modules.module.{what} has added a hook to all modules, which may change "
                "values, and the circuit would not have it; remove it, or pass ignore_hooks=True "
                "if it only looks"
            )


def _methods(base: type[nn.Module]) -> set[str]:
    """Names of a class's own methods and properties; a container's decide nothing."""
    if issubclass(base, nn.Sequential):
        return set()
    return {
        name
        for name, value in vars(base).items()
        if hasattr(value, "__get__") and not isinstance(value, classmethod)
        if name not in _HARMLESS and not name.startswith("__")
    }
