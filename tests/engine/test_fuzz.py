"""Anything drawn at random: every engine and instruction set says what the evaluator says."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gategrad import _core, engine
from gategrad.circuit import KINDS, Circuit, Readout, decide, evaluate_sums
from gategrad.encoding import Thermometer
from gategrad.engine.isa import VARIABLE
from tests.random_circuits import random_circuit, random_readout
from tests.strategies import pairs

DTYPES = [np.bool_, np.uint8, np.float32, np.float64]
# Around a machine word, the 512 rows of a block, and the shares of several threads.
BATCHES = st.one_of(st.integers(0, 140), st.sampled_from([511, 512, 513, 1023, 1537, 2600]))


@st.composite
def large_pairs(draw: st.DrawFn) -> tuple[Circuit, Readout]:
    """Hundreds of gates over up to 200 inputs; weights of both signs, and a bias."""
    seed, n_outputs = draw(st.integers(0, 2**32 - 1)), draw(st.integers(1, 90))
    kind = draw(st.sampled_from(KINDS))
    circuit = random_circuit(
        n_inputs=draw(st.integers(1, 200)),
        n_gates=draw(st.integers(0, 900)),
        n_outputs=n_outputs,
        width=draw(st.integers(1, 6)),
        seed=seed,
    )
    n_classes = 1 if kind == "binary" else draw(st.integers(1, 12))
    return circuit, random_readout(n_outputs, n_classes, kind=kind, seed=seed)


@st.composite
def encoders(draw: st.DrawFn, n_inputs: int) -> Thermometer | None:
    """None, or levels that give `n_inputs` bits: on, between and beyond the values of a byte."""
    counts = [n for n in range(1, n_inputs + 1) if n_inputs % n == 0]
    n_levels = draw(st.sampled_from([0, *counts]))
    if n_levels == 0:
        return None
    levels = st.one_of(st.integers(-2, 257), st.floats(-1e3, 1e3, allow_nan=False))
    shared = [draw(levels) for _ in range(min(n_inputs, 6))]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return Thermometer(np.sort(rng.choice(shared, (n_levels, n_inputs // n_levels)), axis=0))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_model_on_any_rows(data: st.DataObject) -> None:
    circuit, readout = data.draw(st.one_of(pairs(max_gates=24, max_width=6), large_pairs()))
    encoder = data.draw(encoders(circuit.n_inputs)) if circuit.n_inputs else None
    dtype = data.draw(st.sampled_from(DTYPES))
    n_rows, threads = data.draw(BATCHES), data.draw(st.integers(1, 5))
    width = circuit.n_inputs if encoder is None else encoder.n_features
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    top = 2 if encoder is None else 256
    x = rng.integers(0, top, (n_rows, width)).astype(dtype)
    bits = x.astype(bool) if encoder is None else encoder.encode(x)
    sums = evaluate_sums(circuit, readout, bits)
    for isa in [*_core.isas(), None]:
        with _only(isa):
            backend = "native" if isa else "numpy"
            program = engine.lower(circuit, readout, encoder, backend=backend)
        assert program.isa == (isa or "numpy")
        for rows in (x, engine.pack(bits)):
            np.testing.assert_array_equal(program.sums(rows, threads=threads), sums)
            labels = program.labels(rows, threads=threads)
            np.testing.assert_array_equal(labels, decide(readout, sums))


@contextmanager
def _only(isa: str | None) -> Iterator[None]:
    with mock.patch.dict(os.environ, {VARIABLE: isa} if isa else {}):
        yield
