"""Without triton nothing changes: imports, training on the CPU, and what is said."""

import os
import subprocess
import sys

import pytest

pytest.importorskip("torch", reason="needs gategrad[train]")

SCRIPT = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "triton":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
import importlib.util
real = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "triton" else real(name, *rest)
sys.meta_path.insert(0, Hidden())
import torch
from gategrad import nn
from gategrad.nn.executors.gpu.available import TRITON, why_not_here
from gategrad.nn.executors.plan import Run
net = nn.Sequential(nn.LogicDense(8, 6, seed=0), nn.GroupSum(2))
net(torch.rand(3, 8)).sum().backward()
assert net[0].weight.grad.abs().sum() > 0
assert nn.training_backend(net).startswith("native")
cuda = torch.device("cuda:0")
print(why_not_here(cuda, cuda))
import os
os.environ["GATEGRAD_TRAINING"] = "triton"
try:
    TRITON.reason(Run((nn.LogicDense(2, 2),), torch.zeros(1)))
except ValueError as error:
    print(error)
"""


def test_training_on_the_cpu_needs_no_triton() -> None:
    environment = {**os.environ, "GATEGRAD_TRAINING": ""}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, env=environment
    )
    said = done.stdout.splitlines()
    assert said[0] == "triton is not installed: pip install triton"
    assert "it needs triton and TRITON_INTERPRET=1 before Python starts" in said[1]
