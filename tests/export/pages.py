"""Models whose pages are compared with `Model.sums` and `Model.predict`, and rows for them."""

from functools import cache

import numpy as np

import gategrad as gg
from gategrad.encoding import Binned, OneHot, Splits, Table, Thermometer
from tests.export.models import KINDS, all_rows, odd_models, random_model

_NAN = float("nan")
_MIXED = [
    ["12.5", "red", 1.0, 7],
    ["3", "blue", 2.0, 7],
    ["4.25", "red", 10.0, 8],
    ["-1e3", "7", 1.0, 9],
    [None, "green", 2.0, 9],
    ["3", None, None, 8],
]


def digits_model():
    """Random gates on images of 28 by 28 bits, as many as a trained network has; sums often tie."""
    circuit = random_model("argmax", n_inputs=784, gates=10_000).circuit
    return gg.Model(circuit, gg.Readout.group_sum(circuit.n_outputs, 4))


def table_model(missing="indicator", kind="argmax"):
    """A table of numbers and text, some of each missing."""
    rows = _MIXED if missing != "error" else _MIXED[:4]
    names = ["size", "</script>", "third", "code"]
    table = Table.fit(rows, 3, categorical=["code"], names=names, missing=missing)
    return random_model(kind, encoder=table, gates=80)


def table_rows(missing="indicator", n=40):
    """Rows for `table_model`: mixed values of its columns, and categories that it doesn't know."""
    rng, rows = np.random.default_rng(0), _MIXED if missing != "error" else _MIXED[:4]
    made = [[rows[rng.integers(len(rows))][j] for j in range(4)] for _ in range(n)]
    return np.array([*made, ["0", "violet", 5.0, 7.5]], object)


@cache
def models_and_rows():
    """By name: every kind of readout, gate and encoder, each with rows."""
    rng = np.random.default_rng(0)
    numbers = np.round(rng.normal(size=(70, 5)), 1)
    numbers[0] = [np.inf, -np.inf, 0.0, -0.0, 1e300]
    found = {f"odd: {name}": (model, all_rows(2)) for name, model in odd_models().items()}
    for kind in KINDS:
        for width in range(1, 7):
            model = random_model(kind, width=width, gates=50, seed=width)
            found[f"{kind}, width {width}"] = (model, all_rows(12)[:: 4096 // 70])
    levels = np.array([[-np.inf, -1, 0, -0.0, 0.1], [0.3, -1, 0, 0.5, np.inf]])
    ties = np.vstack([numbers, levels, np.nextafter(levels, np.inf)])
    text = np.array([["7", 1], ["b", 2.5], [7, 3], ["a", 1]], object)
    encoders = {
        "thermometer": (Thermometer(levels), ties),
        "binned": (Binned(levels), ties),
        "splits": (
            Splits(np.array([0, 0, 4]), np.array([-np.inf, 0.3, 0.1]), 5, missing="zero"),
            np.vstack([ties, np.full((1, 5), _NAN)]),
        ),
        "one-hot": (OneHot.fit([["a", 1.0], ["7", 2.5]]), text),
    }
    for name, (encoder, x) in encoders.items():
        found[name] = (random_model(encoder=encoder, width=3, gates=50), x)
    for missing in ("error", "zero", "indicator", "most-frequent"):
        found[f"table, {missing}"] = (table_model(missing), table_rows(missing))
    return found


def unnamed(model):
    """The model without names of classes, which then predicts their places."""
    return gg.Model(model.circuit, model.readout, model.encoder)
