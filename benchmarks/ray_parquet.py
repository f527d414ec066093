"""`gategrad.ray` beside `gategrad predict`, over one folder of synthetic Parquet files.

    python -m benchmarks.ray_parquet [--millions 10] [--workers 2] [--page docs/cluster.md]

Sixteen columns of random numbers and one that counts the rows. Each command is a process of its
own, start of Python, and for Ray of its cluster on this machine, included. The labels of both must
be the same, each row once.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np
import pyarrow as pa
from pyarrow import parquet

import gategrad as gg
from gategrad.encoding import Thermometer
from gategrad.records import between_markers, machine_kind

COLUMNS, LEVELS, GATES, CLASSES = 16, 16, 3000, 3
FILE_ROWS = 500_000
MAIN = "from gategrad.cli import main\nmain()"


def main() -> None:
    """Print the table, and put it into a page where one is named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--millions", type=float, default=10.0, help="of rows")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="for the files; a temporary one where missing")
    parser.add_argument("--page", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        n = int(options.millions * 1e6)
        text = "\n".join(_lines(Path(name), n, options.workers))
    print(text)
    if options.page:
        options.page.write_text(between_markers(options.page.read_text(), "ray", text))


def _lines(folder: Path, n: int, workers: int) -> Iterator[str]:
    random_model().save(folder / "model.gg")
    (folder / "rows").mkdir()
    inputs = write_rows(folder / "rows", n)
    yield "| command | processes or threads | seconds | million rows a second |"
    yield "|---|---|---|---|"
    model, out = str(folder / "model.gg"), folder / "labels.parquet"
    files = [str(path) for path in inputs]
    alone = ["-c", MAIN, "predict", model, *files, "-o", str(out), "--threads", str(workers)]
    yield _row("`gategrad predict`", workers, _seconds(alone), n)
    program = ["examples/ray_parquet.py", model, str(folder / "rows"), str(folder / "labels")]
    yield _row(
        "`examples/ray_parquet.py`",
        workers,
        _seconds([*program, "--keep", "id", "--workers", str(workers)]),
        n,
    )
    _check_same(parquet.read_table(folder / "labels"), parquet.read_table(out), n)
    yield ""
    yield f"{n:,} rows in {len(files)} files. {machine_kind()}."


def random_model() -> gg.Model:
    """Random gates over random wires behind a thermometer."""
    rng, n_inputs = np.random.default_rng(0), COLUMNS * LEVELS
    half = GATES // 2
    wires = (
        rng.integers(2, 2 + n_inputs, (half, 2)),
        rng.integers(2, 2 + n_inputs + half, (half, 2)),
    )
    tables = rng.integers(1, 15, GATES)
    outputs = 2 + n_inputs + half + np.arange(half)
    circuit = gg.Circuit(n_inputs, np.concatenate(wires), tables, outputs)
    encoder = Thermometer.fixed(np.arange(1, LEVELS + 1) / (LEVELS + 1), COLUMNS)
    encoder = replace(encoder, names=tuple(f"x{j}" for j in range(COLUMNS)))
    return gg.Model(circuit, gg.Readout.group_sum(half, CLASSES), encoder=encoder)


def write_rows(folder: Path, n: int) -> list[Path]:
    """Files of rows in order."""
    paths = []
    for i, first in enumerate(range(0, n, FILE_ROWS)):
        rows = min(FILE_ROWS, n - first)
        x = np.random.default_rng(i).random((COLUMNS, rows), np.float32)
        columns = {f"x{j}": column for j, column in enumerate(x)}
        columns["id"] = np.arange(first, first + rows)
        paths.append(folder / f"{i:05}.parquet")
        parquet.write_table(pa.table(columns), paths[-1], row_group_size=1 << 16)
    return paths


def _seconds(command: list[str]) -> float:
    begin = perf_counter()
    subprocess.run([sys.executable, *command], check=True, capture_output=True)
    return perf_counter() - begin


def _row(name: str, workers: int, seconds: float, n: int) -> str:
    return f"| {name} | {workers} | {seconds:.1f} | {n / seconds / 1e6:.2f} |"


def _check_same(by_ray: pa.Table, alone: pa.Table, n: int) -> None:
    ids = by_ray["id"].to_numpy()
    order = np.argsort(ids)
    if not np.array_equal(ids[order], np.arange(n)):
        raise SystemExit("rows are missing, or there twice")
    if not np.array_equal(by_ray["label"].to_numpy()[order], alone["label"].to_numpy()):
        raise SystemExit("the labels differ")


if __name__ == "__main__":
    main()
