"""`gategrad prune`: fewer gates for a little accuracy."""

from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from numpy.typing import NDArray

import gategrad
from gategrad.circuit.figures import figure
from gategrad.cli import report
from gategrad.cli import train_options as options
from gategrad.cli.errors import CommandError, require_engine, require_torch, require_writable
from gategrad.cli.loading import load_model
from gategrad.cli.options import DecimalOption, JsonOption, ModelArgument, TargetOption
from gategrad.cli.sources import image_shape_of, load_training
from gategrad.model import Model
from gategrad.pruning import Pruned, Round, prune
from gategrad.records import Frontier, append_frontier, frontier_picture, machine_kind
from gategrad.records.picture import checked_ending

if TYPE_CHECKING:
    from gategrad.distill import Retraining
    from gategrad.train import Warp


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
    finetune: Annotated[
        int, typer.Option(min=0, help="Steps to train the gates after each round; needs torch.")
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Of the rows that are held back.")] = 0,
    threads: options.TrainThreadsOption = None,
    record: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Append gates and accuracy of all rounds, as JSON."),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(metavar="FILE.svg", help="Draw accuracy against gates, as .svg or .png."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Turn gates of MODEL into constants and wires, as many as the budget allows.

    A tenth of the training rows is held back, and the budget is spent on their accuracy. The test
    rows are looked at once, at the end.
    """
    require_engine()
    if finetune:
        require_torch()
    elif threads is not None:
        raise CommandError("--threads is for training between rounds; give --finetune STEPS too")
    for file in (out, record or out, picture or out):
        require_writable(file)
    if picture is not None:
        checked_ending(picture)
    started, model = process_time(), load_model(path)
    name = data or model.meta.get("data")
    if not name:
        raise CommandError(f"{path} doesn't say what it was trained on; name rows by --data")
    x, y, *test = load_training(name, model=model, target=target, decimal=decimal)
    known = y >= 0 if model.readout.kind in ("argmax", "binary") else np.ones(len(y), bool)
    if not known.all():
        report.note(f"{(~known).sum():,} rows of classes that the model doesn't know are left out")
    found = prune(
        model, x[known], _labels(model, y[known]), budget=budget, seed=seed,
        on_round=None if json else _show,
        retrain=_retraining(model, name, finetune, seed, threads) if finetune else None,
    )  # fmt: skip
    found.model.save(out)
    seconds = process_time() - started
    before, after = (_figure(m, *test) for m in (model, found.model))
    figures = _figures(found) | {"test_before": before, "test": after}
    made = _record(found, figures, path.stem, name, (budget, finetune, seed), seconds)
    if record is not None:
        append_frontier(record, made)
    if picture is not None:
        frontier_picture([made], picture)
    if json:
        rounds = [{"gates": r.gates, "figure": r.figure, "loss": r.loss} for r in found.rounds]
        report.emit_json(figures | {"rounds": rounds})
        return
    report.stdout().print(report.facts(_facts(found, figures, out)))


def _retraining(
    model: Model, name: str, steps: int, seed: int, threads: int | None
) -> "Retraining":
    """Training between rounds, by labels and by what the model says before any of them."""
    from gategrad.cli.fitting import threads_for
    from gategrad.distill import Retraining
    from gategrad.train.tuning import check_log_odds

    check_log_odds(model)
    return Retraining(
        steps, transform=_warp(model, name), teacher=model, seed=seed, threads=threads_for(threads)
    )


def _warp(model: Model, name: str) -> "Warp | None":
    """The warps of the preset that a model was trained with, of images of a known set."""
    from gategrad.train import preset

    shape, known = image_shape_of(name), model.meta.get("preset")
    if shape is None or known is None:
        return None
    recipe = preset(known, name)
    return recipe.warp(shape) if recipe.augment else None


def _record(
    found: Pruned,
    figures: dict[str, object],
    name: str,
    data: str,
    asked: tuple[float, int, int],
    seconds: float,
) -> Frontier:
    budget, finetune, seed = asked
    return Frontier(
        model=name, data=data, figure=found.figure, budget=budget, finetune=finetune, seed=seed,
        held_rows=found.rows, gates=tuple(r.gates for r in found.rounds),
        held=tuple(r.figure for r in found.rounds), kept=found.rounds.index(found.kept),
        test_before=figures["test_before"], test=figures["test"], seconds=round(seconds, 1),
        machine=machine_kind(), gategrad=gategrad.__version__,
    )  # fmt: skip


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
