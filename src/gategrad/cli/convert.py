"""`gategrad convert`: a forest of another library as a model of gates."""

from pathlib import Path
from typing import Annotated

import typer

from gategrad import trees
from gategrad.circuit import live_gates
from gategrad.cli import report
from gategrad.cli.errors import require_writable
from gategrad.cli.export import load_rows
from gategrad.cli.options import JsonOption


def run(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="FOREST", help="A LightGBM text file, or an XGBoost .json or .ubj file."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="MODEL", help="The .gg file.")],
    bits: Annotated[
        int | None,
        typer.Option(help="Binary digits of a leaf's value; 16, or what --rows asks for."),
    ] = None,
    rows: Annotated[
        Path | None,
        typer.Option(
            metavar="ROWS.npy", help="Take as few digits as give the forest's labels on these."
        ),
    ] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="Take scores before the objective transforms them.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Turn a forest into a model: splits exactly, the values of leaves as whole numbers.

    Every row reaches the leaves that it reaches in the library. It is said how far scores may be
    off.
    """
    require_writable(out)
    calibration = None if rows is None else load_rows(rows)
    found = trees.convert(path, calibration, bits=bits, raw=raw)
    model = found.model.optimize()
    model.save(out)
    figures = {
        "trees": found.forest.n_trees,
        "gates": live_gates(model.circuit),
        "comparisons": model.circuit.n_inputs,
        "bits": found.bits,
        "score_error": found.bound,
        "calibration_rows": found.rows,
    }
    if json:
        report.emit_json(figures)
        return
    facts = {
        "file": f"{out}, {report.bytes_text(out.stat().st_size)}",
        "trees": f"{figures['trees']:,}",
        "live gates": f"{figures['gates']:,}, and {figures['comparisons']:,} comparisons",
        "leaves": f"{found.bits} bits",
        "scores": f"off by at most {found.bound:.3g}",
        "labels": "not compared; pass --rows"
        if rows is None
        else f"those of the forest on all {found.rows:,} rows",
    }
    report.stdout().print(report.facts(facts))
