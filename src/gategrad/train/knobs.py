"""What a sweep may vary: the options of a recipe that have a range."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gategrad.options import options_of
from gategrad.train.recipe import Recipe

if TYPE_CHECKING:
    import optuna


@dataclass(frozen=True)
class Knob:
    """An option to vary: what to draw it from, and where it does something."""

    low: float
    high: float
    whole: bool
    applies: Callable[[Recipe], bool]

    def distribution(self) -> "optuna.distributions.BaseDistribution":
        """As Optuna has it."""
        from optuna.distributions import FloatDistribution, IntDistribution

        if self.whole:
            return IntDistribution(int(self.low), int(self.high))
        return FloatDistribution(self.low, self.high, log=True)

    def suggest(self, name: str, trial: "optuna.Trial") -> float:
        """Draw it for a trial of Optuna's own study."""
        if self.whole:
            return trial.suggest_int(name, int(self.low), int(self.high))
        return trial.suggest_float(name, self.low, self.high, log=True)


def _knobs() -> dict[str, Knob]:
    """The options of a recipe that have a range to draw from, by rank."""
    varied = [(name, about) for name, about in options_of(Recipe).items() if about.sweep]
    varied.sort(key=lambda item: item[1].sweep.rank)
    return {
        name: Knob(about.sweep.low, about.sweep.high, about.sweep.whole, about.applies.test)
        for name, about in varied
    }


KNOBS = _knobs()
