"""`gategrad report`: the table and the picture of recorded runs."""

from pathlib import Path
from typing import Annotated

import typer

from gategrad import records
from gategrad.cli import report
from gategrad.cli.errors import CommandError, require_writable
from gategrad.cli.options import JsonOption


def run(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Files that gategrad train --record wrote."),
    ],
    picture: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw accuracy against live gates: .svg or .png."),
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A page to put the table into, between <!-- records --> and <!-- /records -->.",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Tell what recorded runs reached, beside what others published."""
    for path in filter(None, (picture, page)):
        require_writable(path)
    groups = records.grouped(record for path in files for record in _read(path))
    text = records.table(groups)
    if page is not None:
        page.write_text(records.between_markers(_text(page), "records", text), "utf-8")
    if picture is not None:
        records.picture(groups, picture)
    if json:
        report.emit_json({"recipes": [_figures(group) for group in groups]})
    else:
        print(report.shown(text), end="")


def _figures(group: records.Group) -> dict[str, object]:
    return {
        "data": group.first.data,
        "recipe": group.name,
        "neurons": group.first.neurons,
        "gates": group.mean("gates"),
        "hard_accuracy": group.mean("test_hard"),
        "soft_accuracy": group.mean("test_soft"),
        "validation": group.mean("validation_hard"),
        "seeds": group.seeds,
        "seconds": group.mean("seconds"),
    }


def _read(path: Path) -> list[records.Record]:
    if not path.is_file():
        raise CommandError(
            f"{path} is not a file; name one that gategrad train --record FILE wrote"
        )
    return records.read(path)


def _text(page: Path) -> str:
    if not page.is_file():
        raise CommandError(f"{page} is not a file; name a page with the markers in it")
    return page.read_text("utf-8")
