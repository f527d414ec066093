"""`gategrad report`: the table and the picture of recorded runs."""

from pathlib import Path
from typing import Annotated

import typer

from gategrad import records
from gategrad.cli import report
from gategrad.cli.errors import CommandError, require_writable
from gategrad.cli.options import JsonOption
from gategrad.experiments.light_report import light_tables
from gategrad.experiments.picture import picture as experiment_picture
from gategrad.experiments.report import figures as experiment_figures
from gategrad.experiments.report import table as experiment_table
from gategrad.records.journal import read_lines


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
    experiments: Annotated[
        bool,
        typer.Option(
            "--experiments",
            help="The table of the papers' experiments, with a command a row; rows that nobody ran "
            "say so.",
        ),
    ] = False,
    light: Annotated[
        bool,
        typer.Option(
            "--light", help="The tables of light-study, between <!-- light --> and <!-- /light -->."
        ),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Tell what recorded runs reached, beside what others published."""
    for path in filter(None, (picture, page)):
        require_writable(path)
    if light:
        _light(files, page, refused=bool(picture or experiments or json))
        return
    found = [record for path in files for record in _read(path)]
    groups = records.grouped(found)
    text = experiment_table(found) if experiments else records.table(groups)
    if page is not None:
        page.write_text(records.between_markers(_text(page), "records", text), "utf-8")
    if picture is not None:
        if experiments:
            experiment_picture(found, picture)
        else:
            records.picture(groups, picture)
    if json:
        made = experiment_figures(found) if experiments else list(map(_figures, groups))
        report.emit_json({"recipes": made})
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
        "validation": group.validation,
        "seeds": group.seeds,
        "seconds": group.mean("seconds"),
    }


def _light(files: list[Path], page: Path | None, *, refused: bool) -> None:
    if refused:
        raise CommandError("--light takes neither --experiments, --picture nor --json")
    lines = [values for path in files for _, values in read_lines(_existing(path))]
    text = light_tables(lines)
    if page is not None:
        page.write_text(records.between_markers(_text(page), "light", text), "utf-8")
    print(report.shown(text), end="")


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise CommandError(
            f"{path} is not a file; name one that gategrad train --record FILE wrote"
        )
    return path


def _read(path: Path) -> list[records.Record]:
    return records.read(_existing(path))


def _text(page: Path) -> str:
    if not page.is_file():
        raise CommandError(f"{page} is not a file; name a page with the markers in it")
    return page.read_text("utf-8")
