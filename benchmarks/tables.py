"""A table: our circuit against a LightGBM model of the same accuracy, compiled by peers.

    python -m benchmarks.tables [--steps 3000] [--model adult.gg]

Adult, categories as integer codes, so that all read the same raw rows of float64. A small circuit
is trained (or read, where the file is there), then the smallest LightGBM model is sought whose test
accuracy is not below the circuit's; it runs through LightGBM itself, lleaves and tl2cgen (what is
installed of them), one thread, many rows and one. Agreement of the compiled models with LightGBM
is checked.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray

import gategrad as gg
from benchmarks.machine import describe
from benchmarks.table import print_row, print_rule
from gategrad import train
from gategrad.circuit import live_gates
from gategrad.encoding import Table

# Columns of Adult that hold categories.
CATEGORIES = (1, 3, 5, 6, 7, 8, 9, 13)
# Trees and leaves of the models to choose from, in the order of their work a row.
SHAPES = sorted(((t, n) for t in (5, 10, 15, 20, 30, 50, 80) for n in (4, 8, 16, 31)),
                key=lambda shape: (shape[0] * np.log2(shape[1]), shape))  # fmt: skip
BATCH, SINGLE, ROUNDS = 1 << 17, 500, 9

Predict = Callable[[NDArray], NDArray]


def main(arguments: list[str] | None = ()) -> None:
    """Print the table; `make bench` calls it without arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--model", type=Path, help="read from here if it is there, else written")
    options = parser.parse_args(arguments)
    print(describe())
    if find_spec("lightgbm") is None:
        print("the comparison needs LightGBM: pip install lightgbm lleaves treelite tl2cgen")
        return
    x_train, y_train, x_test, y_test = _adult()
    model = _circuit(x_train, y_train, options)
    accuracy = float((model.predict(x_test) == y_test).mean())
    booster, rival = _booster(x_train, y_train, x_test, y_test, accuracy)
    rows = np.resize(x_test, (BATCH, x_test.shape[1]))
    print(f"\ncircuit: {live_gates(model.circuit):,} live gates, {accuracy:.2%} of the test rows; "
          f"LightGBM: {booster.num_trees()} trees, {rival:.2%}")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        _print_table(model, booster, rows, folder)


def _print_table(model: gg.Model, booster: object, rows: NDArray, folder: str) -> None:
    print()
    print_row("", "compile", "million rows/s", "times LightGBM", "one row, us")
    print_rule(5)
    text = np.array(rows[:4096], object)
    expected = booster.predict(rows, num_threads=1)
    base = None
    for name, seconds, predict, batch in [
        *_peers(booster, folder),
        ("gategrad, rows of numbers", _ready(model), lambda x: model.predict(x, threads=1), rows),
        ("gategrad, rows of objects", 0.0, lambda x: model.predict(x, threads=1), text),
    ]:
        found = predict(batch)
        if "gategrad" not in name and not np.allclose(found, expected, atol=1e-6):
            raise RuntimeError(f"{name} predicts something else than LightGBM")
        rate = len(batch) / _seconds(predict, [batch]) / 1e6
        one = 1e6 * _seconds(predict, [batch[i : i + 1] for i in range(SINGLE)])
        base = base or rate
        print_row(name, f"{1e3 * seconds:.0f} ms" if seconds else "-", f"{rate:.2f}",
                  f"{rate / base:.1f}", f"{one:.1f}")  # fmt: skip


