"""From files of rows to a file of labels or scores: in constant memory, on all cores, resumable."""

import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import gategrad
from gategrad.data.formats import STDIN, suffix
from gategrad.encoding import KnownCategories, Unknown
from gategrad.encoding.fields import choice
from gategrad.encoding.onehot import UNKNOWN
from gategrad.engine import in_order, thread_count
from gategrad.files.blame import Decide, decide_piece
from gategrad.files.categories import Categories
from gategrad.files.errors import FileError
from gategrad.files.output import OUTPUTS, CsvOutput, NpyOutput
from gategrad.files.partial import Mark, Partial, partial_path
from gategrad.files.piece import Piece, Reader, Scratch
from gategrad.files.reading import as_paths, open_all
from gategrad.files.values import asked, header
from gategrad.files.wanted import Wanted
from gategrad.model import Model

STDOUT = Path("-")


@dataclass(frozen=True)
class Done:
    """What `predict` did.

    Attributes:
        n: rows in the output.
        resumed: how many of them an interrupted run had left.
        seconds: that this run took.
        threads: that predicted.
        unknown: columns with categories that the model doesn't know, in the rows of this run.
    """

    n: int
    resumed: int
    seconds: float
    threads: int
    unknown: tuple[Unknown, ...] = ()

    @property
    def rows_per_second(self) -> float:
        """Of this run, without the rows that were there before."""
        return (self.n - self.resumed) / self.seconds


@dataclass(frozen=True)
class Progress:
    """How far `predict` is.

    Attributes:
        rows: written so far.
        position: bytes of all inputs that these rows come from.
        size: bytes of all inputs; 0 with standard input.
    """

    rows: int
    position: int
    size: int


def predict(
    model: Model,
    inputs: str | os.PathLike | Iterable[str | os.PathLike],
    out: str | os.PathLike,
    *,
    scores: bool = False,
    probabilities: bool = False,
    threads: int | None = None,
    backend: str | None = None,
    resume: bool = False,
    progress: Callable[[Progress], object] | None = None,
    note: Callable[[str], object] | None = None,
    decimal: str | None = None,
    unknown: str = "zero",
) -> Done:
    """Decide on each row of files, and write what `Model.predict` gives for them all to one file.

    A run that was interrupted has left `.OUT.partial` beside `out`. The same call then goes on
    where it stopped; if model, inputs or options are others, it starts anew.

    Args:
        model: decides.
        inputs: files of rows, in the order of the output; see `rows`.
        out: a `.npy`, `.csv` or `.parquet` file, written whole or not at all; or "-", a `.csv` on
            standard output as it comes, which can't be continued.
        scores: write `Model.scores` instead.
        probabilities: write `Model.probabilities` instead; of a binary model those of class 1.
        threads: pieces to work on at a time; as many as there are cores where None.
        backend: which engine runs; the best one where None.
        resume: insist on going on: where that isn't possible, it is an error that says why.
        progress: called from time to time.
        note: called with a sentence for people, such as why a run starts anew.
        decimal: "." or "," of `.csv` files; that of the model's training where None.
        unknown: what rows with categories that the model doesn't know are: "zero", told in `Done`,
            or an "error".

    Raises:
        FileError: a file is missing, damaged or changed, or holds a row that the model can't take
            (file and row are named); `out` is none of these kinds; nothing to resume.
        DataError: a `.csv` or `.npz` that isn't as it should be; names the row.
        OSError: `out` can't be written.
    """
    begin, n_threads = time.perf_counter(), thread_count(threads)
    paths, out = as_paths(inputs), Path(out)
    _check_out(out, paths, resume=resume)
    choice(unknown, UNKNOWN, "unknown")
    readers = open_all(model, paths, decimal=decimal)
    categories = Categories(KnownCategories(model.encoder), refuse=unknown == "error")
    decide: Decide = partial(asked(model, scores, probabilities), threads=1, backend=backend)
    sample = decide(np.empty((0, Wanted.by(model).n_features)))
    output = (CsvOutput if out == STDOUT else OUTPUTS[suffix(out)])(sample, header(model, sample))
    decide = categories.before(decide)
    if out == STDOUT:
        n = _pour(output, decide, readers, n_threads, progress)
        return Done(n, 0, time.perf_counter() - begin, n_threads, categories.unknown)
    files = _stamps(paths)
    written = "probabilities" if probabilities else scores
    with Partial(out, _run(model, files, scores=written)) as kept:
        resumed = _begin(kept, output, resume=resume, note=note)
        for mark, position in _write(kept, output, decide, readers, n_threads):
            kept.advance(mark)
            if progress is not None:
                progress(Progress(mark.rows, position, sum(r.size for r in readers)))
        if _stamps(paths) != files:
            raise FileError("an input was changed while it was read; start again")
        output.finish(kept.file, kept.mark.rows)
        kept.complete(output.convert)
        seconds = time.perf_counter() - begin
        return Done(kept.mark.rows, resumed, seconds, n_threads, categories.unknown)


