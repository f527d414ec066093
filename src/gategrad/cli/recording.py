"""The record of a training run. Imports torch."""

import torch

import gategrad
from gategrad.cli.fitting import Outcome, threads_for
from gategrad.cli.sources import Source
from gategrad.records import Record, machine_kind
from gategrad.train import Recipe, Result


def make_record(
    recipe: Recipe,
    result: Result,
    outcome: Outcome,
    source: Source,
    *,
    preset: str,
    options: dict[str, object],
    seed: int,
    total_seconds: float,
    resumed: bool,
    threads: int | None,
) -> Record:
    """What the run was told and what it reached; the other arguments are those of `Record`."""
    return Record(
        data=source.name,
        preset=preset,
        options={name: plain(value) for name, value in options.items()},
        settings=recipe.settings(),
        seed=seed,
        validation_hard=result.hard_accuracy,
        validation_soft=result.soft_accuracy,
        test_hard=outcome.hard_accuracy,
        test_soft=outcome.soft_accuracy,
        neurons=outcome.model.neurons,
        gates=outcome.gates,
        steps=result.steps,
        best_step=result.best_step,
        seconds=round(result.seconds, 2),
        total_seconds=round(total_seconds, 2),
        resumed=resumed,
        threads=threads_for(threads),
        machine=machine_kind(),
        gategrad=gategrad.__version__,
        torch=torch.__version__.partition("+")[0],
        columns={column.name: column.said for column in source.taken},
    )


def plain(value: object) -> object:
    """A value as JSON has it."""
    return list(value) if isinstance(value, tuple) else value
