"""Small models of every kind."""

import numpy as np

from gategrad import Circuit, Model, Readout
from gategrad.circuit import Convolution, Kernels, Pool
from gategrad.encoding import Filters, Table, Thermometer
from tests.random_convolutions import small_convolution

ROWS = np.arange(24, dtype=np.float32).reshape(8, 3) % 7


def circuit(n_inputs: int = 3) -> Circuit:
    """A 3-input majority, its complement, an and, an unused gate; outputs of all sorts."""
    first = 2 + n_inputs
    fanin = [[2, 3, 4], [first, 0, 0], [2, 4, 0], [3, 4, 0]]
    outputs = [first, first + 1, first + 2, 3, 0, 1]
    return Circuit(n_inputs, fanin, [0xE8, 0x1, 0x8, 0x6], outputs)


def argmax_model(**options) -> Model:
    """Three classes of two outputs on three bits, tau 2."""
    return Model(circuit(), Readout.group_sum(6, 3, tau=2.0), **options)


def binary_model(**options) -> Model:
    """One sum, positive for class 1."""
    readout = Readout("binary", [0, 2], [0, 2], [2, -1], [-1], [0.5], [0.25])
    return Model(circuit(), readout, **options)


def encoded_model(**options) -> Model:
    """Two thermometer bits a feature, three features, labels and provenance."""
    options = {"labels": ["cat", "dog", "emu"], "meta": {"data": "made up"}} | options
    encoder = Thermometer.quantile(ROWS, 2)
    return Model(circuit(6), Readout.group_sum(6, 3), encoder, **options)


def table_model() -> Model:
    """Columns of text and numbers."""
    rows = [[1.0, "red"], [2.0, "blé"], [3.0, "red"]]
    encoder = Table.fit(rows, 2, names=["age", "colour"])
    return Model(circuit(encoder.n_inputs), Readout.identity(6), encoder, neurons=99)


IMAGES = np.random.default_rng(0).integers(0, 256, (20, 3 * 4 * 5), np.uint8)


def filters_model(filters=("pixels", "steps"), **options) -> Model:
    """Images of three colours, 4 rows and 5 columns, of which every plane is read."""
    encoder = Filters.fit(IMAGES, (3, 4, 5), filters, 2)
    n = encoder.n_inputs
    fanin = np.random.default_rng(1).integers(2, 2 + n, (300, 2))
    tables = np.random.default_rng(2).integers(1, 15, 300)
    gates = Circuit(n, fanin, tables, np.arange(2 + n, 302 + n))
    return Model(gates, Readout.group_sum(300, 3), encoder, **options)


def convolution_model(**options) -> Model:
    """A circuit that is also there by its kernels."""
    circuit, readout, convolution = small_convolution()
    return Model(circuit, readout, convolution=convolution, **options)


def tiny_convolution_model() -> Model:
    """One AND at two positions, counted, and by its kernel."""
    tail, sums = Circuit(2, [], [], [2, 3]), Readout.group_sum(2, 2)
    kernel = Kernels([[0], [1]], [8], (1, 2))
    whole = Convolution((1, 1, 3), (kernel, Pool((1, 1), (1, 1))), tail, sums)
    return Model(*whole.flat(), convolution=whole)


def all_models() -> list[Model]:
    """One of every kind, with and without encoder, labels and meta."""
    empty = Model(Circuit(0, [], [], []), Readout("regression", [0, 0], [], [], [3], [1], [0]))
    return [
        argmax_model(),
        argmax_model(labels=[7, -1, 2**40], neurons=12, meta={'é\n"': "\\ \u2028 \x7f", "": ""}),
        binary_model(labels=np.array(["no", "yes"])),
        Model(circuit(), Readout.identity(6), labels=list("abcdef")),
        Model(circuit(), Readout.identity(6, kind="regression")),
        encoded_model(),
        table_model(),
        filters_model(),
        empty,
        convolution_model(labels=list("abc")),
    ]
