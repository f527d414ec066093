"""`gategrad verify`: whether an exported file is the model's function."""

from pathlib import Path
from typing import Annotated

import typer

from gategrad.cli import report
from gategrad.cli.export import load_rows
from gategrad.cli.loading import load_model
from gategrad.cli.options import JsonOption, ModelArgument
from gategrad.export.verify import verify


def run(
    path: ModelArgument,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="What export wrote, DOT apart: .c, .v, .blif, ..."),
    ],
    rows: Annotated[
        Path | None, typer.Option(metavar="ROWS.npy", help="c, pipelines: rows to run them on.")
    ] = None,
    n_random: Annotated[
        int, typer.Option("--random", min=0, help="c: random rows to run it on.")
    ] = 1_000_000,
    seconds: Annotated[float, typer.Option(min=1, help="That a proof may take.")] = 300,
    certificate: Annotated[
        bool, typer.Option("--certificate", help="Prove again with CaDiCaL, proofs checked.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Show that FILE is the same function as MODEL; the exit code is 0 only where it is.

    Verilog, BLIF and AIGER are proven for every row, by yosys and ABC. C is run: on all rows where
    the model has at most 20 bits, else on random ones, with values on and beside the thresholds.
    JSON is compared element by element.
    """
    verdict = verify(
        load_model(path),
        file,
        rows=None if rows is None else load_rows(rows),
        n_random=n_random,
        seconds=seconds,
        certificate=certificate,
    )
    if json:
        parts = {name: list(getattr(verdict, name)) for name in ("proven", "tested", "failed")}
        report.emit_json({"equal": verdict.equal, **parts})
    else:
        for word in ("proven", "tested", "failed"):
            for line in getattr(verdict, word):
                report.stdout().print(f"{word}: {line}", highlight=False, markup=False)
    if not verdict.equal:
        raise typer.Exit(1)
