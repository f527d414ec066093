"""A table: our circuit against a LightGBM model of the same accuracy, compiled by peers.

    python -m benchmarks.tables [--peer PYTHON] [--steps 3000] [--model adult.gg]

Adult, categories as integer codes, so that all read the same raw rows of float64. A small circuit
is trained (or read, where the file is there), then the smallest LightGBM model is sought whose test
accuracy is not below the circuit's; it runs through LightGBM itself, lleaves and tl2cgen, one
thread, many rows and one, in turn, best of the rounds. Agreement of the compiled models with
LightGBM is checked. The circuit also reads the rows as they came, with text, in every form.

`--peer` is an interpreter that has lleaves, which needs other versions than the rest: see
`benchmarks/trees.py`. lleaves, and tl2cgen, are left out where they are missing.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray

import gategrad as gg
from benchmarks.machine import describe
from benchmarks.table import print_row, print_rule
from benchmarks.trees import Peer
from gategrad import train
from gategrad.circuit import live_gates
from gategrad.encoding import OneHot, Table

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
    parser.add_argument("--peer", help="interpreter with lleaves; left out where missing")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--model", type=Path, help="read from here if it is there, else written")
    options = parser.parse_args(arguments)
    print(describe())
    if find_spec("lightgbm") is None:
        print("the comparison needs LightGBM: pip install lightgbm treelite tl2cgen")
        return
    x_train, y_train, x_test, y_test = _adult()
    model = _circuit(x_train, y_train, options)
    accuracy = float((model.predict(x_test) == y_test).mean())
    booster, rival = _booster(x_train, y_train, x_test, y_test, accuracy)
    rows = np.resize(x_test, (BATCH, x_test.shape[1]))
    print(f"\ncircuit: {live_gates(model.circuit):,} live gates, {accuracy:.2%} of the test rows; "
          f"LightGBM: {booster.num_trees()} trees, {rival:.2%}")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        _print_table(model, booster, rows, options.peer, Path(folder))


def _print_table(
    model: gg.Model, booster: object, rows: NDArray, peer: str | None, folder: Path
) -> None:
    expected = booster.predict(rows, num_threads=1)
    entries = [*_peers(booster, rows, expected, peer, folder), *_ours(model, rows)]
    rates, singles = np.full((2, len(entries)), np.inf)
    for _ in range(ROUNDS):
        for i, entry in enumerate(entries):
            rates[i] = min(rates[i], entry.seconds(BATCH))
            if entry.one:
                singles[i] = min(singles[i], entry.seconds(1))
    print()
    print_row("", "compile", "million rows/s", "times lleaves", "one row, us")
    print_rule(5)
    base = next((s for s, e in zip(rates, entries, strict=True) if e.name == "lleaves"), None)
    for entry, seconds, one in zip(entries, rates, singles, strict=True):
        print_row(entry.name, f"{1e3 * entry.ready:.0f} ms" if entry.ready else "-",
                  f"{BATCH / seconds / 1e6:.2f}", f"{base / seconds:.2f}" if base else "-",
                  f"{1e6 * one:.1f}" if entry.one else "-")  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """Who predicts: the seconds of a batch of so many rows, and of being ready."""

    name: str
    seconds: Callable[[int], float]
    ready: float = 0.0
    one: bool = True


def _calls(predict: Predict, rows: NDArray) -> Callable[[int], float]:
    """Seconds of all rows, or of one of `SINGLE`, each in turn."""
    ones = [rows[i : i + 1] for i in range(SINGLE)]

    def seconds(batch: int) -> float:
        batches = ones if batch == 1 else [rows]
        start = perf_counter()
        for x in batches:
            predict(x)
        return (perf_counter() - start) / len(batches)

    return seconds


def _ours(model: gg.Model, rows: NDArray) -> Iterator[Entry]:
    """The circuit on numbers, and on the rows that they stand for."""

    def predict(x: object) -> NDArray:
        return model.predict(x, threads=1)

    expected = predict(rows)
    yield Entry("gategrad, rows of numbers", _calls(predict, rows), _ready(model))
    objects = rows.astype(object)
    yield Entry("gategrad, numbers as objects", _calls(predict, objects))
    by_text = _reading_text(model)
    for name, form in _forms(np.resize(gg.data.load("adult")[2], rows.shape)):
        if (by_text.predict(form) != expected).any():
            raise RuntimeError(f"{name} are predicted otherwise than numbers")
        whole = _calls(lambda x: by_text.predict(x, threads=1), form)
        yield Entry(f"gategrad, {name}", whole, one=isinstance(form, np.ndarray))


def _reading_text(model: gg.Model) -> gg.Model:
    """The same with the texts of categories in place of their codes."""
    x_train, table = gg.data.load("adult")[0], model.encoder
    parts = []
    for part, group in zip(table.encoders, table.columns, strict=True):
        if isinstance(part, OneHot):
            texts = [np.unique(x_train[:, column].astype(str)).tolist() for column in group]
            codes = zip(part.categories, texts, strict=True)
            part = OneHot(tuple(tuple(known[int(c)] for c in of) for of, known in codes))
        parts.append(part)
    names = tuple(f"column {i}" for i in range(table.n_features))
    return replace(model, encoder=Table(tuple(parts), table.columns, names))


def _forms(x: NDArray) -> Iterator[tuple[str, object]]:
    """Rows of text and numbers as arrays and as tables."""
    yield "text, objects", x
    yield "text, fixed width", x.astype(str)
    if find_spec("pandas") is None:
        return
    import pandas

    columns = {
        f"column {i}": x[:, i] if i in CATEGORIES else x[:, i].astype(float)
        for i in range(x.shape[1])
    }
    frame = pandas.DataFrame(columns)
    texts = [f"column {i}" for i in CATEGORIES]
    yield f"text, pandas {frame[texts[0]].dtype}", frame
    yield "text, pandas category", frame.astype(dict.fromkeys(texts, "category"))
    if find_spec("pyarrow"):
        import pyarrow

        yield "text, Arrow strings", pyarrow.Table.from_pandas(frame)


def _peers(
    booster: object, rows: NDArray, expected: NDArray, python: str | None, folder: Path
) -> Iterator[Entry]:
    """What runs the booster."""
    yield Entry("LightGBM", _calls(lambda x: booster.predict(x, num_threads=1), rows))
    path = folder / "forest.txt"
    booster.save_model(path)
    if python:
        np.save(folder / "rows.npy", rows)
        peer = Peer(python, folder)
        _check("lleaves", peer.predictions(folder), expected)
        yield Entry("lleaves", lambda n: peer.seconds(n, SINGLE if n == 1 else 1), peer.ready)
    else:
        print("lleaves is left out: pass --peer PYTHON")
    if find_spec("treelite") and find_spec("tl2cgen"):
        import tl2cgen
        import treelite

        start = perf_counter()
        loaded = treelite.frontend.load_lightgbm_model(str(path))
        library = str(folder / "model.so")
        tl2cgen.export_lib(loaded, "gcc", library, params={"parallel_comp": 0})
        predictor = tl2cgen.Predictor(library, nthread=1)
        seconds = perf_counter() - start
        _check("tl2cgen", _flat(predictor, tl2cgen.DMatrix, rows), expected)
        yield Entry(
            "tl2cgen", _calls(lambda x: _flat(predictor, tl2cgen.DMatrix, x), rows), seconds
        )
    else:
        print("tl2cgen is not installed: pip install treelite tl2cgen")


def _check(name: str, found: NDArray, expected: NDArray) -> None:
    if not np.allclose(found, expected, atol=1e-6):
        raise RuntimeError(f"{name} predicts something else than LightGBM")


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


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(None)
