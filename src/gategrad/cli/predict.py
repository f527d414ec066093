"""`gategrad predict`: labels or scores of the rows in a file, into a file."""

import csv
import io
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from gategrad import data
from gategrad.circuit import scores
from gategrad.cli import report
from gategrad.cli.errors import CommandError, cannot_write, require_writable
from gategrad.cli.loading import load_model, lower
from gategrad.cli.options import BackendOption, JsonOption, ModelArgument, ThreadsOption
from gategrad.cli.sources import table_columns
from gategrad.model import Model
from gategrad.model.atomic import write_atomic

SUFFIXES = (".npy", ".csv")


def run(
    path: ModelArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Rows: .npy, .npz or .csv.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="OUT", help="A .npy or .csv file.")],
    as_scores: Annotated[
        bool, typer.Option("--scores", help="Write a score for each class instead of labels.")
    ] = False,
    threads: ThreadsOption = 1,
    backend: BackendOption = None,
    json: JsonOption = False,
) -> None:
    """Predict each row of FILE and write the labels to OUT, whole or not at all.

    A .npz holds the rows as x (or x_test). Of a .csv the model's columns are taken by name where
    it knows them, else all.
    """
    if out.suffix not in SUFFIXES:
        raise CommandError(f"{out} ends in {out.suffix or 'nothing'!r}; expected .npy or .csv")
    require_writable(out)
    model = load_model(path)
    rows = _rows(file, model)
    program = lower(model, backend)
    if as_scores:
        values = scores(model.readout, program.sums(rows, threads=threads))
    else:
        values = model.predict(rows, threads=threads, backend=backend)
    content = _as_npy(values) if out.suffix == ".npy" else _as_csv(values, _header(model, values))
    try:
        write_atomic(out, content)
    except OSError as error:
        raise cannot_write(out, error) from error
    if json:
        report.emit_json({"n": len(values), "out": str(out)})
        return
    what = "scores" if as_scores else "labels"
    report.stdout().print(f"{len(values):,} rows: {what} in {out}", markup=False, soft_wrap=True)


def _rows(file: Path, model: Model) -> NDArray:
    if file.suffix == ".npy":
        return _from_npy(file)
    if file.suffix != ".csv":
        return data.load_rows(file)
    columns, categories = table_columns(model)
    return data.load_rows(file, columns=columns, categories=categories)


def _from_npy(file: Path) -> NDArray:
    """Rows of a `.npy`, samples of more dimensions flattened; nothing in it is executed."""
    if not file.is_file():
        raise CommandError(f"{file} is not a file; check the name")
    try:
        rows = np.load(file, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise CommandError(
            f"{file} is no complete .npy file of plain numbers ({error}); write it by np.save"
        ) from error
    if not isinstance(rows, np.ndarray):
        rows.close()
        raise CommandError(f"{file} is an archive of arrays; rename it to .npz")
    return rows.reshape(len(rows), -1) if rows.ndim > 2 and len(rows) else rows


def _header(model: Model, values: NDArray) -> list[str]:
    if values.ndim == 1:
        return ["label"]
    named = model.labels is not None and len(model.labels) == values.shape[1]
    return [str(name) for name in (model.labels if named else range(values.shape[1]))]


def _as_npy(values: NDArray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def _as_csv(values: NDArray, header: list[str]) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(values.tolist() if values.ndim > 1 else ([value] for value in values.tolist()))
    return buffer.getvalue().encode()
