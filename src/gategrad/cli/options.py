"""Options and arguments that several verbs share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gategrad.engine import BACKENDS

Backend = StrEnum("Backend", {name: name for name in BACKENDS})

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")
]
ModelArgument = Annotated[Path, typer.Argument(metavar="MODEL", help="A .gg file.")]
ThreadsOption = Annotated[int, typer.Option(min=1, help="Threads to work with.")]
BackendOption = Annotated[
    Backend | None, typer.Option(help="Engine that runs; the best one by default.")
]
TargetOption = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Column of a .csv that holds the labels; several of labels or numbers, as a,b.",
    ),
]
