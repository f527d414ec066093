"""Options and arguments that several verbs share."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gategrad.cli.errors import CommandError
from gategrad.encoding.onehot import UNKNOWN
from gategrad.engine import BACKENDS

Backend = StrEnum("Backend", {name: name for name in BACKENDS})

Unknown = StrEnum("Unknown", {name: name for name in UNKNOWN})

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")
]
ModelArgument = Annotated[Path, typer.Argument(metavar="MODEL", help="A .gg file.")]
ThreadsOption = Annotated[int, typer.Option(min=1, help="Threads to work with.")]
BackendOption = Annotated[
    Backend | None, typer.Option(help="Engine that runs; the best one by default.")
]
DecimalOption = Annotated[
    str | None,
    typer.Option(
        metavar="SIGN",
        help="Decimal sign of a .csv, . or , (where semicolons separate the cells, either).",
    ),
]
UnknownOption = Annotated[
    Unknown, typer.Option(help="Categories that the model doesn't know: told (zero), or an error.")
]
TargetOption = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Column of a table that holds the labels; several of labels or numbers, as a,b.",
    ),
]


def read_image_shape(text: str, flag: str) -> tuple[int, ...]:
    """The numbers of a shape such as "28x28" or "3x32x32".

    Raises:
        CommandError: `text`, given by `flag`, is none.
    """
    if not re.fullmatch(r"[1-9]\d*(x[1-9]\d*){1,2}", text, re.ASCII):
        raise CommandError(f"{flag} is {text!r}; expected such as 28x28 or 3x32x32")
    return tuple(map(int, text.split("x")))
