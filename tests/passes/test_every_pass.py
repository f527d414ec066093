"""What holds for each pass alone, on any circuit."""

import threading

import pytest
from hypothesis import given, settings

from gategrad.circuit import Circuit, CircuitError, Readout
from gategrad.passes import absorb_outputs, fold, optimize, remove_dead, strash
from tests.passes.checks import assert_not_larger, assert_reduced, assert_same_function
from tests.strategies import pairs

EVERY = pytest.mark.parametrize("apply", [absorb_outputs, fold, optimize, remove_dead, strash])
SETTINGS = settings(max_examples=60, deadline=None, derandomize=True)


@EVERY
@SETTINGS
@given(pair=pairs(max_width=4))
def test_keeps_the_function_is_idempotent_and_never_larger(apply, pair):
    after = apply(*pair)
    assert_same_function(pair, after)
    assert_not_larger(pair, after)
    assert apply(*after) == after


@SETTINGS
@given(pair=pairs(max_width=6, max_gates=8))
def test_optimize_leaves_nothing_to_do(pair):
    after = optimize(*pair)
    assert_reduced(*after)
    for apply in (absorb_outputs, fold, remove_dead, strash):
        assert apply(*after) == after


@EVERY
def test_a_readout_of_missing_outputs_is_refused(apply):
    circuit = Circuit(2, [[2, 3]], [0x8], [4])
    with pytest.raises(CircuitError, match="readout entry 1 reads output 1, but the circuit has 1"):
        apply(circuit, Readout.identity(2))


@EVERY
def test_no_gates_and_no_outputs(apply):
    circuit = Circuit(3, [], [], [])
    readout = Readout("regression", [0, 0], [], [], [7], [1], [0])
    assert apply(circuit, readout) == (circuit, readout)


@EVERY
def test_threads_do_not_disturb_each_other(apply):
    pair = Circuit(2, [[2, 3], [3, 2], [4, 5]], [0x8, 0x8, 0x6], [4, 6]), Readout.identity(2)
    expected, results = apply(*pair), []
    threads = [threading.Thread(target=lambda: results.append(apply(*pair))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 8
