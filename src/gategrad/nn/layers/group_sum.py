"""The head of a logic network: scores from sums over groups of outputs."""

import math
import numbers
from collections.abc import Sequence
from typing import Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from gategrad.circuit import KINDS, Readout
from gategrad.nn.checks import known_name, positive_count

Numbers = float | Sequence[float]
# Outputs a class whose root is tau at "auto": 800 outputs then have tau 10.
_OUTPUTS_A_TAU = 8.0


class GroupSum(nn.Module):
    """Sum contiguous groups of outputs: `(bias + sum) / tau + offset`.

    Score c is that of outputs c n / k to (c + 1) n / k - 1, as in Petersen et al. 2022
    (arXiv 2210.08277, section 3.3, with tau, and beta as `offset` for regression). float16 and
    bfloat16 input is summed and returned in float32, which holds every count exactly.

    Args:
        k: number of groups: classes, labels or values; 1 for "binary".
        tau: temperature; larger is softer. A number, or for "regression" one a group; "auto" is the
            root of an eighth of the outputs a group, 10 for the 800 of a 10-class layer of 8,000.
        bias: whether to learn a bias a group, `bias` (k,), counted in outputs. `.eval()` and the
            circuit add it rounded to an integer.
        kind: "argmax", one of k classes; "binary", one logit, above 0 where more than half of the
            outputs are 1; "multilabel", k such logits; "regression", the scores themselves.
        offset: added to the scores of "regression", beta in the paper: a number, or one a group.

    Raises:
        ValueError: k is no positive integer, tau no finite number above 0, an unknown kind, or an
            option that the kind has no use for.
    """

    def __init__(
        self,
        k: int,
        tau: Numbers | str = 1.0,
        *,
        bias: bool = False,
        kind: str = "argmax",
        offset: Numbers = 0.0,
    ) -> None:
        super().__init__()
        self.k = positive_count("k", k)
        self.kind = known_name("kind", kind, KINDS)
        if kind == "binary" and self.k != 1:
            raise ValueError(f'kind="binary" has one sum, got k={k}; use "argmax" for more classes')
        self.tau = tau if tau == "auto" else _checked("tau", tau, self, positive=True)
        self.offset = _checked("offset", offset, self)
        if kind != "regression" and self.offset:
            raise ValueError(f'offset is for kind="regression", got {offset!r} with {kind!r}')
        # The float32 of a count is exact, so a bias in float32 rounds to what the circuit has.
        self.register_parameter("bias", nn.Parameter(torch.zeros(self.k)) if bias else None)

    @classmethod
    def regression(cls, low: ArrayLike, high: ArrayLike, n_outputs: int) -> Self:
        """A head whose scores go from `low`, no output being 1, to `high`, where all are.

        Args:
            low: number or (k,): the smallest values to predict.
            high: the largest ones; above `low`.
            n_outputs: width of the last layer, a multiple of k.

        Raises:
            ValueError: ends that are no such numbers, or widths that don't fit.
        """
        low, high = np.broadcast_arrays(*(np.atleast_1d(v).astype(float) for v in (low, high)))
        k = len(low)
        if low.ndim != 1 or not (np.isfinite(high - low) & (low < high)).all():
            raise ValueError(f"low must be below high, both finite, got {low} and {high}")
        if n_outputs < 1 or n_outputs % k:
            raise ValueError(f"{n_outputs} outputs don't split into {k} equal groups")
        tau = n_outputs // k / (high - low)
        return cls(k, _plain(tau), kind="regression", offset=_plain(low))

    def forward(self, x: Tensor) -> Tensor:
        """Scores (..., k) of outputs (..., n); k must divide n."""
        if x.ndim == 0 or x.shape[-1] % self.k or x.shape[-1] == 0:
            raise ValueError(
                f"GroupSum({self.k}) got input of shape {tuple(x.shape)}, which does not split "
                f"into {self.k} equal groups; give the last layer a multiple of {self.k} outputs"
            )
        dtype = torch.promote_types(x.dtype, torch.float32)
        # Grouping the features-major view keeps each sum's terms in contiguous rows.
        groups = x.movedim(-1, 0).unflatten(0, (self.k, -1))
        return self.scores(groups.sum(1, dtype=dtype).movedim(0, -1), x.shape[-1])

    def scores(self, sums: Tensor, n_outputs: int) -> Tensor:
        """Scores (..., k) of the sums (..., k) over n_outputs outputs in all."""
        if (centre := self._centre(n_outputs)) is not None:
            sums = sums + centre
        # The product, not the quotient: a circuit's readout stores 1 / tau in float32.
        scores = sums * _like(self.scale(n_outputs), sums)
        return scores + _like(self.offset, sums) if self.offset else scores

    def scale(self, n_outputs: int) -> Numbers:
        """Factor on the sums, 1 / tau."""
        if self.tau == "auto":
            return (n_outputs / self.k / _OUTPUTS_A_TAU) ** -0.5
        if isinstance(self.tau, tuple):
            return tuple(1.0 / tau for tau in self.tau)
        return 1.0 / self.tau

    @property
    def only_scales(self) -> bool:
        """Whether scores are sums times one number."""
        centred = self.kind in ("binary", "multilabel")
        return self.bias is None and not (centred or self.offset or isinstance(self.tau, tuple))

    def readout(self, n_outputs: int) -> Readout:
        """What a circuit with n_outputs outputs does, with the bias rounded."""
        bias = np.zeros(self.k) if self.bias is None else self.bias.detach().cpu().float().numpy()
        return Readout(
            kind=self.kind,
            indptr=np.arange(self.k + 1, dtype=np.int64) * (n_outputs // self.k),
            index=np.arange(n_outputs, dtype=np.uint32),
            weight=np.ones(n_outputs, np.int32),
            bias=np.rint(bias).astype(np.int64) - self._half(n_outputs),
            scale=np.broadcast_to(np.float32(self.scale(n_outputs)), self.k),
            offset=np.broadcast_to(np.float32(self.offset), self.k),
        )

    def _half(self, n_outputs: int) -> int:
        """What a logit is above 0 beyond: half of a group's outputs."""
        centred = self.kind in ("binary", "multilabel")
        return n_outputs // self.k // 2 if centred else 0

    def _centre(self, n_outputs: int) -> Tensor | float | None:
        half = self._half(n_outputs)
        if self.bias is None:
            return -half if half else None
        return (self.bias if self.training else self.bias.round()) - half

    def extra_repr(self) -> str:
        """The arguments, for printing."""
        tau = self.tau if isinstance(self.tau, (str, tuple)) else f"{self.tau:g}"
        special = {"bias": (self.bias is not None, False), "kind": (self.kind, "argmax")}
        special["offset"] = (self.offset, 0.0)
        more = "".join(f", {k}={v!r}" for k, (v, default) in special.items() if v != default)
        return f"k={self.k}, tau={tau}{more}"


def _checked(name: str, value: Numbers, head: GroupSum, *, positive: bool = False) -> Numbers:
    """`value` as a float, or for regression as a tuple of one a group."""
    several = isinstance(value, (Sequence, np.ndarray)) and not isinstance(value, str)
    values = tuple(value) if several else (value,)
    least = 0.0 if positive else -math.inf
    for number in values:
        if not isinstance(number, numbers.Real) or not least < number < math.inf:
            more = " above 0" if positive else ""
            auto = ', or "auto"' if positive and isinstance(number, str) else ""
            raise ValueError(f"{name} must be a finite number{more}{auto}, got {value!r}")
    if not several:
        return float(value)
    if head.kind != "regression" or len(values) != head.k:
        raise ValueError(
            f'{name} has {len(values)} numbers; expected one, or k={head.k} with kind="regression"'
        )
    return tuple(map(float, values))


def _plain(values: np.ndarray) -> Numbers:
    return values.item() if len(values) == 1 else tuple(values.tolist())


def _like(value: Numbers, sums: Tensor) -> Tensor | float:
    return sums.new_tensor(value) if isinstance(value, tuple) else value
