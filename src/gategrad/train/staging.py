"""What changes by itself while a network trains: temperatures fall, layers freeze."""

import math
import numbers
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import nn

from gategrad.nn import LogicConv2d, LogicDense
from gategrad.train.errors import TrainError

Anneal = tuple[float, float] | Callable[[float], float]
Freeze = tuple[float, float]
Layer = LogicDense | LogicConv2d

_SAMPLES = 9


@dataclass(frozen=True)
class Staging:
    """Temperatures and frozen layers by the share of the steps done, 0 to 1.

    Attributes:
        annealed: layers whose temperature is set, and the schedule that says to what.
        freezing: layers with the share at which each freezes, ascending.
    """

    annealed: tuple[Layer, ...] = ()
    temperature: Callable[[float], float] | None = None
    freezing: tuple[tuple[Layer, float], ...] = ()

    def apply(self, progress: float) -> None:
        """Bring the layers to where they are at `progress`; may go back as well."""
        for layer in self.annealed:
            layer.temperature = checked_temperature(self.temperature(progress), progress)
        for layer, start in self.freezing:
            layer.frozen = progress >= start

    def settings(self) -> dict[str, object]:
        """What tells one staging from another, as plain numbers."""
        shares = [i / (_SAMPLES - 1) for i in range(_SAMPLES)] if self.annealed else []
        return {
            "anneal": [float(self.temperature(share)) for share in shares],
            "freeze": [start for _, start in self.freezing],
        }


def make_staging(net: nn.Module, anneal: Anneal | None, freeze: Freeze | None) -> Staging:
    """The staging that `fit` is asked for; see there.

    Raises:
        TrainError: no temperatures or shares of the steps, or a network with nothing to change.
    """
    layers = [module for module in net.modules() if isinstance(module, Layer)]
    annealed: tuple[Layer, ...] = ()
    if anneal is not None:
        annealed = tuple(layer for layer in layers if layer.kind.logits is not None)
        if not annealed:
            raise TrainError(
                "anneal changes temperatures, and no layer has one; use a parametrization of "
                "logits, such as 'raw' or 'light-sigmoid'"
            )
    temperature = None if anneal is None else _schedule(anneal)
    return Staging(annealed, temperature, () if freeze is None else _freezing(layers, freeze))


def geometric(start: float, end: float) -> Callable[[float], float]:
    """The schedule from `start` to `end` by an equal factor a step.

    Examples:
        >>> geometric(1.0, 0.01)(0.5)
        0.1
    """
    return lambda progress: start * (end / start) ** progress


def checked_temperature(value: float, progress: float) -> float:
    """`value` as a float; TrainError unless it is a finite number above 0."""
    if not isinstance(value, numbers.Real) or not 0.0 < value < math.inf:
        raise TrainError(
            f"anneal gives the temperature {value!r} after {progress:.0%} of the steps; expected a "
            "finite number above 0"
        )
    return float(value)


def _schedule(anneal: Anneal) -> Callable[[float], float]:
    if callable(anneal):
        return anneal
    start, end = _pair("anneal", anneal, "the first and the last temperature, such as (1.0, 0.1)")
    return geometric(checked_temperature(start, 0), checked_temperature(end, 1))


def _freezing(layers: Sequence[Layer], freeze: Freeze) -> tuple[tuple[Layer, float], ...]:
    first, last = _pair("freeze", freeze, "two shares of the steps, such as (0.3, 0.8)")
    if not 0 <= first <= last < 1:
        raise TrainError(
            f"freeze is {freeze!r}; expected two shares of the steps, 0 <= first <= last < 1"
        )
    *frozen, _ = layers or [None]
    if not frozen:
        raise TrainError(
            "freeze needs at least two LogicDense layers, or LogicConv2d: the last one never "
            "freezes"
        )
    gap = (last - first) / max(1, len(frozen) - 1)
    starts = [first + i * gap for i in range(len(frozen))]
    return tuple(zip(frozen, starts, strict=True))


def _pair(name: str, value: object, expected: str) -> tuple[float, float]:
    if (
        not isinstance(value, Sequence)
        or len(value) != 2
        or not all(isinstance(v, numbers.Real) for v in value)
    ):
        raise TrainError(f"{name} is {value!r}; expected {expected}")
    return value[0], value[1]
