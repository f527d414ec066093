"""`gategrad eval`: the accuracy of a model."""

from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.table import Table
from rich.text import Text

from gategrad.circuit import figures
from gategrad.cli import report
from gategrad.cli.errors import CommandError
from gategrad.cli.loading import load_model, lower, target_names
from gategrad.cli.options import (
    BackendOption,
    DecimalOption,
    JsonOption,
    ModelArgument,
    TargetOption,
    ThreadsOption,
    Unknown,
    UnknownOption,
)
from gategrad.cli.sources import load_test
from gategrad.cli.telling import tell_unknown
from gategrad.data import formats
from gategrad.encoding import KnownCategories
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
    decimal: DecimalOption = None,
    unknown: UnknownOption = Unknown.zero,
    threads: ThreadsOption = 1,
    backend: BackendOption = None,
    json: JsonOption = False,
) -> None:
    """Measure a model's accuracy on test data, in all and for each class."""
    model = load_model(path)
    names = target_names(model)
    x, y, what = load_test(
        data or _training_data(model), model=model, target=target, decimal=decimal
    )
    if not len(y):
        raise CommandError("there are no rows to evaluate on; name other data by --data")
    tell_unknown(KnownCategories(model.encoder).unknown(x), len(y), refuse=unknown is Unknown.error)
    decided = lower(model, backend).labels(x, threads=threads)
    if model.readout.kind == "regression":
        _show_numbers(names, decided, y, what, json=json)
        return
    correct = decided == y
    if model.readout.kind == "multilabel":
        _show_labels(names, correct, what, json=json)
        return
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


def _show_labels(
    names: tuple[str, ...], correct: NDArray[np.bool_], what: str, *, json: bool
) -> None:
    """Of labels (n, k): the share that is right, in all, for each, and rows that are all right."""
    each, rows = correct.mean(0), float(correct.all(1).mean())
    if json:
        per_class = dict(zip(names, map(float, each), strict=True))
        report.emit_json(
            {
                "accuracy": float(correct.mean()),
                "subset_accuracy": rows,
                "n": len(correct),
                "per_class": per_class,
            }
        )
        return
    facts = {
        "label accuracy": report.strong(report.percent(correct.mean())),
        "all labels right": report.percent(rows),
        "rows": f"{len(correct):,}, {what}",
    }
    report.stdout().print(report.facts(facts))
    report.stdout().print()
    counts = np.full(len(names), len(correct))
    report.stdout().print(_per_class(names, counts, correct.sum(0)))


def _show_numbers(
    names: tuple[str, ...], found: NDArray, y: NDArray, what: str, *, json: bool
) -> None:
    """Of numbers (n, k): R2 and the root of the mean squared error, in all and for each."""
    columns = [(found[:, [i]], y[:, [i]]) for i in range(len(names))]
    each = [(figures.r2(*pair), figures.rmse(*pair)) for pair in columns]
    if json:
        keys = ("r2", "rmse")
        per_target = {n: dict(zip(keys, e, strict=True)) for n, e in zip(names, each, strict=True)}
        report.emit_json(
            {
                "r2": figures.r2(found, y),
                "rmse": figures.rmse(found, y),
                "n": len(y),
                "per_target": per_target,
            }
        )
        return
    facts = {
        "R2": report.strong(f"{figures.r2(found, y):.4f}"),
        "RMSE": f"{figures.rmse(found, y):.6g}",
        "rows": f"{len(y):,}, {what}",
    }
    report.stdout().print(report.facts(facts))
    report.stdout().print()
    table = report.table("target", "R2", "RMSE")
    for name, (share, error) in zip(names, each, strict=True):
        table.add_row(Text(report.shown(name)), f"{share:.4f}", f"{error:.6g}")
    report.stdout().print(table)


def _training_data(model: Model) -> str:
    if "data" not in model.meta:
        raise CommandError("the model does not say what it was trained on; name data by --data")
    if model.meta["data"] == formats.name_of(formats.STDIN):
        raise CommandError("the model was trained on standard input; name data by --data")
    return model.meta["data"]


def _per_class(names: tuple[str, ...], counts: NDArray, hits: NDArray) -> Table:
    table = report.table("class", "rows", "right", "accuracy")
    table.add_column("")
    for name, n, hit in zip(names, counts, hits, strict=True):
        share = f"{100 * hit / n:.2f} %" if n else "-"
        bar = Text(report.bar(hit / n if n else 0), "cyan")
        table.add_row(Text(report.shown(name)), f"{n:,}", f"{hit:,}", share, bar)
    return table
