"""JSON-lines files: one record a line, appended whole or not at all."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from gategrad.records.errors import RecordError
from gategrad.records.record import Record


def append(path: str | os.PathLike, record: Record) -> None:
    """Add a record as the last line of `path`, which is made where it is missing.

    Two processes may append to one file at the same time (POSIX). What a process left behind that
    was killed while it wrote, a line without an end, is removed.

    Raises:
        RecordError: `path` is there and no regular file.
        OSError: the file can't be written.
    """
    append_line(path, record.to_json())


def read(path: str | os.PathLike) -> list[Record]:
    """The records in `path`, in order; a last line without an end is none.

    Raises:
        RecordError: a line that is no record; says which one and why.
        OSError: the file can't be read.
    """
    records = []
    for number, values in read_lines(path):
        try:
            records.append(Record.from_json(values))
        except RecordError as error:
            raise RecordError(f"{os.fspath(path)}, line {number}: {error}") from error
    return records


def append_line(path: str | os.PathLike, values: dict[str, object]) -> None:
    """`append` for any object of plain values."""
    line = json.dumps(values, allow_nan=False).encode() + b"\n"
    _require_regular(path)
    with Path(path).open("ab+") as stream, _locked(stream):
        _drop_torn_line(stream)
        stream.write(line)
        stream.flush()
        os.fsync(stream.fileno())


def read_lines(path: str | os.PathLike) -> Iterator[tuple[int, object]]:
    """Line numbers, from 1, and values.

    Raises:
        RecordError: a line that is no JSON, or no regular file.
        OSError: the file can't be read.
    """
    _require_regular(path)
    lines = Path(path).read_bytes().split(b"\n")[:-1]
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield number, json.loads(line)
        except ValueError as error:
            raise RecordError(f"{os.fspath(path)}, line {number}: {error}") from error


def _require_regular(path: str | os.PathLike) -> None:
    """A device or a pipe would be read without end."""
    if Path(path).exists() and not Path(path).is_file():
        raise RecordError(f"{os.fspath(path)} is no regular file; name another")


def _drop_torn_line(stream: BinaryIO) -> None:
    stream.seek(0)
    written = stream.read()
    if not written.endswith(b"\n"):
        stream.truncate(written.rfind(b"\n") + 1)
    stream.seek(0, os.SEEK_END)


@contextmanager
def _locked(stream: BinaryIO) -> Iterator[None]:
    try:
        from fcntl import LOCK_EX, LOCK_UN, flock
    except ImportError:  # Windows
        yield
        return
    flock(stream, LOCK_EX)
    try:
        yield
    finally:
        flock(stream, LOCK_UN)
