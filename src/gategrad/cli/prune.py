"""`gategrad prune`: fewer gates for a little accuracy."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from gategrad.circuit.figures import figure
from gategrad.cli import report
from gategrad.cli.errors import CommandError, require_engine, require_writable
from gategrad.cli.loading import load_model
from gategrad.cli.options import DecimalOption, JsonOption, ModelArgument, TargetOption
from gategrad.cli.sources import load_training
from gategrad.model import Model
from gategrad.pruning import Pruned, Round, prune


def run(
    path: ModelArgument,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="OUT.gg", help="The smaller model.")],
    data: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE", help="Rows to prune on; the training's by default."),
    ] = None,
    budget: Annotated[
        float,
        typer.Option(min=0, max=100, help="Points of accuracy (R2 x 100) that it may lose."),
    ] = 0.2,
    target: TargetOption = None,
    decimal: DecimalOption = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the rows that are held back.")] = 0,
    json: JsonOption = False,
) -> None:
    """Turn gates of MODEL into constants and wires, as many as the budget allows.

    A tenth of the training rows is held back, and the budget is spent on their accuracy. The test
    rows are looked at once, at the end.
    """
    require_engine()
    require_writable(out)
    model = load_model(path)
    name = data or model.meta.get("data")
    if not name:
        raise CommandError(f"{path} doesn't say what it was trained on; name rows by --data")
    x, y, *test = load_training(name, model=model, target=target, decimal=decimal)
    known = y >= 0 if model.readout.kind in ("argmax", "binary") else np.ones(len(y), bool)
    if not known.all():
        report.note(f"{(~known).sum():,} rows of classes that the model doesn't know are left out")
    on_round = None if json else _show
    found = prune(model, x[known], _labels(model, y[known]), budget=budget, seed=seed,
                  on_round=on_round)  # fmt: skip
    found.model.save(out)
    before, after = (_figure(m, *test) for m in (model, found.model))
    figures = _figures(found) | {"test_before": before, "test": after}
    if json:
        rounds = [{"gates": r.gates, "figure": r.figure, "loss": r.loss} for r in found.rounds]
        report.emit_json(figures | {"rounds": rounds})
        return
    report.stdout().print(report.facts(_facts(found, figures, out)))


def _labels(model: Model, y: NDArray) -> NDArray:
    """Classes as the model gives them back."""
    if model.labels is None or model.readout.kind not in ("argmax", "binary"):
        return y
    return np.array(model.labels)[y]


def _figure(model: Model, x: NDArray, y: NDArray) -> float | None:
    """On the test rows, if there are some."""
    decided = model.program().labels(x) if len(y) else None
    return None if decided is None else figure(model.readout.kind, decided, y)


def _figures(found: Pruned) -> dict[str, object]:
    kept = found.kept
    return {
        "gates_before": found.rounds[0].gates,
        "gates": kept.gates,
        "held_before": found.rounds[0].figure,
        "held": kept.figure,
        "held_rows": found.rows,
    }


def _show(found: Round) -> None:
    report.note(f"{found.gates:,} gates: {report.percent(found.figure)} of the held-back rows")


def _facts(found: Pruned, figures: dict[str, object], out: Path) -> report.Facts:
    def both(before: str, after: str) -> str:
        pair = figures[before], figures[after]
        return " to ".join("none" if v is None else report.percent(v) for v in pair)

    saved = 1 - found.kept.gates / max(1, found.rounds[0].gates)
    return {
        "file": f"{out}, {report.bytes_text(out.stat().st_size)}",
        "live gates": report.strong(
            f"{found.rounds[0].gates:,} to {found.kept.gates:,}", f", {report.percent(saved)} fewer"
        ),
        f"{found.figure}, held back": f"{both('held_before', 'held')} of {found.rows:,} rows",
        f"{found.figure}, test": both("test_before", "test"),
    }
