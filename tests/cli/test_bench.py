"""`gategrad bench`, and the measuring behind it."""

from types import SimpleNamespace

import numpy as np
import pytest

import gategrad as gg
from gategrad import _core
from gategrad.cli import bench, speed
from gategrad.encoding import OneHot, Table, Thermometer

KEYS = {
    *("samples_per_second", "ns_per_sample", "read_limit_per_second"),
    *("backend", "isa", "reason", "threads", "batch"),
}


class Recorder:
    """A program that notes how it is called and takes a given time a row, by a clock of its own."""

    def __init__(self, monkeypatch, *, seconds_a_row=0.0):
        self.calls, self.now, self.cost = [], 0.0, seconds_a_row
        monkeypatch.setattr(speed.time, "perf_counter", lambda: self.now)
        monkeypatch.setattr(speed, "_read", lambda rows, threads: self._read(len(rows)))

    def _read(self, n):
        self.now += 3e-9 * n
        return 2e-9 * n, 1e-9 * n

    def labels(self, rows, *, threads):
        self.calls.append((len(rows), threads))
        self.now += self.cost * len(rows)


def passes(program, found):
    """Sizes of the calls in the timed passes."""
    calls = -(-found.rows // found.batch) * found.passes
    return [n for n, _ in program.calls[-calls:]]


def test_a_pass_takes_all_rows_batch_by_batch(monkeypatch):
    program = Recorder(monkeypatch, seconds_a_row=1e-6)
    found = speed.measure(program, np.zeros((1000, 8), bool), threads=3, batch=300, seconds=1)
    assert passes(program, found)[:4] == [300, 300, 300, 100]
    assert {threads for _, threads in program.calls} == {3}
    assert (found.threads, found.batch, found.rows) == (3, 300, 1000)
    assert found.samples_per_second == pytest.approx(1e6)
    assert found.ns_per_sample == pytest.approx(1000)
    assert found.passes == pytest.approx(1 / (1e-3 + 3e-6), abs=2)


def test_all_rows_are_one_call_by_default(monkeypatch):
    program = Recorder(monkeypatch, seconds_a_row=1e-6)
    found = speed.measure(program, np.zeros((1000, 8), bool), seconds=0.1)
    assert set(passes(program, found)) == {1000}
    assert found.batch == 1000


def test_the_read_limit_is_the_faster_loop(monkeypatch):
    program = Recorder(monkeypatch, seconds_a_row=4e-9)
    found = speed.measure(program, np.zeros((1000, 8), bool), seconds=1e-5)
    assert found.read_limit_per_second == pytest.approx(1e9)
    assert found.share == pytest.approx(0.25)


def test_one_slow_pass_changes_nothing(monkeypatch):
    program = Recorder(monkeypatch, seconds_a_row=1e-3)
    labels = program.labels

    def hiccup(block, *, threads):
        labels(block, threads=threads)
        program.now += 50 * (len(program.calls) == 4)

    program.labels = hiccup
    found = speed.measure(program, np.zeros((100, 8), bool), seconds=2)
    assert found.passes == 3
    assert found.samples_per_second == pytest.approx(1000)


def test_slow_programs_take_turns_at_the_rows(monkeypatch):
    program = Recorder(monkeypatch, seconds_a_row=0.01)
    rows = np.zeros((10_000, 8), bool)
    found = speed.measure(program, rows, batch=5, seconds=10)
    assert found.rows in (195, 200)
    assert found.passes >= speed.MIN_PASSES
    assert found.samples_per_second == pytest.approx(100)
    program = Recorder(monkeypatch, seconds_a_row=10)
    found = speed.measure(program, rows, seconds=1)
    assert (found.rows, found.batch, found.passes) == (1, 1, speed.MIN_PASSES)


def test_windows_are_different_rows(monkeypatch):
    rows = np.arange(30, dtype=np.uint8)[:, None]
    program = Recorder(monkeypatch, seconds_a_row=0.01)
    seen = []
    labels = program.labels

    def note(block, *, threads):
        seen.append(block[0, 0])
        labels(block, threads=threads)

    program.labels = note
    speed.measure(program, rows, seconds=0.5)
    assert set(seen[-3:]) == {0, 10, 20}


@pytest.mark.parametrize("threads", [1, 3])
def test_reading_is_timed_in_earnest(threads, monkeypatch):
    """Both loops read every byte once: the XOR of their words says so."""
    rows, values, read = np.random.default_rng(0).integers(0, 256, (3 << 10, 64), np.uint8), [], {}
    time_read = _core.time_read

    def noted(part, isa, prefetching):
        seconds, value = time_read(part, isa, prefetching)
        read[prefetching] = read.get(prefetching, 0) ^ value
        values.append(seconds)
        return seconds, value

    monkeypatch.setattr(speed, "_core", SimpleNamespace(time_read=noted))
    assert all(seconds > 0 for seconds in speed._read(rows, threads))
    expected = np.bitwise_xor.reduce(rows.reshape(-1).view(np.uint64))
    assert read == {False: expected, True: expected}
    assert len(values) == 2 * threads


def test_rows_are_bits_for_models_of_bits(xor_model):
    rows = speed.random_rows(gg.load(xor_model))
    assert rows.dtype == bool
    assert rows.shape == (-(-(1 << 16) // 3), 3)
    assert rows.nbytes >= 1 << 16
    assert 0.4 < rows.mean() < 0.6
    bytes_of_bits = speed.random_rows(gg.load(xor_model), dtype="uint8")
    assert set(np.unique(bytes_of_bits)) == {0, 1}


def test_rows_are_distinct(xor_model):
    rows = speed.random_rows(gg.load(xor_model), dtype="float32").reshape(-1)
    halves = np.array_split(rows[: len(rows) // 2 * 2], 2)
    assert not np.array_equal(*halves)
    assert rows.strides == (4,)


@pytest.mark.parametrize(
    ("levels", "meta", "dtype"),
    [
        ([127.5], {}, "uint8"),
        ([0.5], {}, "float32"),
        ([-3.0, 200.0], {}, "float32"),
        ([127.5], {"dtype": "float64"}, "float64"),
        ([127.5], {"dtype": "object"}, "uint8"),
    ],
)
def test_rows_have_the_dtype_of_training(levels, meta, dtype):
    encoder = Thermometer.fixed(levels, 4)
    circuit = gg.Circuit(encoder.n_inputs, np.empty((0, 2)), np.empty(0, int), [2])
    model = gg.Model(circuit, gg.Readout.identity(1), encoder=encoder, meta=meta)
    rows = speed.random_rows(model)
    assert (rows.dtype, rows.shape[1]) == (dtype, 4)
    below = (rows <= levels[0]).mean()
    assert 0 < below < 1


def test_json_has_exactly_the_keys(gategrad, pixel_model):
    found = gategrad("bench", pixel_model, "--seconds", 0.1, "--batch", 64, "--json").json
    assert set(found) == KEYS
    assert (found["backend"], found["threads"], found["batch"]) == ("native", 1, 64)
    assert found["ns_per_sample"] == pytest.approx(1e9 / found["samples_per_second"])
    assert found["read_limit_per_second"] > 0


def test_it_says_what_ran(gategrad, xor_model, monkeypatch):
    monkeypatch.setenv("GATEGRAD_ISA", "baseline")
    done = gategrad("bench", xor_model, "--seconds", 0.1, "--threads", 2)
    assert "native, baseline: GATEGRAD_ISA is set" in done.out
    assert "% of the read limit" in done.out
    assert "lowering" in done.out
    out = gategrad("bench", xor_model, "--seconds", 0.1, "--backend", "numpy").out
    assert "numpy: " in out


def test_short_memory_is_said(gategrad, xor_model, monkeypatch):
    monkeypatch.setattr(speed, "free_bytes", lambda: 1 << 14)
    done = gategrad("bench", xor_model, "--seconds", 0.1)
    assert "memory is short: 8.19 kB of rows instead of 65.5 kB" in done.err


def test_free_memory_is_known_here():
    assert speed.free_bytes() > 1 << 20


def test_encoders_in_python_are_left_out_and_that_is_said(gategrad, tmp_path):
    table = Table((OneHot((("red", "blue"),)),), ((0,),))
    circuit = gg.Circuit(2, np.empty((0, 2)), np.empty(0, int), [2])
    gg.Model(circuit, gg.Readout.identity(1), encoder=table).save(tmp_path / "table.gg")
    done = gategrad("bench", "table.gg", "--seconds", 0.1)
    assert done.code == 0
    assert "measured from bits on" in done.err
    assert "of 2 bool" in done.out


def test_unknown_dtype(gategrad, xor_model):
    gategrad("bench", xor_model, "--dtype", "int7").fails_with(
        "unknown dtype 'int7'; known: bool, uint8, float32, float64"
    )


def test_passes_in_words():
    assert bench._passes(7, 7) == "all"
    assert bench._passes(7, 8000) == "7 of them, in turn"
