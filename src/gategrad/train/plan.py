"""What a run is to do, and the checks of the numbers that say so."""

import operator
from dataclasses import dataclass
from math import ceil
from numbers import Real

from gategrad.train.errors import TrainError
from gategrad.train.optimizers import schedule_factor

DEFAULT_STEPS = 5_000
_EVALUATIONS = 20


@dataclass(frozen=True)
class Plan:
    """Checked numbers of a run; see `fit`."""

    steps: int
    batch_size: int
    eval_every: int
    schedule: str
    patience: int | None
    seed: int
    gate_penalty: float = 0.0
    resample_every: int | None = None


def make_plan(
    n_rows: int,
    *,
    steps: int | None,
    epochs: float | None,
    batch_size: int,
    eval_every: int | None,
    schedule: str,
    patience: int | None,
    seed: int,
    gate_penalty: float = 0.0,
    resample_every: int | None = None,
) -> Plan:
    """The plan for `n_rows` rows to train on.

    Raises:
        TrainError: a number that is none or too small, both steps and epochs, or an unknown
            schedule.
    """
    schedule_factor(schedule)
    batch_size = min(whole("batch_size", batch_size, least=1), n_rows)
    steps = _steps(steps, epochs, n_rows // batch_size)
    if eval_every is None:
        eval_every = ceil(steps / _EVALUATIONS)
    return Plan(
        steps=steps,
        batch_size=batch_size,
        eval_every=whole("eval_every", eval_every, least=1),
        schedule=schedule,
        patience=None if patience is None else whole("patience", patience, least=1),
        seed=seed,
        gate_penalty=_penalty(gate_penalty),
        resample_every=None
        if resample_every is None
        else whole("resample_every", resample_every, least=1),
    )


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
