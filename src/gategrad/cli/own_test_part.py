"""A file of the user's own to test on, beside the one to train on."""

from dataclasses import replace
from pathlib import Path

from gategrad import data
from gategrad.cli.errors import CommandError
from gategrad.data.columns import CATEGORIES


def tested_on(
    own: data.OwnData,
    test: str,
    *,
    target: str | None,
    targets: str,
    decimal: str | None,
    gaps: bool,
) -> data.OwnData:
    """`own` with the rows of the file `test` as its test part.

    Raises:
        CommandError: no such file, a test part that is there already, or rows of another width.
        DataError: a file that isn't as it should be, or classes that `own` lacks.
    """
    if not Path(test).exists():
        raise CommandError(f"--test {test}: there is no such file")
    if own.x_test is not None:
        raise CommandError("DATA has a test part of its own; leave out --test")
    named = tuple(taken.name for taken in own.taken if taken.kind == CATEGORIES)
    found = data.load_file(
        test,
        target=target,
        columns=own.columns or None,
        categories=named,
        classes=own.classes,
        targets=targets,
        decimal=decimal,
        gaps=gaps,
    )
    if found.x_train.shape[1] != own.x_train.shape[1]:
        raise CommandError(
            f"{test} has {found.x_train.shape[1]} columns, and the rows to train on have "
            f"{own.x_train.shape[1]}"
        )
    return replace(own, x_test=found.x_train, y_test=found.y_train)