def _peers(booster: object, folder: str) -> Iterator[tuple[str, float, Predict, NDArray]]:
    """What runs the booster: name, seconds to compile, predict, rows of a batch."""
    rows = np.resize(_adult()[2], (BATCH, 14))
    yield "LightGBM", 0.0, lambda x: booster.predict(x, num_threads=1), rows
    path = f"{folder}/model.txt"
    booster.save_model(path)
    if find_spec("lleaves"):
        import lleaves

        start = perf_counter()
        compiled = lleaves.Model(model_file=path)
        try:
            compiled.compile()
        except AttributeError as error:
            print(
                f"lleaves can't compile with this llvmlite ({error}): pip install 'llvmlite<0.45'"
            )
        else:
            seconds = perf_counter() - start
            yield "lleaves", seconds, lambda x: compiled.predict(x, n_jobs=1), rows
    else:
        print("lleaves is not installed: pip install lleaves 'llvmlite<0.45'")
    if find_spec("treelite") and find_spec("tl2cgen"):
        import tl2cgen
        import treelite

        start = perf_counter()
        loaded = treelite.frontend.load_lightgbm_model(path)
        library = f"{folder}/model.so"
        tl2cgen.export_lib(loaded, "gcc", library, params={"parallel_comp": 0})
        predictor = tl2cgen.Predictor(library, nthread=1)
        seconds = perf_counter() - start
        yield "tl2cgen", seconds, lambda x: _flat(predictor, tl2cgen.DMatrix, x), rows
    else:
        print("tl2cgen is not installed: pip install treelite tl2cgen")


def _flat(predictor: object, matrix: type, x: NDArray) -> NDArray:
    return predictor.predict(matrix(x)).reshape(len(x))


def _adult() -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Adult with categories as codes of the training rows: x float64, y int64."""
    x_train, y_train, x_test, y_test = gg.data.load("adult")
    for column in CATEGORIES:
        known = np.unique(x_train[:, column].astype(str))
        for x in (x_train, x_test):
            text = x[:, column].astype(str)
            x[:, column] = np.where(np.isin(text, known), np.searchsorted(known, text), -1)
    rows = (x.astype(np.float64) for x in (x_train, x_test))
    first, second = rows
    return first, y_train.astype(np.int64), second, y_test.astype(np.int64)


def _circuit(x: NDArray, y: NDArray, options: argparse.Namespace) -> gg.Model:
    if options.model and options.model.exists():
        return gg.load(options.model)
    encoder = Table.fit(x, 16, categorical=CATEGORIES)
    net = train.build_network(encoder.n_inputs, 2, layers="1000", connections="learned", tau=25.0)
    train.fit(net, x, y, encoder=encoder, lr=0.02, wiring_lr=0.05, batch_size=256,
              steps=options.steps, threads=1, progress=False)  # fmt: skip
    model = gg.discretize(net, encoder=encoder).optimize()
    if options.model:
        model.save(options.model)
    return model


def _booster(
    x: NDArray, y: NDArray, x_test: NDArray, y_test: NDArray, accuracy: float
) -> tuple[object, float]:
    """The first shape that is not below `accuracy` on the test rows, or the last."""
    import lightgbm

    for trees, leaves in SHAPES:
        settings = {"objective": "binary", "num_leaves": leaves, "learning_rate": 0.2,
                    "verbose": -1, "num_threads": 1, "seed": 0}  # fmt: skip
        data = lightgbm.Dataset(x, y, categorical_feature=list(CATEGORIES))
        booster = lightgbm.train(settings, data, num_boost_round=trees)
        found = float(((booster.predict(x_test) > 0.5) == y_test).mean())
        if found >= accuracy:
            break
    return booster, found


def _ready(model: gg.Model) -> float:
    """Seconds from the file's bytes to the first labels."""
    row = np.zeros((512, model.encoder.n_features))
    with tempfile.TemporaryDirectory() as folder:
        model.save(f"{folder}/m.gg")
        start = perf_counter()
        gg.load(f"{folder}/m.gg").predict(row)
        return perf_counter() - start


def _seconds(predict: Predict, batches: list[NDArray]) -> float:
    """Median seconds a batch."""
    times = []
    for _ in range(ROUNDS):
        start = perf_counter()
        for x in batches:
            predict(x)
        times.append((perf_counter() - start) / len(batches))
    return median(times)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(None)
