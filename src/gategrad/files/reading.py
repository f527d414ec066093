"""From a file's name to its reader, and all rows of several files."""

from collections.abc import Iterable, Iterator
from os import PathLike
from pathlib import Path

from numpy.typing import NDArray

from gategrad.data import formats
from gategrad.data.formats import STDIN
from gategrad.files.arrow import ArrowFile
from gategrad.files.csv_file import CsvFile
from gategrad.files.errors import FileError
from gategrad.files.npy import NpyFile
from gategrad.files.npz import NpzFile
from gategrad.files.piece import Reader, Scratch
from gategrad.files.wanted import Wanted
from gategrad.model import Model

READERS = {
    ".npy": NpyFile,
    ".npz": NpzFile,
    **{end: CsvFile if end in formats.CSV else ArrowFile for end in formats.TABLES},
}


def rows(
    model: Model,
    inputs: str | PathLike | Iterable[str | PathLike],
    *,
    decimal: str | None = None,
) -> Iterator[NDArray]:
    """The rows of files as `model` takes them, some megabytes at a time, for any loop of yours.

    Args:
        model: whose columns to take from tables.
        inputs: a file or several, one after the other: `.npy`, `.npz`, `.csv` or `.tsv`, packed as
            `.csv.gz` or not, `.parquet`, `.arrow`, `.feather`, or "-", a `.csv` on standard input.
        decimal: "." or "," of `.csv` files; that of the model's training where None.

    Yields:
        (n, features) rows, each an array of its own.

    Raises:
        FileError: a file is missing, damaged, or lacks a column.
        DataError: a `.csv` or `.npz` that isn't as it should be; names the row.
    """
    for reader in open_all(model, inputs, decimal=decimal):
        for piece in reader.pieces():
            yield piece.read(Scratch())


def open_all(
    model: Model,
    inputs: str | PathLike | Iterable[str | PathLike],
    *,
    decimal: str | None = None,
) -> list[Reader]:
    """A reader for each input; all are there, and their columns fit, as far as the heads say.

    Raises:
        FileError: as `rows`.
    """
    wanted = Wanted.by(model, decimal=decimal)
    paths = as_paths(inputs)
    if paths.count(STDIN) > 1:
        raise FileError("- stands for standard input, which can be read once; name it once")
    return [_open(path, wanted) for path in paths]


def as_paths(inputs: str | PathLike | Iterable[str | PathLike]) -> list[Path]:
    """One path or several as a list."""
    return [Path(path) for path in ([inputs] if isinstance(inputs, (str, PathLike)) else inputs)]


def _open(path: Path, wanted: Wanted) -> Reader:
    path = formats.checked(path, READERS)
    return (CsvFile if path == STDIN else READERS[formats.suffix(path)])(path, wanted)
