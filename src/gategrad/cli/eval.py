"""`gategrad eval`: the accuracy of a model."""

from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.table import Table
from rich.text import Text

from gategrad.cli import report
from gategrad.cli.errors import CommandError
from gategrad.cli.loading import class_names, load_model, lower
from gategrad.cli.options import (
    BackendOption,
    JsonOption,
    ModelArgument,
    TargetOption,
    ThreadsOption,
)
from gategrad.cli.sources import load_test
from gategrad.model import Model


def run(
    path: ModelArgument,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE", help="A set's name, a .npz or a .csv; the training's by default."
        ),
    ] = None,
    target: TargetOption = None,
    threads: ThreadsOption = 1,
    backend: BackendOption = None,
    json: JsonOption = False,
) -> None:
    """Measure a model's accuracy on test data, in all and for each class."""
    model = load_model(path)
    names = class_names(model)
    x, y, what = load_test(data or _training_data(model), model=model, target=target)
    if not len(y):
        raise CommandError("there are no rows to evaluate on; name other data by --data")
    correct = lower(model, backend).labels(x, threads=threads) == y
    counts = np.bincount(y, minlength=len(names))
    hits = np.bincount(y[correct], minlength=len(names))
    if json:
        shares = [hit / n if n else None for hit, n in zip(hits, counts, strict=True)]
        per_class = dict(zip(names, shares, strict=True))
        report.emit_json({"accuracy": float(correct.mean()), "n": len(y), "per_class": per_class})
        return
    console = report.stdout()
    console.print(
        report.facts(
            {
                "accuracy": report.strong(report.percent(correct.mean())),
                "rows": f"{len(y):,}, {what}",
            }
        )
    )
    console.print()
    console.print(_per_class(names, counts, hits))


def _training_data(model: Model) -> str:
    if "data" not in model.meta:
        raise CommandError("the model does not say what it was trained on; name data by --data")
    return model.meta["data"]


def _per_class(names: tuple[str, ...], counts: NDArray, hits: NDArray) -> Table:
    table = report.table("class", "rows", "right", "accuracy")
    table.add_column("")
    for name, n, hit in zip(names, counts, hits, strict=True):
        share = f"{100 * hit / n:.2f} %" if n else "-"
        bar = Text(report.bar(hit / n if n else 0), "cyan")
        table.add_row(Text(name), f"{n:,}", f"{hit:,}", share, bar)
    return table
