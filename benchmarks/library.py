"""libgategrad beside Python: rows a second on one core, and microseconds of a single row.

    python -m benchmarks.library [MODEL.gg] [--prefix FOLDER] [--cc COMPILER]

MODEL.gg takes uint8 values or bits; without one, an untrained network of six layers stands in. The
library must be installed in FOLDER, which is build/capi/prefix after `.ci/capi`. All figures are
the best of several, the two taking turns.
"""

import argparse
import os
import subprocess
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

import gategrad as gg
from benchmarks.inference import untrained
from benchmarks.machine import describe
from benchmarks.table import print_row, print_rule
from gategrad.encoding import Thermometer
from gategrad.export.tools import find_tool

ROWS, SINGLES, ROUNDS = 65_536, 2_000, 15
SOURCE = Path(__file__).with_suffix(".c")


def main(arguments: list[str] | None = ()) -> None:
    """Print the table; without arguments, of a network made for the occasion."""
    options = _options(arguments)
    print(describe())
    model = gg.load(options.model) if options.model else _stand_in()
    width = model.circuit.n_inputs if model.encoder is None else model.encoder.n_features
    highest = 2 if model.encoder is None else 256
    rows = np.random.default_rng(0).integers(0, highest, (ROWS, width), np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        model.save(place / "model.gg")
        (place / "rows").write_bytes(rows.tobytes())
        program = _compiled(options.prefix, options.cc, place)
        best = _best(model, rows, program)
    print(f"\n{model.circuit.n_gates:,} gates, {ROWS:,} rows of {width} bytes, one thread\n")
    print_row("what", "million rows a second", "us a single row")
    print_rule(3)
    for name, (nanoseconds, microseconds) in best.items():
        print_row(name, f"{1e3 / nanoseconds:.1f}", f"{microseconds:.2f}")


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", metavar="MODEL.gg")
    parser.add_argument("--prefix", type=Path, default=Path("build/capi/prefix"))
    parser.add_argument("--cc", default=find_tool("cc"))
    return parser.parse_args(arguments)


def _stand_in() -> gg.Model:
    return untrained(Thermometer.fixed([127.5], 784), width=2000)


def _compiled(prefix: Path, cc: str, folder: Path) -> Path:
    found = list(prefix.rglob("libgategrad.so"))
    if not found:
        raise SystemExit(
            f"no libgategrad.so under {prefix}: run .ci/capi .venv/bin/python, or --prefix"
        )
    library = found[0].resolve().parent
    program = folder / "library"
    flags = ["-std=c99", "-O2", f"-I{prefix / 'include'}", f"-L{library}", f"-Wl,-rpath,{library}"]
    subprocess.run([cc, str(SOURCE), *flags, "-lgategrad", "-o", str(program)], check=True)
    return program


def _best(model: gg.Model, rows: NDArray, program: Path) -> dict[str, tuple[float, float]]:
    """Nanoseconds a row of many and microseconds of one."""
    best = {"libgategrad": (np.inf, np.inf), "Python": (np.inf, np.inf)}
    place = program.parent
    command = [str(program), str(place / "model.gg"), str(place / "rows"), str(ROWS)]
    for _ in range(ROUNDS):
        said = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
        figures = {
            "libgategrad": tuple(map(float, said.stdout.split())),
            "Python": _timed(model, rows),
        }
        for name, (many, one) in figures.items():
            best[name] = min(best[name][0], many), min(best[name][1], one)
    return best


def _timed(model: gg.Model, rows: NDArray) -> tuple[float, float]:
    start = perf_counter()
    model.predict(rows, threads=1)
    many = perf_counter() - start
    singles = [rows[i : i + 1] for i in range(SINGLES)]
    start = perf_counter()
    for row in singles:
        model.predict(row)
    return 1e9 * many / len(rows), 1e6 * (perf_counter() - start) / SINGLES


if __name__ == "__main__":
    main(None)
