"""`gategrad predict`: labels or scores of the rows in files, into a file."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Display

from gategrad import files
from gategrad.cli import report
from gategrad.cli.errors import CommandError, require_writable
from gategrad.cli.loading import load_model, lower
from gategrad.cli.options import (
    BackendOption,
    DecimalOption,
    JsonOption,
    ModelArgument,
    Unknown,
    UnknownOption,
)
from gategrad.cli.telling import tell_unknown

STDOUT = Path("-")


def run(
    path: ModelArgument,
    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="INPUT...",
            help="Rows: .npy, .npz, .csv, .tsv, .csv.gz, .parquet, .arrow, .feather; - is a .csv "
            "on stdin.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            metavar="OUT",
            help="A .npy, .csv or .parquet file; - is a .csv on standard output.",
        ),
    ],
    as_scores: Annotated[
        bool, typer.Option("--scores", help="Write a score for each class instead of labels.")
    ] = False,
    as_probabilities: Annotated[
        bool,
        typer.Option("--proba", help="Write a probability for each class instead of labels."),
    ] = False,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Insist on continuing an interrupted run, or say why not."),
    ] = False,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads to predict with; all cores by default.")
    ] = None,
    backend: BackendOption = None,
    decimal: DecimalOption = None,
    unknown: UnknownOption = Unknown.zero,
    json: JsonOption = False,
) -> None:
    """Predict each row of the INPUTs, in order, and write the labels to OUT, whole or not at all.

    Files may be bigger than memory. A .npz holds the rows as x (or x_test). Of a table the model's
    columns are taken by name where it knows them, else all.

    Interrupted? The same command goes on where it stopped; with other inputs, another model or
    other options it starts anew.
    """
    to_stdout = out == STDOUT
    if to_stdout and json:
        raise CommandError("-o - writes the rows to standard output; leave out --json")
    if not to_stdout:
        require_writable(out)
    if Path("-") in inputs and sys.stdin is None:
        raise CommandError("standard input is closed; name files, or pipe a .csv into -")
    model = load_model(path)
    program = lower(model, backend)
    try:
        with _bar() as progress:
            done = files.predict(
                model,
                inputs,
                out,
                scores=as_scores,
                probabilities=as_probabilities,
                threads=threads,
                backend=backend,
                resume=resume,
                progress=progress,
                note=report.note,
                decimal=decimal,
                unknown=unknown,
            )
    except KeyboardInterrupt:
        goes_on = "; the same command goes on where it stopped" if files.unfinished(out) else ""
        raise CommandError(f"interrupted{goes_on}") from None
    tell_unknown(done.unknown, done.n - done.resumed)
    if json:
        report.emit_json(
            {
                "n": done.n,
                "out": str(out),
                "seconds": done.seconds,
                "rows_per_second": done.rows_per_second,
                "resumed": done.resumed,
                "threads": done.threads,
                "backend": program.backend,
                "isa": program.isa,
            }
        )
        return
    what = "probabilities" if as_probabilities else "scores" if as_scores else "labels"
    place = "on standard output" if to_stdout else f"in {out}"
    console = report.stderr() if to_stdout else report.stdout()
    console.print(
        f"{done.n:,} rows: {what} {place} ({report.rate(done.rows_per_second)})",
        markup=False,
        soft_wrap=True,
    )


@contextmanager
def _bar() -> Iterator[Callable[[files.Progress], None] | None]:
    """A progress bar on stderr, or nothing where that is no terminal."""
    console = report.stderr()
    if not console.is_terminal:
        yield None
        return
    columns = (
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TimeRemainingColumn(),
    )
    with Display(*columns, console=console, transient=True) as display:
        task = display.add_task("", total=None, rows=0)

        def show(at: files.Progress) -> None:
            display.update(task, completed=at.position, total=at.size or None, rows=at.rows)

        yield show
