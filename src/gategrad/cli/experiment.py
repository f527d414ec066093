"""`gategrad experiment`: the founding papers' experiments by name."""

import inspect
from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from gategrad import records
from gategrad.cli import report
from gategrad.cli.errors import require_torch, require_writable
from gategrad.cli.options import JsonOption
from gategrad.experiments.catalogue import EXPERIMENTS, find_experiment
from gategrad.experiments.options import SHORT, UNDERSCORED, ExperimentOptions
from gategrad.options import options_of

_GIVEN = "given"


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
    name: Annotated[str, typer.Argument(metavar="NAME", help=", ".join(EXPERIMENTS) + ".")],
    *,
    given: ExperimentOptions,
    seed: Annotated[
        int, typer.Option("--seed", "-s", min=0, help="Of wiring, weights and order.")
    ] = 0,
    runs: Annotated[int, typer.Option(min=1, help="Runs, with this seed and those after it.")] = 1,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads; all cores by default.")
    ] = None,
    record: Annotated[
        Path, typer.Option(metavar="FILE", help="Append what was done and reached.")
    ] = Path("experiments.jsonl"),
    json: JsonOption = False,
) -> None:
    """Train and test as the papers did, by difflogic's names and options, and append a record.

    Networks, steps and encodings are the papers' own where nothing else is said. `gategrad report
    --experiments FILE` makes the table, with the published figures beside.
    """
    experiment = find_experiment(name)
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
