"""Microseconds from one raw row to its label, and from a batch to its labels.

    python -m benchmarks.latency

784 uint8 pixels, a threshold on each, six random layers, ten classes; one thread. Every figure is
the median of ROUNDS, with the lowest and the highest.
"""

import os
import statistics
from collections.abc import Callable
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

import gategrad as gg
from benchmarks.inference import untrained
from benchmarks.machine import describe
from gategrad import engine
from gategrad.circuit import live_gates
from gategrad.encoding import Thermometer
from gategrad.engine.isa import VARIABLE, available

ROUNDS = 9
BATCHES = (1, 2, 3, 4, 6, 8, 12, 16, 17, 32, 64, 128, 256, 511, 512, 1024)
WIDTHS = (5400, 8000)
# Rows that are timed one by one too.
MOST_SINGLE = 64


def main() -> None:
    """Print the core, the calls, and both paths over batch sizes."""
    print(describe())
    encoder = Thermometer.fixed([127.5], 784)
    models = [untrained(encoder, width=width) for width in WIDTHS]
    rows = np.random.default_rng(0).integers(0, 256, (4096, 784), np.uint8)
    print(f"\n{'gates':>7} {'isa':>9} {'layout':>7} {'plan ms':>8} {'core ns a gate':>24}")
    for model in models:
        for isa in available():
            _core_line(model, isa)
    print(f"\n{'gates':>7} {'call, one row':34} {'microseconds':>24}")
    for model in models:
        _call_lines(model, rows)
    for model in models:
        for isa in available():
            _batch_lines(model, rows, isa)


def _core_line(model: gg.Model, isa: str) -> None:
    program = _lowered(model, isa)
    start = perf_counter()
    plan, n_gates = program.single_rows.plan(), live_gates(model.circuit)
    milliseconds = 1e3 * (perf_counter() - start)
    plan.time_gates(100)
    times = [1e9 * plan.time_gates(1000) / 1000 / n_gates for _ in range(ROUNDS)]
    print(f"{n_gates:7,} {isa:>9} {plan.layout:>7} {milliseconds:8.2f} {_spread(times, 3):>24}")


def _call_lines(model: gg.Model, rows: NDArray) -> None:
    program, single = model.program(), [rows[i : i + 1] for i in range(len(rows))]
    floats = [row.astype(np.float32) for row in single]
    for name, call, samples in (
        ("Model.predict, uint8", model.predict, single),
        ("Model.predict, float32", model.predict, floats),
        ("NativeProgram.labels, uint8", program.labels, single),
        ("NativeProgram.sums, uint8", program.sums, single),
    ):
        times = [1e6 * _seconds_a_call(call, samples) for _ in range(ROUNDS)]
        print(f"{live_gates(model.circuit):7,} {name:34} {_spread(times, 2):>24}")


def _batch_lines(model: gg.Model, rows: NDArray, isa: str) -> None:
    few, blocks = _lowered(model, isa), _lowered(model, isa)
    limit = few.single_rows.plan().most_rows
    few.single_rows.most_rows, blocks.single_rows.most_rows = MOST_SINGLE, 0
    print(
        f"\n{live_gates(model.circuit):,} gates, {isa}: microseconds a call; "
        f"one by one in use up to {limit}\n{'rows':>5} {'one by one':>10} {'blocks':>10}"
    )
    for n in BATCHES:
        batches = [rows[i : i + n] for i in range(0, len(rows) - n + 1, n)][: max(8, 512 // n)]
        one = [
            _seconds_a_call(few.labels, batches) for _ in range(ROUNDS if n <= MOST_SINGLE else 0)
        ]
        other = [_seconds_a_call(blocks.labels, batches) for _ in range(ROUNDS)]
        left = f"{1e6 * statistics.median(one):10.1f}" if one else f"{'':10}"
        print(f"{n:5} {left} {1e6 * statistics.median(other):10.1f}")


def _lowered(model: gg.Model, isa: str) -> engine.NativeProgram:
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = isa
    try:
        return engine.NativeProgram(model.circuit, model.readout, model.encoder)
    finally:
        del os.environ[VARIABLE]
        if before is not None:
            os.environ[VARIABLE] = before


def _seconds_a_call(call: Callable, samples: list[NDArray]) -> float:
    start = perf_counter()
    for x in samples:
        call(x)
    return (perf_counter() - start) / len(samples)


def _spread(times: list[float], digits: int) -> str:
    low, middle, high = min(times), statistics.median(times), max(times)
    return f"{middle:.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"


if __name__ == "__main__":
    main()
