"""The verbs together, and the entry point."""

import os
import sys
from contextlib import suppress
from typing import Annotated

import typer
from typer.core import TyperGroup

import gategrad
from gategrad.cli import (
    bench,
    convert,
    data,
    demo,
    distill,
    ensemble,
    eval,
    experiment,
    explain,
    export,
    inspect,
    plot,
    predict,
    prune,
    records,
    sweep,
    synth,
    train,
    verify,
)
from gategrad.cli.errors import explain as in_words
from gategrad.cli.report import shown


class _Verbs(TyperGroup):
    """The one place where errors that a user can mend become a sentence and exit code 1."""

    def invoke(self, ctx: typer.Context) -> object:
        """Run the verb."""
        try:
            return super().invoke(ctx)
        except (Exception, KeyboardInterrupt) as error:
            sentence = in_words(error)
            if sentence is None:
                raise
            typer.echo(f"error: {shown(sentence)}", err=True)
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=_Verbs,
    help="Train networks of logic gates and run them as Boolean circuits.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with: gategrad demo",
)
for _verb in (
    *(demo, train, distill, sweep, experiment, eval, predict, bench, inspect, prune),
    *(convert, ensemble, export, verify, synth, explain, plot),
):
    app.command(_verb.__name__.rpartition(".")[2])(_verb.run)
# `report` is the file of what verbs print.
app.command("report")(records.run)
app.add_typer(data.app, name="data")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gategrad {gategrad.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and stop."
        ),
    ] = False,
) -> None:
    pass


def main(*, prog_name: str = "gategrad") -> None:
    """Run the command line on this process's arguments; ends the process."""
    # The process is ours: threads of OpenMP that wait leave the cores to others. Read by libgomp
    # when torch loads it.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    for stream in (sys.stdout, sys.stderr):
        # A terminal without block characters shows question marks in their place.
        with suppress(AttributeError):
            stream.reconfigure(errors="replace")
    app(prog_name=prog_name)
