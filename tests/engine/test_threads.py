"""One program in several Python threads at once, each call with threads of its own."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from gategrad import engine
from gategrad.circuit import evaluate_sums
from gategrad.encoding import Table, Thermometer
from tests.random_circuits import random_circuit, random_readout


def test_rows_packed_rows_and_few_rows_at_once() -> None:
    encoder = Thermometer.fixed([50.5, 127.5], 80)
    circuit = random_circuit(n_inputs=160, n_gates=500, n_outputs=60)
    readout = random_readout(60, 5)
    x = np.random.default_rng(0).integers(0, 256, (6000, 80), np.uint8)
    bits = encoder.encode(x)
    sums = evaluate_sums(circuit, readout, bits)
    program, packed = engine.lower(circuit, readout, encoder), engine.pack(bits[:600])

    def call(i: int) -> bool:
        if i % 3 == 0:
            return np.array_equal(program.sums(x, threads=3), sums)
        if i % 3 == 1:
            return np.array_equal(program.sums(x[i : i + 2]), sums[i : i + 2])
        return np.array_equal(program.sums(packed, threads=2), sums[:600])

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(call, range(48)))


def test_rows_of_numbers_behind_a_table_at_once() -> None:
    x = np.random.default_rng(1).integers(0, 5, (9000, 6)).astype(np.float64)
    encoder = Table.fit(x, 2, categorical=[1, 3])
    circuit = random_circuit(n_inputs=encoder.n_inputs, n_gates=200, n_outputs=40)
    readout = random_readout(40, 3)
    sums = evaluate_sums(circuit, readout, encoder.encode(x))
    program = engine.lower(circuit, readout, encoder)

    def call(i: int) -> bool:
        n = len(x) if i % 2 else i + 1
        return np.array_equal(program.sums(x[:n], threads=2), sums[:n])

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(call, range(16)))
