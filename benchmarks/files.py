"""`gategrad predict` over files far bigger than the memory it takes, and killed half-way.

    python -m benchmarks.files [MODEL.gg] [--gb 2] [--folder DIR]

The digits of mnist-1bit as uint8 pixels, over and over: .npy of so many GB, Parquet of an eighth
and CSV of a fortieth of the rows. Each line is one command in a process of its own, start of Python
included. At last the run over the CSV gets a SIGKILL at half of its time, is started again, and has
to give the same labels.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter, sleep

import numpy as np
from numpy.typing import NDArray

import gategrad as gg
from benchmarks.inference import INPUTS, untrained
from benchmarks.machine import describe
from benchmarks.table import print_row, print_rule
from gategrad.encoding import Thermometer

CHUNK = 20_000
# The command line, and at its end the peak of its memory.
COMMAND = """
import atexit
from benchmarks.machine import peak_memory
from gategrad.cli import main
atexit.register(lambda: print(peak_memory()))
main()
"""
SHARES = {"npy": 1, "parquet": 8, "csv": 40}


def main(arguments: list[str] | None = ()) -> None:
    """Print the table; `make bench` calls it without arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", metavar="MODEL.gg")
    parser.add_argument("--gb", type=float, default=2.0, help="of the .npy file")
    parser.add_argument("--folder", help="for the files; a temporary one where missing")
    options = parser.parse_args(arguments)
    print(describe())
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        model = options.model or str(folder / "random.gg")
        if not options.model:
            untrained(Thermometer.fixed([127.5], INPUTS)).save(model)
        _run_all(model, folder, int(options.gb * 1e9) // INPUTS)


def _run_all(model: str, folder: Path, n_rows: int) -> None:
    print()
    print_row("file", "size", "rows", "threads", "seconds", "rows/s", "peak memory")
    print_rule(7)
    for kind, share in SHARES.items():
        if kind == "parquet" and not find_spec("pyarrow"):
            print("Parquet needs pyarrow: pip install gategrad[tables]")
            continue
        path, n = folder / f"rows.{kind}", n_rows // share
        _write(path, n)
        for threads in sorted({1, os.cpu_count() or 1}):
            seconds, peak = _predict(model, path, folder / f"{kind}-{threads}.npy", threads)
            print_row(f".{kind}", f"{path.stat().st_size / 1e9:.2f} GB", f"{n:,}", threads,
                      f"{seconds:.1f}", f"{n / seconds:,.0f}", f"{peak / 1e6:.0f} MB")  # fmt: skip
        if kind != "csv":
            path.unlink()
    _interrupt(model, path, seconds, threads)


def _interrupt(model: str, path: Path, whole: float, threads: int) -> None:
    folder = path.parent
    out, note = folder / "killed.npy", folder / ".killed.npy.partial.json"
    process = _start(model, path, out, threads)
    sleep(whole / 2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    if out.exists() or not note.exists():
        raise RuntimeError("the run was not killed half-way, or too soon: ask for more --gb")
    kept = json.loads(note.read_text())["mark"]["rows"]
    seconds, _ = _predict(model, path, out, threads)
    same = np.array_equal(np.load(out), np.load(folder / f"csv-{threads}.npy"))
    print(f"\nSIGKILL after {whole / 2:.1f} s: {kept:,} rows were kept; started again it took "
          f"{seconds:.1f} s; labels {'are the same' if same else 'DIFFER'}")  # fmt: skip


def _predict(model: str, path: Path, out: Path, threads: int) -> tuple[float, int]:
    """Seconds of one command, and the peak of its memory in bytes."""
    start = perf_counter()
    process = _start(model, path, out, threads)
    peak = process.communicate()[0]
    seconds = perf_counter() - start
    if process.returncode:
        raise RuntimeError(f"gategrad predict {path.name} failed")
    return seconds, int(peak.split()[-1])


def _start(model: str, path: Path, out: Path, threads: int) -> subprocess.Popen:
    verb = ["predict", model, str(path), "-o", str(out), "--threads", str(threads)]
    return subprocess.Popen([sys.executable, "-c", COMMAND, *verb], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # fmt: skip


def _write(path: Path, n: int) -> None:
    {"npy": _write_npy, "csv": _write_csv, "parquet": _write_parquet}[path.suffix[1:]](path, n)


def _chunks(n: int) -> Iterator[NDArray[np.uint8]]:
    images = gg.data.load("mnist-1bit")[0].astype(np.uint8) * 255
    chunk = np.resize(images, (CHUNK, INPUTS))
    for start in range(0, n, CHUNK):
        yield chunk[: min(CHUNK, n - start)]


def _write_npy(path: Path, n: int) -> None:
    rows = np.lib.format.open_memmap(path, "w+", np.uint8, (n, INPUTS))
    for i, chunk in enumerate(_chunks(n)):
        rows[i * CHUNK : i * CHUNK + len(chunk)] = chunk
    rows.flush()


def _write_csv(path: Path, n: int) -> None:
    first = next(_chunks(CHUNK))
    text = "".join(",".join(map(str, row)) + "\n" for row in first.tolist())
    lines = text.splitlines(keepends=True)
    with path.open("w") as file:
        file.write(",".join(f"p{i}" for i in range(INPUTS)) + "\n")
        for chunk in _chunks(n):
            file.writelines(lines[: len(chunk)])


def _write_parquet(path: Path, n: int) -> None:
    import pyarrow
    from pyarrow import parquet

    schema = pyarrow.schema([(f"p{i}", pyarrow.uint8()) for i in range(INPUTS)])
    with parquet.ParquetWriter(path, schema) as writer:
        for chunk in _chunks(n):
            columns = list(np.ascontiguousarray(chunk.T))
            writer.write_table(pyarrow.table(columns, schema=schema))


if __name__ == "__main__":
    main(None)
