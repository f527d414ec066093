"""Forests as circuits against LightGBM and lleaves: rows a second, on one core and the same rows.

    python -m benchmarks.trees [--peer PYTHON] [--rows 200000] [--cases 100x31x20 ...]

`--peer` is an interpreter that has lleaves, which needs other versions of numpy and llvmlite than
the rest: `python -m venv V && V/bin/pip install lleaves==1.3.0 llvmlite==0.44 lightgbm`. It runs
beside, takes its rows from a file and turns with the others, round by round, best of them.

A case is trees x leaves x columns, trained here on random rows, or `adult` or `nsl-kdd`. NSL-KDD
is not downloaded: its two files are read from the folder `nsl-kdd` of GATEGRAD_DATA. Bits of leaves
are as few as give LightGBM's labels on all rows, which is checked at the end.
"""

import argparse
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.machine import describe
from benchmarks.table import print_row, print_rule
from gategrad import data, trees
from gategrad.data.tables import parse

# Read when LightGBM loads, and its threads would take the core of the others.
os.environ["OMP_NUM_THREADS"] = "1"

CASES = ("100x31x20", "300x31x50", "100x127x14", "1000x63x100", "adult", "nsl-kdd")
BATCHES = (200_000, 1_000, 1)
ROUNDS, TRAINING_ROWS = 5, 20_000
# A row of NSL-KDD: 41 features, of which these are text, the kind of attack, and how hard it is.
NSL_KDD_FILES = ("KDDTrain+_20Percent.txt", "KDDTest+.txt")
NSL_KDD_WIDTH, NSL_KDD_ATTACK, NSL_KDD_TEXT = 43, 41, (1, 2, 3)


def main(arguments: list[str] | None = ()) -> None:
    """Print three lines a case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", help="interpreter with lleaves; left out where missing")
    parser.add_argument("--rows", type=int, default=BATCHES[0])
    parser.add_argument("--cases", nargs="+", default=CASES)
    options = parser.parse_args(arguments)
    print(describe())
    print()
    print_row("forest", "batch", "gategrad rows/s", "of LightGBM", "of lleaves", "ready",
              "lleaves ready", "bits", "other labels")  # fmt: skip
    print_rule(9)
    for case in options.cases:
        with tempfile.TemporaryDirectory() as folder:
            _measure(case, options.rows, options.peer, Path(folder))


def _measure(case: str, n_rows: int, python: str | None, folder: Path) -> None:
    x, y = _rows(case, n_rows)
    booster = _trained(case, x, y)
    booster.save_model(folder / "forest.txt")
    np.save(folder / "rows.npy", x)
    bits = trees.convert(folder / "forest.txt", x).bits
    forest = trees.read(folder / "forest.txt")
    start = perf_counter()
    model = trees.to_model(forest, bits).model.warm_up()
    ready = perf_counter() - start
    peer = Peer(python, folder) if python else None
    labels = np.asarray(booster.predict(x, raw_score=True)) > 0
    wrong = int((model.predict(x, threads=1) != labels).sum())
    for batch in (len(x), *BATCHES[1:]):
        some = x[:batch]
        times = _in_turn(
            lambda some=some: model.predict(some, threads=1),
            lambda some=some: booster.predict(some, num_threads=1),
            peer,
            batch,
        )
        ours, lightgbm, lleaves = times
        print_row(case, f"{batch:,}", f"{batch / ours:,.0f}", f"{lightgbm / ours:.1f}",
                  "-" if peer is None else f"{lleaves / ours:.1f}", f"{ready:.3f} s",
                  "-" if peer is None else f"{peer.ready:.1f} s", bits, wrong)  # fmt: skip


def _in_turn(
    ours: Callable[[], object], lightgbm: Callable[[], object], peer: "Peer | None", batch: int
) -> tuple[float, float, float]:
    """Best seconds of each, in rounds."""
    times = 200 if batch == 1 else 20 if batch < 10_000 else 1
    found = [
        (
            _best(ours, times),
            _best(lightgbm, times),
            peer.seconds(batch, times) if peer else np.inf,
        )
        for _ in range(ROUNDS)
    ]
    best = np.min(found, axis=0)
    return float(best[0]), float(best[1]), float(best[2])


def _best(call: Callable[[], object], times: int) -> float:
    best = np.inf
    for _ in range(times):
        start = perf_counter()
        call()
        best = min(best, perf_counter() - start)
    return best


class Peer:
    """lleaves in a process of its own: it compiles the forest, and then answers batch by batch."""

    def __init__(self, python: str, folder: Path) -> None:
        script = Path(__file__).with_name("trees_peer.py")
        files = [str(folder / "forest.txt"), str(folder / "rows.npy")]
        self._process = subprocess.Popen(
            [python, str(script), *files], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.ready = float(self._process.stdout.readline())

    def seconds(self, batch: int, times: int) -> float:
        """The best of so many calls."""
        print(batch, times, file=self._process.stdin, flush=True)
        return float(self._process.stdout.readline())

    def predictions(self, folder: Path) -> np.ndarray:
        """What it predicts for all rows."""
        print("predict", folder / "predicted.npy", file=self._process.stdin, flush=True)
        self._process.stdout.readline()
        return np.load(folder / "predicted.npy")


def _rows(case: str, n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows (n, columns) float32 and classes 0 and 1; those of a data set are repeated."""
    if case in ("adult", "nsl-kdd"):
        x, y = data.load(case)[:2] if case == "adult" else _nsl_kdd()
        columns = [_as_numbers(column) for column in np.asarray(x, object).T]
        x = np.stack(columns, axis=1).astype(np.float32)
        y = np.asarray(y) == np.unique(y)[0]
        turns = -(-n_rows // len(x))
        return np.tile(x, (turns, 1))[:n_rows], np.tile(y, turns)[:n_rows].astype(int)
    n_columns = int(case.split("x")[2])
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n_rows, n_columns)).astype(np.float32)
    slope = x[:, :10] @ rng.normal(size=10)
    noise = rng.normal(size=n_rows)
    return x, (slope + np.sin(3 * x[:, 1]) * x[:, 2] + noise > 0).astype(int)


