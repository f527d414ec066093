"""The OR of windows."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from gategrad.nn.layers.conv.sizes import pair


class OrPool2d(nn.Module):
    """OR over the windows of every channel: the largest value, which on bits is the same.

    The gradient goes to the first of equal values, row by row. Rows and columns that make no whole
    window are left out, as `torch.nn.MaxPool2d` does (LogicTreeNet, arXiv 2411.04732, section 3.2).

    Args:
        size: of a window, one number or (height, width).
        stride: from one window to the next, likewise; None: windows side by side.

    Raises:
        ValueError: no integers of at least 1.

    Examples:
        >>> OrPool2d(2)(torch.eye(4)[None, None])[0, 0]
        tensor([[1., 0.],
                [0., 1.]])
    """

    def __init__(self, size: int | Sequence[int], stride: int | Sequence[int] | None = None):
        super().__init__()
        self.size = pair("size", size)
        self.stride = self.size if stride is None else pair("stride", stride)

    def out_size(self, height: int, width: int) -> tuple[int, int]:
        """Windows of an image of this size, down and across.

        Raises:
            ValueError: an image smaller than a window.
        """
        if height < self.size[0] or width < self.size[1]:
            raise ValueError(
                f"OrPool2d of {self.size[0]}x{self.size[1]} got images of {height}x{width}; "
                "expected at least one window"
            )
        rows = (height - self.size[0]) // self.stride[0] + 1
        return rows, (width - self.size[1]) // self.stride[1] + 1

    def forward(self, x: Tensor) -> Tensor:
        """(..., channels, height, width) to (..., channels, windows down, windows across).

        Numbers stay in their dtype; bool and integers become torch's default one.

        Raises:
            TypeError: no real tensor.
            ValueError: fewer than three dimensions, or images smaller than a window.
        """
        if not isinstance(x, Tensor) or x.is_complex():
            found = x.dtype if isinstance(x, Tensor) else type(x).__name__
            raise TypeError(f"OrPool2d takes a tensor of real values, got {found}")
        if x.ndim < 3:
            raise ValueError(
                "OrPool2d expects images of shape (batch, channels, height, width), got "
                f"{tuple(x.shape)}"
            )
        self.out_size(*x.shape[-2:])
        x = x if x.is_floating_point() else x.to(torch.get_default_dtype())
        images = x.reshape(-1, *x.shape[-3:])
        # As a third dimension of the windows, samples stay where layers of gates lay them: last.
        windows, strides = (*self.size, 1), (*self.stride, 1)
        pooled = functional.max_pool3d(images.permute(1, 2, 3, 0), windows, strides)
        return pooled.permute(3, 0, 1, 2).reshape(*x.shape[:-2], *pooled.shape[1:3])

    def n_gates(self, shape: tuple[int, int, int]) -> int:
        """OR gates of two inputs that a pool over images of `shape` is."""
        height, width = self.out_size(*shape[1:])
        return shape[0] * height * width * (self.size[0] * self.size[1] - 1)

    def windows(self, shape: tuple[int, int, int]) -> Tensor:
        """Places (channels, windows down, windows across, pixels) in a flat image of `shape`."""
        self.out_size(*shape[1:])
        places = torch.arange(math.prod(shape)).view(shape)
        for axis in (0, 1):
            places = places.unfold(axis + 1, self.size[axis], self.stride[axis])
        return places.flatten(-2)

    def extra_repr(self) -> str:
        """Sizes, for printing."""
        stride = "" if self.stride == self.size else f", stride={self.stride}"
        return f"{self.size}{stride}"
