"""Which format a file's name says, and the text of one, packed or not, or of standard input."""

import gzip
import io
import os
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from gategrad.data.errors import DataError

STDIN = Path("-")
CSV = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
ARROW = (".parquet", ".arrow", ".feather")
TABLES = (CSV[0], *ARROW, *CSV[1:])


@dataclass(frozen=True)
class Text:
    """Text to read: `lines`, and how many bytes of the file it took so far."""

    lines: TextIO
    position: Callable[[], int]


def suffix(path: Path) -> str:
    """The end of the name that says the format, in small letters, such as ".csv" or ".csv.gz"."""
    name = path.name.lower()
    last = Path(name).suffix
    return Path(name[: -len(last)]).suffix + last if last == ".gz" else last


def is_table(path: Path) -> bool:
    """Whether the file has columns by name; standard input has."""
    return path == STDIN or suffix(path) in TABLES


def is_csv(path: Path) -> bool:
    """Whether the file, or standard input, is text in cells."""
    return path == STDIN or suffix(path) in CSV


def checked(path: str | os.PathLike, known: Collection[str]) -> Path:
    """The path, where its end is among `known` and the file can be read.

    Raises:
        DataError: another end, no file, or one that this user may not read.
    """
    path = Path(path)
    if path == STDIN:
        return path
    if suffix(path) not in known:
        raise DataError(
            f"{path} ends in {suffix(path) or 'nothing'!r}; expected {_either(known)}, or - for a "
            ".csv on standard input"
        )
    if not path.is_file():
        raise DataError(f"{path} is not a file; check the name")
    if not os.access(path, os.R_OK):
        raise DataError(f"{path} may not be read by this user; check its permissions")
    return path


def name_of(path: Path) -> str:
    """The file for messages."""
    return "standard input" if path == STDIN else str(path)


@contextmanager
def opened(path: Path) -> Iterator[Text]:
    """The text of a file of cells, unpacked where its name ends in .gz, or of standard input.

    Raises:
        DataError: standard input is closed.
    """
    if path == STDIN:
        with _standard_input() as lines:
            yield Text(lines, lambda: 0)
        return
    with path.open("rb") as file:
        content = gzip.GzipFile(fileobj=file) if suffix(path).endswith(".gz") else file
        with io.TextIOWrapper(content, encoding="utf-8-sig", newline="") as lines:
            yield Text(lines, file.tell)


@contextmanager
def _standard_input() -> Iterator[TextIO]:
    if sys.stdin is None or sys.stdin.closed:
        raise DataError("standard input is closed; pipe a .csv into it, or name a file")
    lines = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", newline="")
    try:
        yield lines
    finally:
        lines.detach()


def _either(known: Collection[str]) -> str:
    *most, last = known
    return f"{', '.join(most)} or {last}" if most else last
