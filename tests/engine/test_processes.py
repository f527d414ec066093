"""What only a process of its own can show: little memory, forks, signals, threads that stay."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

NEEDS_FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

BEGIN = """
import os, resource, signal, sys, threading, time
import numpy as np
from gategrad import _core, engine
from gategrad.circuit import Circuit, Readout, evaluate_sums
from gategrad.encoding import Thermometer, OneHot
from gategrad.model import Model

def circuit(n_inputs=80, n_gates=400):
    fanin = np.random.default_rng(0).integers(2, 2 + n_inputs, (n_gates, 2))
    return Circuit(n_inputs, fanin, np.full(n_gates, 6), 2 + n_inputs + np.arange(n_gates))

model = Model(circuit(), Readout.group_sum(400, 10))
program = model.program()
x = np.random.default_rng(1).random((512 * 40, 80)) < 0.5
"""


def run(script: str, **environment: str) -> str:
    """What the script prints, in a process that must end well."""
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + script], capture_output=True, text=True, timeout=100,
        env=os.environ | environment,
    )  # fmt: skip
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def skip_without_limits() -> None:
    if not Path("/proc/self/statm").exists() or "san" in os.environ.get("LD_PRELOAD", ""):
        pytest.skip("needs /proc, and a limit of memory that a sanitizer can't live with")


LITTLE_MEMORY = """
rows = np.asfortranarray(x) if sys.argv[1:] == ["gathered"] else x
expected = evaluate_sums(model.circuit, model.readout, x[:5])
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + int(os.environ["LEFT"]), resource.RLIM_INFINITY))
for threads in (2, 8):
    try:
        assert (program.sums(rows, threads=threads)[:5] == expected).all()
    except MemoryError:
        print("MemoryError")
"""


@pytest.mark.parametrize("kind", ["in place", "gathered"])
def test_memory_that_runs_out_is_an_error_in_every_thread(kind: str) -> None:
    skip_without_limits()
    script = LITTLE_MEMORY.replace("sys.argv[1:]", repr([kind]))
    found = [run(script, LEFT=str(left)) for left in range(0, 6 << 20, 700_000)]
    assert "MemoryError" in found[0]
    assert not found[-1]


@NEEDS_FORK
def test_a_child_finds_locks_open_that_another_thread_held_when_it_forked() -> None:
    run("""
held = [model._lock, program.single_rows._lock, program._lock]
encoded = Model(circuit(2, 9), Readout.identity(9), OneHot(((0.0, 1.0),))).program()
held.append(encoded._lock)
taken, free = threading.Event(), threading.Event()
def hold():
    for lock in held:
        lock.__enter__()
    taken.set()
    free.wait()
threading.Thread(target=hold, daemon=True).start()
taken.wait()
child = os.fork()
if child == 0:
    signal.alarm(20)
    new = model.optimize()
    good = (model.program("numpy").sums(x[:3]) == program.sums(x[:3])).all()
    good &= encoded.sums(np.zeros((700, 1))).shape == (700, 9)
    os._exit(0 if good else 1)
assert os.waitpid(child, 0)[1] == 0
""")


@NEEDS_FORK
def test_children_predict_while_threads_of_the_parent_do() -> None:
    run("""
expected, stop = program.sums(x, threads=2), threading.Event()
def predict():
    while not stop.is_set():
        program.sums(x, threads=2)
threads = [threading.Thread(target=predict) for _ in range(2)]
for thread in threads:
    thread.start()
for _ in range(25):
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        good = _core.pool_size() == 0 and (program.sums(x, threads=2) == expected).all()
        os._exit(0 if good else 1)
    assert os.waitpid(child, 0)[1] == 0
stop.set()
""")


def test_a_call_without_a_number_of_threads_starts_none_for_little_work() -> None:
    out = run("""
program.sums(x[:1024])
print(_core.pool_size())
program.sums(x, threads=2)
print(_core.pool_size())
for _ in range(5):
    program.sums(x, threads=3)
print(_core.pool_size())
""")
    assert out.split() == ["0", "1", "2"]


def test_threads_are_capped_where_none_are_asked_for() -> None:
    script = """
big = np.broadcast_to(x[:1], (512 * 20_000, 80))
program.labels(big)
print(_core.pool_size())
"""
    assert run(script, GATEGRAD_THREADS="1").split() == ["0"]


def test_a_signal_stops_a_call_on_the_main_thread() -> None:
    """Hours of work, of which the handler sees no end."""
    run("""
big = np.broadcast_to(x[:1], (300_000_000, 80))
signal.signal(signal.SIGALRM, lambda *_: 1 / 0)
labels = engine.NativeProgram(circuit(80, 40_000), Readout.group_sum(40_000, 2))
for threads in (1, 2):
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        labels.labels(big, threads=threads)
        raise SystemExit("was not stopped")
    except ZeroDivisionError:
        pass
assert (program.sums(x, threads=2)[:9] == evaluate_sums(model.circuit, model.readout, x[:9])).all()
""")


def test_warming_up_makes_what_first_calls_would_make() -> None:
    run("""
single, lowered = _core.lower_single, []
_core.lower_single = lambda *a: lowered.append(1) or single(*a)
fresh = Model(circuit(), Readout.group_sum(400, 10))
assert fresh.warm_up() is fresh
assert lowered == [1]
fresh.predict(x[:1])
assert lowered == [1]
encoded = Model(circuit(2, 9), Readout.identity(9), OneHot(((0.0, 1.0),))).warm_up()
assert encoded.program()._number_rows is not None
""")


def test_rows_that_a_file_claims_but_nobody_has_are_not_prepared_for() -> None:
    skip_without_limits()
    run("""
huge = Model(Circuit(2**32 - 4, [], [], [2]), Readout.identity(1))
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
for call in (huge.predict, huge.sums, huge.scores):
    try:
        call(x)
    except engine.InputError as error:
        assert "expected (rows, 4294967292)" in str(error), error
    else:
        raise SystemExit("took rows of another width")
""")
