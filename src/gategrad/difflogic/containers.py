"""`torch.nn.Sequential` with layers of this package: they run as one operation.

A script puts its layers into a `torch.nn.Sequential`, which calls them one by one. What each gives
then leaves the caches and comes back, and a step takes several times as long. So such a container
becomes a `gategrad.nn.Sequential` when a `LogicLayer` is put in: a subclass of torch's with the
same children, parameters and names, which looks for hooks and calls layers alone that have some.
torch tells of it by its hook for modules that are registered. Other containers stay what they are.
"""

from torch import nn
from torch.nn.modules.module import register_module_module_registration_hook

from gategrad.difflogic.layers import LogicLayer
from gategrad.nn import Sequential


def fuse_containers() -> None:
    """From now on, every `torch.nn.Sequential` that a `LogicLayer` is put into is ours."""
    register_module_module_registration_hook(_become_ours)


def _become_ours(container: nn.Module, _: str, module: nn.Module | None) -> None:
    if type(module) is LogicLayer and type(container) is nn.Sequential:
        container.__class__ = Sequential