def unfinished(out: str | os.PathLike) -> bool:
    """Whether an interrupted run has left something to go on from."""
    return partial_path(out).exists()


def _begin(
    kept: Partial, output: NpyOutput, *, resume: bool, note: Callable[[str], object] | None
) -> int:
    """Go on from what is there, or start anew: the number of rows that are there."""
    why = kept.why_not()
    if why is None:
        kept.start(size=kept.mark.size)
        if note is not None:
            note(f"going on behind the {kept.mark.rows:,} rows of an interrupted run")
        return kept.mark.rows
    if resume:
        kept.leave()
        raise FileError(f"can't resume {kept.target}: {why}; leave resume out to start anew")
    if note is not None and kept.note.exists():
        note(f"starting anew: {why}")
    kept.start(size=0)
    output.begin(kept.file)
    return 0


def _write(
    kept: Partial, output: NpyOutput, decide: Decide, readers: list[Reader], threads: int
) -> Iterator[tuple[Mark, int]]:
    """Append the values of all pieces behind the mark; yields each new mark, and the position."""
    rows = kept.mark.rows
    for i, piece, values, position in _decided(decide, readers, kept.mark, threads):
        output.write(kept.file, values)
        rows += piece.n_rows
        mark = Mark(i, piece.first + piece.n_rows, piece.memory, rows, kept.file.tell())
        yield mark, position


def _pour(
    output: NpyOutput,
    decide: Decide,
    readers: list[Reader],
    threads: int,
    progress: Callable[[Progress], object] | None,
) -> int:
    """Write the values of all pieces to standard output as they come: the number of rows."""
    stream, rows = sys.stdout.buffer, 0
    output.begin(stream)
    for _, piece, values, position in _decided(decide, readers, Mark(), threads):
        output.write(stream, values)
        rows += piece.n_rows
        if progress is not None:
            progress(Progress(rows, position, sum(reader.size for reader in readers)))
    stream.flush()
    return rows


def _decided(
    decide: Decide, readers: list[Reader], mark: Mark, threads: int
) -> Iterator[tuple[int, Piece, NDArray, int]]:
    """The number of the input, a piece behind the mark, its values, and the position, in order."""
    scratch = Scratch()

    def work(item: tuple[int, Reader, Piece]) -> tuple[int, Piece, NDArray]:
        i, reader, piece = item
        return i, piece, decide_piece(decide, reader.name, piece, piece.read(scratch))

    before = [sum(reader.size for reader in readers[:i]) for i in range(len(readers))]
    for i, piece, values in in_order(work, _pieces(readers, mark), threads=threads):
        yield i, piece, values, before[i] + piece.position


def _pieces(readers: list[Reader], mark: Mark) -> Iterator[tuple[int, Reader, Piece]]:
    for i, reader in enumerate(readers[mark.input :], mark.input):
        start = (mark.row, mark.memory) if i == mark.input else (0, None)
        for piece in reader.pieces(*start):
            yield i, reader, piece


def _check_out(out: Path, paths: list[Path], *, resume: bool) -> None:
    if out == STDOUT:
        if resume:
            raise FileError("standard output can't be continued; leave resume out")
        if sys.stdout is None or sys.stdout.closed:
            raise FileError("standard output is closed; name a file for the output")
        return
    if suffix(out) not in OUTPUTS:
        raise FileError(f"{out} ends in {out.suffix or 'nothing'!r}; expected {', '.join(OUTPUTS)}")
    if out.exists() and not out.is_file():
        raise FileError(f"can't write {out}: it is no regular file; choose another name")
    if os.path.realpath(out) in map(os.path.realpath, paths):
        raise FileError(f"{out} is an input too; name another file for the output")


def _run(model: Model, files: list[list[Any]], *, scores: bool | str) -> dict[str, Any] | None:
    """What must be equal for a run to go on; None where it can't with these inputs."""
    if any(name == str(STDIN) for name, *_ in files):
        return None
    return {
        "gategrad": gategrad.__version__,
        "model": hashlib.sha256(model.to_bytes()).hexdigest(),
        "inputs": files,
        "scores": scores,
    }


def _stamps(paths: list[Path]) -> list[list[Any]]:
    """Where each file is, its size and the time of its last change."""
    stamps = []
    for path in paths:
        if path == STDIN:
            stamps.append([str(path), 0, 0])
        else:
            stat = path.stat()
            stamps.append([os.path.realpath(path), stat.st_size, stat.st_mtime_ns])
    return stamps
