"""The encoder in the network: features to bits, with levels that may learn."""

import math
from typing import Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx, once_differentiable

from gategrad import encoding
from gategrad.nn.checks import layer_input

_EXACT_IN_FLOAT32 = (
    torch.bool,
    torch.uint8,
    torch.int8,
    torch.int16,
    torch.float16,
    torch.bfloat16,
    torch.float32,
)


class Thermometer(nn.Module):
    """Compare F features with T levels each, strictly: output `t * F + f` is `x[f] > levels[t, f]`.

    The comparison and the order of bits are those of `encoding.Thermometer`, in `.train()` and in
    `.eval()` alike, so the circuit of `discretize`, which takes over the levels as its encoder,
    sees the bits that the network was trained with.

    Learned levels are `sort(start + scale * shift)` down each feature's column, so they stay
    ordered whatever the optimizer does. Their gradient is that of the soft comparison
    `sigmoid((x - level) / (temperature * scale))`, at the hard one's place (straight-through,
    arXiv 1308.3432); so is that of `x`, where `x` wants one.

    `start` (T, F) float64 and `scale` (F,) float64 are buffers; `shift` (T, F), 0 at first, is the
    parameter of a learnable one. A gate's learning rate suits it: 1 is one step between levels.

    Args:
        levels: (T, F) numbers, not NaN, non-decreasing down each column; or an
            `encoding.Thermometer`.
        learnable: whether the levels are trained.
        temperature: width of the soft comparison, in units of `scale`.

    Raises:
        EncodingError: levels of another shape, dtype or order.
        ValueError: the temperature is no finite number above 0.
    """

    # Of pickles that were saved without them.
    names: tuple[str, ...] | None = None
    fitted_on: str | None = None

    def __init__(
        self,
        levels: ArrayLike | encoding.Thermometer,
        *,
        learnable: bool = False,
        temperature: float = 1.0,
    ) -> None:
        super().__init__()
        if not isinstance(levels, encoding.Thermometer):
            levels = encoding.Thermometer(levels)
        if not 0.0 < temperature < math.inf:
            raise ValueError(f"temperature must be a finite number above 0, got {temperature!r}")
        self.temperature = float(temperature)
        self.names, self.fitted_on = levels.names, levels.fitted_on
        self.register_buffer("start", torch.tensor(levels.levels))
        self.register_buffer("scale", torch.tensor(_spacing(levels.levels)))
        shift = torch.zeros(self.start.shape, dtype=torch.get_default_dtype())
        self.register_parameter("shift", nn.Parameter(shift) if learnable else None)

    @classmethod
    def quantile(
        cls, x: ArrayLike, bits: int, *, learnable: bool = False, temperature: float = 1.0
    ) -> Self:
        """Levels at the quantiles of rows (n, F); see `encoding.Thermometer.quantile`."""
        levels = encoding.Thermometer.quantile(x, bits)
        return cls(levels, learnable=learnable, temperature=temperature)

    @classmethod
    def uniform(
        cls,
        x: ArrayLike,
        bits: int,
        *,
        low: ArrayLike | None = None,
        high: ArrayLike | None = None,
        learnable: bool = False,
        temperature: float = 1.0,
    ) -> Self:
        """Levels evenly spaced over the range; see `encoding.Thermometer.uniform`."""
        levels = encoding.Thermometer.uniform(x, bits, low=low, high=high)
        return cls(levels, learnable=learnable, temperature=temperature)

    @property
    def n_features(self) -> int:
        """Features F of a row."""
        return self.start.shape[1]

    @property
    def n_inputs(self) -> int:
        """Bits of a row, T * F."""
        return self.start.numel()

    def levels(self) -> Tensor:
        """The levels (T, F) float64 as they are now, non-decreasing down each column."""
        if self.shift is None:
            return self.start.double()
        levels = self.start.double() + self.scale.double() * self.shift.double()
        return levels.sort(dim=0).values

    def encoder(self) -> encoding.Thermometer:
        """The levels as they are now, as an encoder without torch.

        Raises:
            EncodingError: a level is NaN, because training diverged.
        """
        levels = self.levels().detach().cpu().numpy()
        return encoding.Thermometer(levels, self.names, self.fitted_on)

    def forward(self, x: Tensor) -> Tensor:
        """Bits (..., T * F) of features (..., F), any leading dimensions.

        Returns:
            0.0 and 1.0 in the dtype of `shift` where the levels are learnable or `x` wants a
            gradient, else bool.

        Raises:
            ValueError: another width, or NaN.
        """
        x = layer_input("Thermometer", x, self.n_features)
        _refuse_nan(x)
        levels = self.levels()
        if self.shift is None and not x.requires_grad:
            return _exceeds(x, levels).flatten(-2)
        width = self.temperature * self.scale.double()
        dtype = torch.get_default_dtype() if self.shift is None else self.shift.dtype
        return _Compare.apply(x, levels, width, dtype).flatten(-2)

    def extra_repr(self) -> str:
        """Sizes and settings, for printing."""
        n_levels, n_features = self.start.shape
        learnable = self.shift is not None
        return f"{n_features}, levels={n_levels}, learnable={learnable}"


class _Compare(torch.autograd.Function):
    """Hard comparisons (..., T, F) of x (..., F) with levels (T, F), with soft ones' gradients."""

    @staticmethod
    def forward(
        ctx: FunctionCtx, x: Tensor, levels: Tensor, width: Tensor, dtype: torch.dtype
    ) -> Tensor:
        ctx.save_for_backward(x, levels, width)
        return _exceeds(x, levels).to(dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, levels, width = ctx.saved_tensors
        dtype = grad.dtype
        # The difference in float64: features and levels may be large and close.
        distance = ((x.double().unsqueeze(-2) - levels) / width).nan_to_num_().to(dtype)
        soft = torch.sigmoid(distance)
        slope = grad * soft * (1 - soft) / width.to(dtype)
        grad_x = slope.sum(-2).to(x.dtype) if ctx.needs_input_grad[0] else None
        grad_levels = -slope.reshape(-1, *levels.shape).sum(0).to(levels.dtype)
        return grad_x, grad_levels, None, None


def _exceeds(x: Tensor, levels: Tensor) -> Tensor:
    """`x > levels` exactly, bool (..., T, F) of x (..., F) and levels (T, F) float64."""
    if x.dtype not in _EXACT_IN_FLOAT32:
        return x.double().unsqueeze(-2) > levels
    # They exceed a level where they exceed the float32 below it.
    return x.float().unsqueeze(-2) > _round_down(levels)


def _round_down(levels: Tensor) -> Tensor:
    """The largest float32 that is not above each level."""
    nearest = levels.float()
    below = torch.nextafter(nearest, torch.full_like(nearest, -math.inf))
    return torch.where(nearest.double() > levels, below, nearest)


def _refuse_nan(x: Tensor) -> None:
    if not x.is_floating_point() or x.is_meta:
        return
    bad = x.isnan()
    if bad.any():
        place = bad.nonzero()[0].tolist()
        raise ValueError(
            f"Thermometer got NaN at {place} of {tuple(x.shape)}; fill it in or drop the row"
        )


def _spacing(levels: np.ndarray) -> np.ndarray:
    """What one unit of `shift` is: the mean distance between a feature's levels.

    Where it has one level only, that level's size, or 1.
    """
    finite = np.where(np.isfinite(levels), levels, 0.0)
    gap = (finite[-1] - finite[0]) / max(len(levels) - 1, 1)
    size = np.abs(finite).max(axis=0)
    return np.where(gap > 0, gap, np.where(size > 0, size, 1.0))
