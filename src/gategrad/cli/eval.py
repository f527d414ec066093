"""`gategrad eval`: the accuracy of a model."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.table import Table
from rich.text import Text

from gategrad.circuit import figures
from gategrad.circuit.probabilities import probabilities
from gategrad.cli import report
from gategrad.cli.errors import CommandError
from gategrad.cli.loading import load_model, lower, target_names
from gategrad.cli.measured import (
    OfClass,
    as_json,
    constant,
    of_classes,
    of_decisions,
    of_labels,
)
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
    tested = load_test(data or _training_data(model), model=model, target=target, decimal=decimal)
    x, y, what = tested.x, tested.y, tested.what
    for text in tested.notes:
        report.note(text)
    if not len(y):
        raise CommandError("there are no rows to evaluate on; name other data by --data")
    tell_unknown(KnownCategories(model.encoder).unknown(x), len(y), refuse=unknown is Unknown.error)
    program = lower(model, backend)
    decided = program.labels(x, threads=threads)
    kind = model.readout.kind
    if tested.seen is not None and tested.seen.share:
        what += f"; {tested.seen.text(len(y))}"
    found = {"n": len(y), **constant(kind, y)}
    found["seen_in_training"] = None if tested.seen is None else tested.seen.share
    if kind == "regression":
        _show_numbers(names, decided, y, what, found if json else None)
    elif kind == "multilabel":
        _show_labels(names, decided, y, what, found if json else None)
    else:
        p = _probabilities(model, program.scores(x, threads=threads))
        _show_classes(names, Decided(kind, decided, p), y, what, found if json else None)


Found = dict[str, object] | None


# Of a larger table no screen shows the counts.
_MOST_SHOWN = 12


@dataclass(frozen=True)
class Decided:
    """What a classifier says of rows: classes (n,), and their probabilities (n, classes)."""

    kind: str
    labels: NDArray
    probabilities: NDArray


def _probabilities(model: Model, scores: NDArray) -> NDArray:
    p = probabilities(model.readout.kind, scores, (model.meta or {}).get("link"))
    return np.hstack([1 - p, p]) if model.readout.kind == "binary" else p


def _show_classes(
    names: tuple[str, ...], said: Decided, y: NDArray, what: str, found: Found
) -> None:
    """Of classes (n,): the share that is right, in all and for each. `found` goes to JSON."""
    kind, decided = said.kind, said.labels
    accuracy, classes = float(np.mean(decided == y)), of_classes(names, decided, y)
    unseen = int((y < 0).sum())
    together = of_decisions(decided, said.probabilities, y, len(names))
    if found is not None:
        per_class = {name: one.accuracy for name, one in classes.items()}
        more = as_json(kind, classes) | together | {"unseen": unseen}
        report.emit_json({"accuracy": accuracy, "per_class": per_class, **found, **more})
        return
    facts = {
        "accuracy": report.strong(report.percent(accuracy)),
        **_constant(constant(kind, y)),
        **_together(together, len(np.unique(y[y >= 0]))),
        "rows": f"{len(y):,}, {what}",
    }
    if unseen:
        facts["unseen"] = f"{unseen:,} rows of classes that the model doesn't know, all wrong"
    tables = [_table("class", "rows", "right", classes)]
    if len(names) <= _MOST_SHOWN:
        tables.insert(0, _confusion(names, together["confusion"]))
    _print(facts, *tables)


def _together(found: dict[str, object], there: int) -> report.Facts:
    facts: report.Facts = {}
    if found["balanced_accuracy"] is not None:
        share = report.percent(found["balanced_accuracy"])
        facts["balanced"] = f"{share}, {report.percent(1 / there)} of a constant answer"
    if found.get("auc") is not None:
        facts["AUC"] = f"{found['auc']:.4f}, 0.5 of a constant answer"
        facts["log loss"] = f"{found['log_loss']:.4f}"
    return facts


def _confusion(names: tuple[str, ...], counts: list[list[int]]) -> Table:
    """A row for each class, with how many of its rows were taken for each."""
    table = report.table("taken for", *map(report.shown, names))
    for name, row in zip(names, counts, strict=True):
        table.add_row(Text(report.shown(name)), *(f"{count:,}" for count in row))
    return table


def _show_labels(
    names: tuple[str, ...], decided: NDArray, y: NDArray, what: str, found: Found
) -> None:
    """Of labels (n, k): the share that is right, in all, for each, and rows that are all right."""
    correct, classes = decided == y, of_labels(names, decided, y)
    accuracy, rows = float(correct.mean()), float(correct.all(1).mean())
    if found is not None:
        per_class = {name: one.accuracy for name, one in classes.items()}
        figures_ = {"accuracy": accuracy, "subset_accuracy": rows, "per_class": per_class}
        report.emit_json({**figures_, **found, **as_json("multilabel", classes)})
        return
    facts = {
        "label accuracy": report.strong(report.percent(accuracy)),
        **_constant(constant("multilabel", y)),
        "all labels right": report.percent(rows),
        "rows": f"{len(correct):,}, {what}",
    }
    _print(facts, _table("label", "ones", "found", classes))


def _show_numbers(
    names: tuple[str, ...], predicted: NDArray, y: NDArray, what: str, found: Found
) -> None:
    """Of numbers (n, k): R2 and the root of the mean squared error, in all and for each."""
    columns = [(predicted[:, [i]], y[:, [i]]) for i in range(len(names))]
    each = [(figures.r2(*pair), figures.rmse(*pair)) for pair in columns]
    if found is not None:
        keys = ("r2", "rmse")
        per_target = {n: dict(zip(keys, e, strict=True)) for n, e in zip(names, each, strict=True)}
        whole = {"r2": figures.r2(predicted, y), "rmse": figures.rmse(predicted, y)}
        report.emit_json({**whole, **found, "per_target": per_target})
        return
    facts = {
        "R2": report.strong(f"{figures.r2(predicted, y):.4f}"),
        "RMSE": f"{figures.rmse(predicted, y):.6g}",
        **_constant(constant("regression", y)),
        "rows": f"{len(y):,}, {what}",
    }
    table = report.table("target", "R2", "RMSE")
    for name, (share, error) in zip(names, each, strict=True):
        table.add_row(Text(report.shown(name)), f"{share:.4f}", f"{error:.6g}")
    _print(facts, table)


def _constant(found: dict[str, float]) -> report.Facts:
    """The figure beside, of a model that always says the same."""
    ((name, value),) = found.items()
    return {"always the same": f"{value:.6g} RMSE" if "rmse" in name else report.percent(value)}


def _print(facts: report.Facts, *tables: Table) -> None:
    console = report.stdout()
    console.print(report.facts(facts))
    for table in tables:
        console.print()
        console.print(table)


def _training_data(model: Model) -> str:
    if "test" in model.meta:
        return model.meta["test"]
    if "data" not in model.meta:
        raise CommandError("the model does not say what it was trained on; name data by --data")
    if model.meta["data"] == formats.name_of(formats.STDIN):
        raise CommandError("the model was trained on standard input; name data by --data")
    return model.meta["data"]


def _table(what: str, rows: str, right: str, classes: dict[str, OfClass]) -> Table:
    share = "recall" if what == "label" else "accuracy"
    table = report.table(what, rows, right, share, "precision", "F1")
    table.add_column("")
    for name, one in classes.items():
        recall = "-" if one.recall is None else report.percent(one.recall)
        f1 = "-" if one.f1 is None else f"{one.f1:.3f}"
        bar = Text(report.bar(one.recall or 0), "cyan")
        precision = "-" if one.precision is None else report.percent(one.precision)
        cells = (f"{one.rows:,}", f"{one.right:,}", recall, precision, f1)
        table.add_row(Text(report.shown(name)), *cells, bar)
    return table
