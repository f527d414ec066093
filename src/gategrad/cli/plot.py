"""`gategrad plot`: pictures of a model."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from gategrad.cli import report
from gategrad.cli.errors import CommandError, require_writable
from gategrad.cli.export import read_shape
from gategrad.cli.loading import load_model
from gategrad.cli.options import DecimalOption, JsonOption, ModelArgument, TargetOption
from gategrad.cli.sources import load_test
from gategrad.plots import plot_model
from gategrad.plots.picture import checked_ending, style


def run(
    path: ModelArgument,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="A .svg, .png or .pdf.")],
    data: Annotated[
        str | None,
        typer.Option(metavar="DATA", help="A set, or a file as for eval: draw how good it is too."),
    ] = None,
    target: TargetOption = None,
    decimal: DecimalOption = None,
    image_shape: Annotated[
        str | None,
        typer.Option(metavar="CxHxW", help="Shape of rows that are images, or none."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Draw the functions of a model's gates and what they read.

    With --data also the confusion matrix and the accuracy of each class or label, or numbers beside
    the true ones.
    """
    checked_ending(out)
    require_writable(out)
    with style():
        pass  # without matplotlib nothing is loaded
    if data is None and (target is not None or decimal is not None):
        raise CommandError("--target and --decimal are for --data, which names the rows")
    model = load_model(path)
    shape = None if image_shape is None else read_shape(image_shape)
    decided = targets = None
    rows = 0
    if data is not None:
        tested = load_test(data, model=model, target=target, decimal=decimal)
        for text in tested.notes:
            report.note(text)
        if not len(tested.y):
            raise CommandError("there are no rows to draw; name other data by --data")
        decided, targets = model.program().labels(tested.x), np.asarray(tested.y)
        rows = len(targets)
    plot_model(model, decided, targets, image_shape=shape).save(out)
    if json:
        report.emit_json({"file": str(out), "rows": rows})
        return
    report.stdout().print(f"{out}, {report.bytes_text(out.stat().st_size)}")
