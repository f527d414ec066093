"""`gategrad data`: which data sets there are, and how to get one."""

from typing import Annotated

import typer

from gategrad import data
from gategrad.cli import report
from gategrad.cli.options import JsonOption

app = typer.Typer(help="List the data sets, or download one.", no_args_is_help=True)


@app.command("list")
def list_sets(json: JsonOption = False) -> None:
    """List the data sets: what they are, and where each would come from."""
    infos = [data.info(name) for name in data.names()]
    if json:
        report.emit_json({"sets": [_as_json(info) for info in infos]})
        return
    names = ("name", "shape", "classes", "train/test", "size", "licence", "from")
    # 78 columns in all: a terminal of 80 shows it unbroken.
    table = report.table(*names, gap=1)
    for column in table.columns[5:]:
        column.justify = "left"
    for info in infos:
        table.add_row(
            report.strong(info.name),
            "x".join(map(str, info.shape)),
            f"{len(info.classes)}",
            f"{info.n_train:,}/{info.n_test:,}",
            report.bytes_text(info.size),
            info.licence.partition(";")[0],
            data.status(info.name),
        )
    report.stdout().print(table)
    report.note("not here: gategrad data fetch NAME downloads it; GATEGRAD_DATA names a folder")


@app.command("fetch")
def fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="One of gategrad data list.")],
    json: JsonOption = False,
) -> None:
    """Make sure that a data set is on this machine, complete and with the published checksums."""
    folder = data.fetch(name)
    status = data.status(name)
    if json:
        report.emit_json({"name": name, "folder": str(folder), "from": status})
        return
    report.stdout().print(f"{name}: {folder} ({status})", markup=False, soft_wrap=True)


def _as_json(info: data.Info) -> dict[str, object]:
    return {
        "name": info.name,
        "title": info.title,
        "shape": list(info.shape),
        "classes": len(info.classes),
        "train": info.n_train,
        "test": info.n_test,
        "bytes": info.size,
        "licence": info.licence,
        "from": data.status(info.name),
    }
