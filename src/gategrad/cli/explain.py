"""`gategrad explain`: what a class, or the decision on a row, rests on."""

from pathlib import Path
from typing import Annotated

import typer
from numpy.typing import NDArray

from gategrad.cli import report
from gategrad.cli.errors import CommandError
from gategrad.cli.export import load_rows, name_of
from gategrad.cli.loading import load_model
from gategrad.cli.options import JsonOption, ModelArgument
from gategrad.data.cells import few
from gategrad.export.explain import explain
from gategrad.model.labels import Labels


def run(
    path: ModelArgument,
    wanted: Annotated[
        str | None, typer.Option("--class", metavar="C", help="A class: its number, or its name.")
    ] = None,
    row: Annotated[
        str | None, typer.Option(metavar="ROWS.npy:N", help="Row N, from 0, of a file.")
    ] = None,
    rows: Annotated[
        Path | None,
        typer.Option(metavar="ROWS.npy", help="What a class's inputs are measured on."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FOLDER", help="Write text, DOT and one HTML page."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show the logic that a class of MODEL, or its decision on a row, rests on, and which inputs.

    For a row these are the outputs that speak for the winner, and of each gate the operands that
    already fix its value. Optimize the model first.
    """
    if (wanted is None) == (row is None):
        raise CommandError("give either --class C or --row ROWS.npy:N")
    model = load_model(path)
    made = explain(
        model,
        number=None if wanted is None else _number(wanted, model.labels),
        row=None if row is None else _one_row(row),
        rows=None if rows is None else load_rows(rows),
        name=name_of(path),
    )
    written = [] if out is None else made.write(out)
    if json:
        report.emit_json({"files": [str(file) for file in written], "lines": _text(made)})
        return
    for line in [str(file) for file in written] or _text(made):
        report.stdout().print(line, highlight=False, markup=False, soft_wrap=True)


def _text(made) -> list[str]:
    (name,) = (name for name in made.files if name.endswith(".txt"))
    return str(made[name]).splitlines()


def _number(wanted: str, labels: Labels | None) -> int:
    """The place of a class that is given by its number or its name."""
    if wanted.isdecimal():
        return int(wanted)
    names = [label for label in labels or () if isinstance(label, str)]
    if wanted in names:
        return names.index(wanted)
    also = f", or a name: {few(names)}" if names else "; the model's classes have no names"
    raise CommandError(f"--class is {wanted!r}; expected a number{also}")


def _one_row(given: str) -> NDArray:
    file, _, place = given.rpartition(":")
    if not file or not place.isdecimal():
        raise CommandError(f"--row is {given!r}; expected a file and a number, such as rows.npy:7")
    rows = load_rows(Path(file))
    if int(place) >= len(rows):
        raise CommandError(f"{file} has {len(rows)} rows, numbered from 0; there is no row {place}")
    return rows[int(place)]
