"""A child of a process that has trained: its threads start anew, or it is told before it hangs."""

import os

import pytest

from tests import fresh

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")

PROGRAM = """
import os, signal, sys, warnings
import numpy as np
import torch
import gategrad as gg
from gategrad import train
from tests.train.examples import fit, network, problem

warnings.simplefilter("ignore", DeprecationWarning)
x, y = problem()
torch.set_num_threads(2)
net = network()
rows = torch.ones(600, 8)
{parent}
child = os.fork()
if child:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
signal.alarm(60)
try:
    {child}
    print("done", flush=True)
except train.TrainError as error:
    print(error, flush=True)
os._exit(0)
"""


def run(parent, child):
    """What the child prints."""
    done = fresh.run(PROGRAM.format(parent=parent, child=child))
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


TRAINS = "fit(net, steps=20, threads=2)"
PLAIN = "torch.ones(3000, 3000).exp().sum()"


CHILD = f"{PLAIN}; fit(network(1), steps=20, threads=2); net.eval()(rows)"


@pytest.mark.parametrize("parent", [TRAINS, PLAIN])
def test_a_child_computes_with_threads_of_its_own(parent):
    assert run(parent, CHILD) == "done"


# A parent without libgomp's way to end its threads, though one before it had found that.
LOST = f"""
from gategrad.nn.executors import forks
forks._workers._pause, forks._pause = None, lambda: None
{TRAINS}
"""


def test_where_threads_are_lost_several_are_refused():
    told = run(LOST, "fit(network(1), steps=20, threads=None)")
    assert told.startswith("this process was forked from one that may have computed with several t")
    assert 'multiprocessing.get_context("spawn"), or train with threads=1' in told


def test_where_threads_are_lost_one_trains():
    assert run(LOST, "fit(network(1), steps=20, threads=1)") == "done"


def test_a_circuit_predicts():
    child = "assert (model.predict(np.tile(x, (500, 1)), threads=2)[:600] == known).all()"
    parent = f"{TRAINS}; model = gg.discretize(net); known = model.predict(x, threads=2)"
    assert run(parent, child) == "done"
