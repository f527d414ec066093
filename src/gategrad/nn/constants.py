"""Small constant tensors, made once: but never those that tracing made.

Under a fake, functional or other dispatch mode, in `torch.export` and `torch.compile`, a tensor is
a stand-in without values, or bound to the trace; in inference mode it can't be trained with; in the
capture of a CUDA graph only the graph computes it. None of these may outlive its context.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import torch
from torch import Tensor

Key = ParamSpec("Key")


def traced() -> bool:
    """Whether something records or replaces operations, so that tensors may be stand-ins."""
    return bool(
        torch.compiler.is_compiling()
        or torch._C._len_torch_dispatch_stack()
        or torch._C._are_functorch_transforms_active()
        or torch._C._is_tracing()
    )


def captured(device: torch.device) -> bool:
    """Whether a CUDA graph is being captured on `device`'s kind."""
    return device.type == "cuda" and torch.cuda.is_current_stream_capturing()


def constant(make: Callable[Key, Tensor]) -> Callable[Key, Tensor]:
    """`make`, whose tensor is kept for each of its arguments and must not be modified.

    The arguments are hashable and positional; a tensor on a device must be made on it by name.
    `cache_clear()` forgets them all.
    """
    kept: dict[tuple[object, ...], Tensor] = {}

    @wraps(make)
    def get(*key: Key.args, **_: Key.kwargs) -> Tensor:
        if traced():
            return make(*key)
        found = kept.get(key)
        if found is None:
            with torch.inference_mode(False), torch.no_grad():
                found = make(*key)
            if not captured(found.device):
                kept[key] = found
        return found

    get.cache_clear = kept.clear
    return get
