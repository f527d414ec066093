"""What was done with a table that its owner may not expect, on stderr."""

from collections.abc import Sequence

from gategrad.cli import report
from gategrad.cli.errors import CommandError
from gategrad.cli.sources import Source
from gategrad.data.columns import told
from gategrad.encoding import Unknown


def tell_columns(source: Source) -> None:
    """Say what each column was taken for, and what was left out."""
    if source.taken:
        report.note(f"columns of {source.name}:")
    for line in told(source.taken):
        report.note(f"  {line}")
    for text in source.notes:
        report.note(text)


def tell_unknown(unknown: Sequence[Unknown], n: int, *, refuse: bool = False) -> None:
    """Say how many of n rows hold categories that the model doesn't know.

    Raises:
        CommandError: there are some, and `refuse`.
    """
    for one in unknown:
        text = (
            f"{one.name}: {one.count:,} of {n:,} rows hold a category that the model doesn't know, "
            f"such as {one.example!r}"
        )
        if refuse:
            raise CommandError(f"{text}; correct it, or leave out --unknown error")
        report.note(f"{text}; it counts as none of those that it knows")
