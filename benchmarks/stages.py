"""What encoding, gates, sums and argmax take, from programs that lack some of them.

The native engine runs block after block with no clock in it, so stages are differences: a program
that only encodes the inputs that the circuit uses (no gates; entries of weight 0 keep the inputs);
one that also evaluates every gate (all weights 0); one that only encodes and decides between as
many classes with sums as wide (biases, no entries of weight); and the whole. They run over the same
few rows, which stay in cache: with rows from memory, the engine fetches the rows of the next block
while it evaluates gates, and a program without gates would be charged for the wait. What rows from
memory cost the whole beyond that is a column of its own.

Machine code joins gates and sums, and drops gates without a weight, so it is turned off here: these
are the stages of the kernels.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from statistics import median
from time import perf_counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import gategrad as gg
from benchmarks.table import print_row, print_rule
from benchmarks.ternary import ternary_per_second
from gategrad import engine
from gategrad.circuit import N_CONSTANTS, Circuit, Readout, live_gates
from gategrad.cli.speed import random_rows
from gategrad.engine import isa

ROUNDS = 9
CACHED_ROWS, CACHED_PASSES = 4096, 30
SAMPLES_A_VECTOR = 512


def print_stages(models: dict[str, gg.Model]) -> None:
    """Print a line a model: nanoseconds a sample of each stage, one thread, medians."""
    limit = ternary_per_second()
    print("\nns a sample, one thread, GATEGRAD_CODE=off")
    if limit:
        print(f"{limit / 1e9:.2f} billion vpternlog of {SAMPLES_A_VECTOR} bits a second, measured")
    print()
    print_row("model", "encode", "gates", "sums", "argmax", "memory", "total", "billion gates/s",
              "share of vpternlog limit")  # fmt: skip
    print_rule(9)
    for name, model in models.items():
        times = stages(model, random_rows(model))
        # Live gates of all samples, in one stage.
        rate = live_gates(model.circuit) / times.gates
        share = f"{rate * 1e9 / (limit * SAMPLES_A_VECTOR):.2f}" if limit else "-"
        print_row(name, *(f"{t:.1f}" for t in times), f"{rate:.0f}", share)


class Stages(NamedTuple):
    """Nanoseconds a row; all but the last add up to the last."""

    encode: float
    gates: float
    sums: float
    argmax: float
    memory: float
    total: float


def stages(model: gg.Model, rows: NDArray) -> Stages:
    """Time the stages of a model with an argmax readout; `rows` are far more than caches hold."""
    with _without_code():
        programs = truncated(model)
    times: list[list[float]] = [[] for _ in range(5)]
    for _ in range(ROUNDS):
        for program, column in zip(programs, times, strict=False):
            column.append(_seconds(program, rows[:CACHED_ROWS], CACHED_PASSES))
        times[4].append(_seconds(programs[3], rows, 1))
    encode, gates, decide, cached, total = (1e9 * median(column) for column in times)
    argmax = max(0.0, decide - encode)
    return Stages(encode, gates - encode, cached - gates - argmax, argmax, total - cached, total)


@contextmanager
def _without_code() -> Iterator[None]:
    """Programs lowered in the context run their gates in kernels."""
    before = os.environ.get(isa.CODE_VARIABLE)
    os.environ[isa.CODE_VARIABLE] = "off"
    try:
        yield
    finally:
        os.environ.pop(isa.CODE_VARIABLE)
        if before is not None:
            os.environ[isa.CODE_VARIABLE] = before


def _seconds(program: engine.NativeProgram, rows: NDArray, passes: int) -> float:
    """A row, one thread."""
    start = perf_counter()
    for _ in range(passes):
        program.labels(rows, threads=1)
    return (perf_counter() - start) / (passes * len(rows))


def truncated(model: gg.Model) -> list[engine.NativeProgram]:
    """Four programs: encode; encode and gates; encode and argmax; all."""
    circuit, readout = model.circuit, model.readout
    used = _used_inputs(circuit)
    inputs = Circuit(circuit.n_inputs, np.empty((0, 0)), [], used)
    largest = max(1, int(np.abs(model.readout.weight).sum() // readout.n_classes))
    biases = np.arange(readout.n_classes) * largest // max(1, readout.n_classes - 1)
    parts = [
        (inputs, _weightless(len(used), [0])),
        (circuit, _weightless(circuit.n_outputs, [0])),
        (inputs, _weightless(len(used), biases)),
        (circuit, readout),
    ]
    programs = [engine.NativeProgram(*part, model.encoder) for part in parts]
    if programs[1].n_gates != programs[3].n_gates:
        raise RuntimeError("the program without sums has lost gates: stages can't be told apart")
    return programs


def _used_inputs(circuit: Circuit) -> NDArray:
    """Signals of the inputs that a gate or an output reads."""
    read = np.union1d(circuit.fanin, circuit.outputs)
    return read[(read >= N_CONSTANTS) & (read < N_CONSTANTS + circuit.n_inputs)]


def _weightless(n_outputs: int, biases: list[int] | NDArray) -> Readout:
    """Decides between biases; class 0 holds every output with weight 0, and so keeps it needed."""
    one = Readout.group_sum(n_outputs, 1)
    n = len(biases)
    return replace(
        one,
        indptr=np.array([0] + [n_outputs] * n),
        weight=np.zeros(n_outputs, np.int32),
        bias=np.array(biases),
        scale=np.ones(n),
        offset=np.zeros(n),
    )