def _nsl_kdd() -> tuple[np.ndarray, np.ndarray]:
    """Rows (n, 41) of both files, those of training first, and whether each is an attack."""
    folder = Path(os.environ.get("GATEGRAD_DATA", ".")) / "nsl-kdd"
    missing = [name for name in NSL_KDD_FILES if not (folder / name).is_file()]
    if missing:
        raise SystemExit(f"nsl-kdd needs {', '.join(missing)} in {folder}; set GATEGRAD_DATA")
    numbers = [c for c in range(NSL_KDD_WIDTH - 1) if c not in NSL_KDD_TEXT]
    form = {"width": NSL_KDD_WIDTH, "numbers": numbers, "label": NSL_KDD_ATTACK}
    parts = [parse((folder / name).read_bytes(), name=name, **form) for name in NSL_KDD_FILES]
    x = np.concatenate([rows[:, :NSL_KDD_ATTACK] for rows, _ in parts])
    return x, np.array([attack != "normal" for _, attacks in parts for attack in attacks])


def _as_numbers(column: np.ndarray) -> np.ndarray:
    """A column of numbers as it is, one of text as the places of its sorted values."""
    try:
        return column.astype(np.float64)
    except ValueError:
        return np.unique(column.astype(str), return_inverse=True)[1].astype(np.float64)


def _trained(case: str, x: np.ndarray, y: np.ndarray):
    import lightgbm

    n_trees, n_leaves = (100, 31) if case in ("adult", "nsl-kdd") else map(int, case.split("x")[:2])
    settings = {"objective": "binary", "num_leaves": n_leaves, "min_data_in_leaf": 5,
                "num_threads": 1, "verbose": -1}  # fmt: skip
    some = lightgbm.Dataset(x[:TRAINING_ROWS], y[:TRAINING_ROWS])
    return lightgbm.train(settings, some, n_trees)


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
