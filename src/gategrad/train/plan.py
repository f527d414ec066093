"""What a run is to do, and the checks of the numbers that say so."""

import operator
from dataclasses import dataclass, fields
from math import ceil
from numbers import Real

from gategrad.options import TrainingOptions, options_of
from gategrad.train.errors import TrainError
from gategrad.train.optimizers import schedule_factor

DEFAULT_STEPS = 5_000
_EVALUATIONS = 20


@dataclass(frozen=True)
class Plan(TrainingOptions):
    """Training options whose numbers are checked and said: steps, rows a step, evaluations."""

    seed: int = 0
    resample_every: int | None = None

    def notes(self) -> dict[str, object]:
        """What a run that goes on must share, by name."""
        known = options_of(TrainingOptions)
        noted = [f.name for f in fields(self) if f.name not in known or known[f.name].noted]
        return {name: getattr(self, name) for name in noted}


def make_plan(
    n_rows: int, options: TrainingOptions, *, seed: int, resample_every: int | None = None
) -> Plan:
    """The plan for `n_rows` rows to train on.

    Raises:
        TrainError: a number that is none or too small, both steps and epochs, or an unknown
            schedule.
    """
    schedule_factor(options.schedule)
    batch_size = min(whole("batch_size", options.batch_size, least=1), n_rows)
    steps = _steps(options.steps, options.epochs, n_rows // batch_size)
    checked = {
        "steps": steps,
        "batch_size": batch_size,
        "eval_every": _maybe("eval_every", options.eval_every) or ceil(steps / _EVALUATIONS),
        "patience": _maybe("patience", options.patience),
        "grad_clip": _clip(options.grad_clip),
        "gate_penalty": _penalty(options.gate_penalty),
        "ema": _ema(options.ema, resample_every),
    }
    resample_every = _maybe("resample_every", resample_every)
    return Plan(**(vars(options) | checked), seed=seed, resample_every=resample_every)


def _maybe(name: str, value: int | None) -> int | None:
    return None if value is None else whole(name, value, least=1)


def whole(name: str, value: int, *, least: int) -> int:
    """`value` as an int.

    Raises:
        TrainError: it is no integer, or below `least`.
    """
    try:
        number = least - 1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = least - 1
    if number < least:
        raise TrainError(f"{name} is {value!r}; expected an integer of at least {least}")
    return number


def _clip(value: float | None) -> float | None:
    number = isinstance(value, Real) and not isinstance(value, bool)
    if value is not None and not (number and 0 < value < float("inf")):
        raise TrainError(f"grad_clip is {value!r}; expected a number above 0, such as 10")
    return None if value is None else float(value)


def _ema(value: float | None, resample_every: int | None) -> float | None:
    number = isinstance(value, Real) and not isinstance(value, bool)
    if value is not None and not (number and 0 < value < 1):
        raise TrainError(f"ema is {value!r}; expected a number above 0 and below 1, such as 0.999")
    if value is not None and resample_every is not None:
        raise TrainError(
            f"ema={value!r} averages weights over steps, and resample_every={resample_every!r} "
            "draws some anew, which have nothing to do with those before; give one of them"
        )
    return None if value is None else float(value)


def _penalty(value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= value < float("inf"):
        raise TrainError(f"gate_penalty is {value!r}; expected a number of at least 0")
    return float(value)


def _steps(steps: int | None, epochs: float | None, steps_an_epoch: int) -> int:
    if steps is not None and epochs is not None:
        raise TrainError(f"got steps={steps!r} and epochs={epochs!r}; give one of them")
    if epochs is None:
        return whole("steps", DEFAULT_STEPS if steps is None else steps, least=1)
    if not 0 < epochs < float("inf"):
        raise TrainError(f"epochs is {epochs!r}; expected a number above 0")
    return ceil(epochs * steps_an_epoch)
