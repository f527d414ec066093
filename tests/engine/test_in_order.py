"""Work on several threads, results in order, and few items at a time."""

import threading
import time

import numpy as np
import pytest

import gategrad as gg
from gategrad.engine import in_order


@pytest.mark.parametrize("threads", [1, 2, 7])
@pytest.mark.parametrize("n", [0, 1, 50])
def test_order(threads, n):
    def work(i):
        time.sleep(0.001 * (i % 3))
        return i

    assert list(in_order(work, range(n), threads=threads)) == list(range(n))


def test_few_items_are_held_and_the_caller_draws_them():
    held, most, drawers = 0, 0, set()

    def items():
        nonlocal held, most
        for i in range(60):
            drawers.add(threading.get_ident())
            held += 1
            most = max(most, held)
            yield i

    for _ in in_order(lambda i: i, items(), threads=3):
        held -= 1
    assert drawers == {threading.get_ident()}
    assert most <= 5


def test_items_are_worked_on_at_the_same_time():
    both = threading.Barrier(2, timeout=10)
    assert len(list(in_order(lambda _: both.wait(), range(2), threads=2))) == 2


def test_the_first_items_error_comes_and_the_rest_is_left():
    begun = []

    def work(i):
        begun.append(i)
        if i in (3, 4):
            raise KeyError(i)
        return i

    results = in_order(work, range(1000), threads=2)
    found = []
    with pytest.raises(KeyError, match="3"):
        found.extend(results)
    assert len(begun) < 20


def test_an_item_that_can_not_be_drawn_comes_after_those_before_it():
    def items():
        yield from range(3)
        raise KeyError("no more")

    results = in_order(lambda i: time.sleep(0.01) or i, items(), threads=2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(KeyError, match="no more"):
        next(results)


def test_predict_batches():
    model = gg.Model(gg.Circuit(2, [[2, 3]], [6], [4]), gg.Readout.identity(1))
    x = np.random.default_rng(0).integers(0, 2, (1000, 2), dtype=np.uint8)
    batches = (x[i : i + 7] for i in range(0, 1000, 7))
    found = list(model.predict_batches(batches, threads=3))
    assert [len(part) for part in found[:2]] == [7, 7]
    assert np.array_equal(np.concatenate(found), model.predict(x))
    with pytest.raises(gg.InputError, match="threads is 0"):
        next(model.predict_batches([x], threads=0))
    with pytest.raises(gg.InputError, match="x has shape"):
        list(model.predict_batches([x, x[:, :1]]))
