"""From a model file to the first prediction: seconds and memory, up to as many gates as fit.

    python -m benchmarks.lowering [--gates 48000 5120000 ...] [--folder DIR]

Random networks of five or six layers, 784 inputs, random wiring and random functions of two inputs,
as raw Gaussian logits give them, not optimized: the file holds every neuron. Each size is written
and then read in a process of its own, so that its peak memory is its own.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

import gategrad as gg
from benchmarks.machine import describe, peak_memory
from benchmarks.table import print_row, print_rule
from gategrad.circuit import N_CONSTANTS, Circuit, Readout

SIZES = (48_000, 5_120_000)
INPUTS, CLASSES = 784, 10


def main(arguments: list[str] | None = ()) -> None:
    """Print a line a size; `make bench` calls it without arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gates", type=int, nargs="+", default=SIZES)
    parser.add_argument("--folder", help="for the model files; a temporary one where missing")
    parser.add_argument("--part", choices=("write", "read"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.part:
        path = Path(options.folder, "m.gg")
        print(json.dumps(_write(path, *options.gates) if options.part == "write" else _read(path)))
        return
    print(describe())
    print()
    print_row("gates", "file", "load", "first row", "first 512 rows", "file to first label",
              "peak memory")  # fmt: skip
    print_rule(7)
    for gates in options.gates:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            _in_process("write", gates, folder)
            times = _in_process("read", gates, folder)
            size = Path(folder, "m.gg").stat().st_size
        print_row(f"{gates:,}", f"{size / 1e6:,.0f} MB",
                  *(_time(times[part]) for part in ("load", "row", "block", "first")),
                  f"{times['peak'] / 1e6:,.0f} MB")  # fmt: skip


def random_network(gates: int, *, seed: int = 0) -> tuple[Circuit, Readout]:
    """Layers of equal width, six of them up to 100,000 gates and five beyond."""
    n_layers = 6 if gates <= 100_000 else 5
    width = gates // n_layers // CLASSES * CLASSES
    rng = np.random.default_rng(seed)
    fanin = np.empty((n_layers * width, 2), np.uint32)
    below, n_below = N_CONSTANTS, INPUTS
    for first in range(0, len(fanin), width):
        rows = fanin[first : first + width]
        # Any two different wires of the layer below; constants and single wires are left out.
        rows[:, 0] = rng.integers(0, n_below, width, np.uint32)
        step = rng.integers(1, n_below, width, np.uint32)
        rows[:, 1] = (rows[:, 0] + step) % np.uint32(n_below)
        rows += np.uint32(below)
        below, n_below = N_CONSTANTS + INPUTS + first, width
    table = rng.integers(0, 16, len(fanin), np.uint64)
    outputs = np.arange(len(fanin) - width, len(fanin)) + N_CONSTANTS + INPUTS
    return Circuit(INPUTS, fanin, table, outputs), Readout.group_sum(width, CLASSES)


def _in_process(part: str, gates: int, folder: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.lowering", "--part", part]
    done = subprocess.run([*command, "--gates", str(gates), "--folder", folder],
                          stdout=subprocess.PIPE, text=True)  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{gates:,} gates: the process to {part} the model ended with "
                         f"{done.returncode}: memory?")  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def _write(path: Path, gates: int) -> dict[str, float]:
    gg.Model(*random_network(gates)).save(path)
    return {}


def _read(path: Path) -> dict[str, float]:
    x = np.random.default_rng(0).random((512, INPUTS)) < 0.5
    start = perf_counter()
    model = gg.load(path)
    loaded = perf_counter()
    model.predict(x)
    block = perf_counter()
    model.predict(x[:1])
    row = perf_counter()
    return {"load": loaded - start, "block": block - loaded, "row": row - block,
            "first": block - start, "peak": peak_memory()}  # fmt: skip


def _time(seconds: float) -> str:
    return f"{1e3 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


if __name__ == "__main__":
    main(None)
