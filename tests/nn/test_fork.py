"""A script of plain torch with our layers, which never imports `gategrad.train`, may fork."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import os, signal, sys
import torch
from gategrad import nn
assert "gategrad.train" not in sys.modules
torch.set_num_threads(2)
net, x = nn.Sequential(nn.LogicDense(64, 4000, seed=0), nn.GroupSum(4)), torch.ones(600, 64)
net(x).sum().backward()
child = os.fork()
if child:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
signal.alarm(40)
net(x).sum().backward()
torch.ones(3000, 3000).exp().sum()
os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_a_child_trains_with_threads_of_its_own():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM],
        capture_output=True, text=True, timeout=120, env=os.environ | {"OMP_NUM_THREADS": "2"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
