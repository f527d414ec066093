"""`gategrad experiment`: the founding papers' experiments by name."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import wraps
from pathlib import Path
from statistics import mean
from typing import Annotated, Any

import typer

from gategrad import records
from gategrad.cli import report
from gategrad.cli.errors import CommandError, require_torch, require_writable
from gategrad.cli.options import JsonOption
from gategrad.experiments.catalogue import EXPERIMENTS, Experiment, find_experiment
from gategrad.experiments.light_report import light_tables
from gategrad.experiments.options import SHORT, UNDERSCORED, ExperimentOptions
from gategrad.options import options_of

_GIVEN = "given"
LIGHT_STUDY = "light-study"


def _takes_options(verb: Callable[..., None]) -> Callable[..., None]:
    """The verb's parameter `given`, `ExperimentOptions`, as one option of typer a field."""
    own = inspect.signature(verb).parameters.values()
    made = [_parameter(name) for name in options_of(ExperimentOptions)]
    names = {parameter.name for parameter in made}

    @wraps(verb)
    def run(**values: Any) -> None:
        given = ExperimentOptions(**{name: values.pop(name) for name in names})
        verb(**values, **{_GIVEN: given})

    run.__signature__ = inspect.Signature(
        [q for p in own for q in (made if p.name == _GIVEN else [p])]
    )
    return run


def _parameter(name: str) -> inspect.Parameter:
    about = options_of(ExperimentOptions)[name]
    default = next(f.default for f in fields(ExperimentOptions) if f.name == name)
    flags = [f"--{name.replace('_', '-')}", *SHORT.get(name, ())]
    flags += [f"--{name}"] if name in UNDERSCORED else []
    option = typer.Option(*flags, min=about.least, help=about.help)
    kind = about.kind if default is not None else about.kind | None
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option]
    )


@_takes_options
def run(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help=", ".join((*EXPERIMENTS, LIGHT_STUDY)) + "."),
    ],
    *,
    given: ExperimentOptions,
    seed: Annotated[
        int, typer.Option("--seed", "-s", min=0, help="Of wiring, weights and order.")
    ] = 0,
    runs: Annotated[int, typer.Option(min=1, help="Runs, with this seed and those after it.")] = 1,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads; all cores by default.")
    ] = None,
    folds: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="Judge the recipe by cross-validation on the training rows, in so many parts; "
            "nothing is recorded, and the test rows are not looked at.",
        ),
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="Of light-study: mnist, cifar-10 or cifar-100.")
    ] = None,
    depths: Annotated[
        str | None,
        typer.Option(metavar="N,N", help="Of light-study: multiples of the layers; 1,2,5,10,20."),
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Append what was done and reached; experiments.jsonl or light.jsonl.",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Train and test as the papers did, by difflogic's names and options, and append a record.

    Networks, steps and encodings are the papers' own where nothing else is said. `gategrad report
    --experiments FILE` makes the table, with the published figures beside. light-study compares the
    parametrizations raw and light; what its file has already is not measured again.
    """
    if name == LIGHT_STUDY:
        if folds is not None:
            raise CommandError(f"--folds is not for {LIGHT_STUDY}")
        record = record or Path("light.jsonl")
        _light_study(given, (data or "mnist", depths), (seed, runs), threads, record, json)
        return
    if data or depths:
        raise CommandError(f"--data and --depths are for {LIGHT_STUDY}")
    experiment = find_experiment(name)
    if folds is not None:
        if record is not None:
            raise CommandError("--folds records nothing: leave out --record")
        _judge(experiment, given, range(seed, seed + runs), folds, threads, json)
        return
    record = record or Path("experiments.jsonl")
    require_writable(record)
    require_torch()
    from gategrad.cli.fitting import threads_for
    from gategrad.experiments.run import run as run_once
    from gategrad.train.process import torch_threads

    made = []
    for number in range(seed, seed + runs):
        with torch_threads(threads_for(threads)):
            found = run_once(experiment, given, number, report.note)
        records.append(record, found)
        made.append(found)
        report.note(f"seed {number}: {report.percent(found.test_hard)} on the test rows")
    (group,) = records.grouped(made)
    figures = {
        "hard_accuracy": group.mean("test_hard"),
        "soft_accuracy": group.mean("test_soft"),
        "neurons": group.first.neurons,
        "gates": group.mean("gates"),
        "seconds": group.mean("seconds"),
        "seeds": group.seeds,
    }
    if json:
        report.emit_json(figures)
    else:
        print(records.table([group]), end="")


def _judge(
    experiment: Experiment,
    given: ExperimentOptions,
    seeds: Sequence[int],
    folds: int,
    threads: int | None,
    json: bool,
) -> None:
    require_torch()
    from gategrad.cli.fitting import threads_for
    from gategrad.experiments.folds import cross_validate
    from gategrad.train.process import torch_threads

    found = []
    for seed in seeds:
        with torch_threads(threads_for(threads)):
            found.append(cross_validate(experiment, given, seed, folds))
        report.note(f"seed {seed}: {report.percent(found[-1])} on training rows held back")
    figures = {"validation": mean(found), "folds": folds, "seeds": list(seeds)}
    if json:
        report.emit_json(figures)
    else:
        print(f"{report.percent(figures['validation'])} on training rows held back")


def _light_study(
    given: ExperimentOptions,
    about: tuple[str, str | None],
    seeds: tuple[int, int],
    threads: int | None,
    record: Path,
    json: bool,
) -> None:
    require_writable(record)
    require_torch()
    from gategrad.cli.fitting import threads_for
    from gategrad.experiments.light import from_options, run_study
    from gategrad.train.process import torch_threads

    first, runs = seeds
    for seed in range(first, first + runs):
        study = from_options(given, *about, seed)
        with torch_threads(threads_for(threads)):
            lines = run_study(study, record, report.note)
    if json:
        report.emit_json({"measured": len(lines), "record": str(record)})
    else:
        print(light_tables(lines), end="")
