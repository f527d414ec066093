"""`gategrad bench`: how fast a model is, and how fast it could be."""

import time
from typing import Annotated

import typer
from numpy.typing import NDArray

from gategrad.cli import report, speed
from gategrad.cli.loading import load_model, lower
from gategrad.cli.options import BackendOption, JsonOption, ModelArgument, ThreadsOption
from gategrad.engine import Program
from gategrad.model import Model


def run(
    path: ModelArgument,
    batch: Annotated[
        int | None, typer.Option(min=1, help="Rows a call; all of them by default.")
    ] = None,
    threads: ThreadsOption = 1,
    backend: BackendOption = None,
    seconds: Annotated[float, typer.Option(min=0.1, help="Time to measure for.")] = 3.0,
    dtype: Annotated[
        str | None,
        typer.Option(
            help="Of the rows: bool, uint8, float32 or float64; the training data's by default."
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Measure rows a second, from raw rows to labels, beside the time just to read the rows.

    The rows are random and at least 1 GiB, so that they come from memory and from no cache. The
    read limit is the faster of a plain and a prefetching loop over the same rows, with the same
    number of threads, in the same run.
    """
    model = load_model(path)
    if model.encoder is not None and not speed.takes_features(model):
        report.note("the model's encoder runs in Python, before the engine: measured from bits on")
        model = Model(model.circuit, model.readout)
    start = time.perf_counter()
    program = lower(model, backend)
    lowering = time.perf_counter() - start
    rows = speed.random_rows(model, dtype=dtype)
    if rows.nbytes < speed.READ_BYTES:
        report.note(
            f"memory is short: {report.bytes_text(rows.nbytes)} of rows instead of "
            f"{report.bytes_text(speed.READ_BYTES)}; caches may flatter the figures"
        )
    found = speed.measure(program, rows, threads=threads, batch=batch, seconds=seconds)
    if json:
        report.emit_json(
            {
                "samples_per_second": found.samples_per_second,
                "ns_per_sample": found.ns_per_sample,
                "read_limit_per_second": found.read_limit_per_second,
                "backend": program.backend,
                "isa": program.isa,
                "reason": program.reason,
                "threads": found.threads,
                "batch": found.batch,
            }
        )
        return
    report.stdout().print(report.facts(_facts(program, rows, found, lowering)))


def _facts(program: Program, rows: NDArray, found: speed.Speed, lowering: float) -> report.Facts:
    limit = found.read_limit_per_second
    return {
        "speed": report.strong(
            report.rate(found.samples_per_second),
            f", {found.ns_per_sample:.4g} ns a row from raw rows to labels",
        ),
        "read limit": f"{report.rate(limit)}, {1e9 / limit:.4g} ns a row just to read it",
        "share": report.strong(
            report.bar(found.share, width=20),
            f" {100 * found.share:.3g} % of the read limit",
            style="green",
        ),
        "engine": f"{program.backend}, {program.isa}: {program.reason}{_code(program)}",
        "threads": f"{found.threads}",
        "batch": f"{found.batch:,} rows a call",
        "rows": f"{len(rows):,} of {rows.shape[1]:,} {rows.dtype}, "
        f"{report.bytes_text(rows.nbytes)}; "
        f"median of {found.passes} passes over {_passes(found.rows, len(rows))}",
        "lowering": f"{1000 * lowering:.3g} ms",
    }


def _code(program: Program) -> str:
    n_bytes = getattr(program, "code_bytes", 0)
    return f"; {report.bytes_text(n_bytes)} of machine code" if n_bytes else ""


def _passes(n_rows: int, n_all: int) -> str:
    return "all" if n_rows == n_all else f"{n_rows:,} of them, in turn"
