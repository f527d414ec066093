"""What tests of native layers on values of any kind share."""

from collections.abc import Callable

import pytest
import torch

from gategrad import _core
from gategrad.nn.executors.training_variable import VARIABLE

ONE_OPERATION = ["train_forward_float64", "train_backward_float64"]
BATCHES = (0, 1, 3, 17, 64, 100)
ESTIMATORS = ("soft", "straight-through")
# Borders on all sides, windows that overlap and that leave pixels out, one pixel, one line.
CONV_SHAPES = (
    {"kernel_size": 3, "in_size": (7, 6), "padding": 1},
    {"kernel_size": 3, "in_size": (7, 6), "stride": 2, "padding": 1},
    {"kernel_size": (2, 5), "in_size": (5, 9), "stride": (3, 1), "padding": (0, 4)},
    {"kernel_size": 4, "in_size": (4, 5)},
    {"kernel_size": (1, 3), "in_size": (1, 40), "padding": (0, 1), "in_channels": 6, "channels": 6},
)


def noted_calls(monkeypatch: pytest.MonkeyPatch, prefix: str) -> list[str]:
    """Names of the core's functions that begin so, as they are called from now on."""
    seen = []

    def noted(name: str, run: Callable) -> Callable:
        return lambda *given, **named: (seen.append(name), run(*given, **named))[1]

    for name in [name for name in dir(_core) if name.startswith(prefix)]:
        monkeypatch.setattr(_core, name, noted(name, getattr(_core, name)))
    return seen


def bytes_kept(module: torch.nn.Module, x: torch.Tensor) -> int:
    """Bytes that a pass of `module` on x keeps for the backward pass, each memory once."""
    kept: dict[int, int] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        _out = module(x.requires_grad_())  # holds on to what is kept
    return sum(kept.values())


def images(batch: int, *shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.rand(batch, *shape, generator=torch.Generator().manual_seed(batch)).to(dtype)


def rows(batch: int, width: int = 24, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.rand(batch, width, generator=torch.Generator().manual_seed(batch)).to(dtype)


def gradients(module: torch.nn.Module, x: torch.Tensor) -> list[torch.Tensor]:
    """Output, gradients of x and of all weights, for a fixed gradient of the output."""
    x = x.clone().requires_grad_()
    out = module(x)
    upstream = torch.linspace(-1, 2, out.numel(), dtype=out.dtype).reshape(out.shape)
    return [out.detach(), *torch.autograd.grad(out, (x, *module.parameters()), upstream)]


def torch_gradients(module, x, monkeypatch) -> list[torch.Tensor]:
    """The same by plain torch."""
    with monkeypatch.context() as patch:
        patch.setenv(VARIABLE, "torch")
        return gradients(module, x)


def check_one_operation(module, x, monkeypatch) -> None:
    """Forward and backward are one call of the core each, and what plain torch gives."""
    with monkeypatch.context() as patch:
        called = noted_calls(patch, "train_")
        got = gradients(module, x)
    assert called == ONE_OPERATION
    wanted = torch_gradients(module, x, monkeypatch)
    torch.testing.assert_close(got, wanted, rtol=1e-11, atol=1e-11)


def check_float32(module, x, monkeypatch) -> None:
    """What plain torch gives, within the rounding of float32."""
    wanted = torch_gradients(module, x, monkeypatch)
    torch.testing.assert_close(gradients(module, x), wanted, rtol=1e-4, atol=1e-5)


def gradients_on_threads(module: torch.nn.Module, x: torch.Tensor) -> list[list[torch.Tensor]]:
    """`gradients` on one, two and three threads."""
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            found.append(gradients(module, x))
    finally:
        torch.set_num_threads(before)
    return found
