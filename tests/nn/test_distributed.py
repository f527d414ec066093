"""Two processes with gloo: the gradients are those of the whole batch; wiring must be equal."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs gategrad[train]")
if not torch.distributed.is_available():
    pytest.skip("torch has no distributed", allow_module_level=True)

ROOT = Path(__file__).parent.parent.parent
SCRIPT = """
import sys, torch, torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from gategrad import nn
dist.init_process_group("gloo")
rank = dist.get_rank()
def build(seed):
    return nn.Sequential(nn.LogicDense(8, 12, seed=seed), nn.GroupSum(2))
try:
    nn.check_same_wiring(build(rank))
except RuntimeError as error:
    if rank == 0:
        print(error)
net = build(0)
nn.check_same_wiring(net)
parallel = DistributedDataParallel(net)
x = torch.rand(6, 8, generator=torch.Generator().manual_seed(0))
parallel(x[3 * rank : 3 * rank + 3]).square().mean().backward()
whole = build(0)
whole(x).square().mean().backward()
torch.testing.assert_close(net[0].weight.grad, whole[0].weight.grad)
if rank == 0:
    print("same gradients")
dist.barrier()
del parallel
dist.destroy_process_group()
"""


ABORTED = "terminate called without an active exception"


def _torchrun(*arguments: str) -> str:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    done = subprocess.run(
        [*command, *arguments], capture_output=True, text=True, cwd=ROOT, env=environment
    )
    # Once in a long while a thread of torch aborts a process that is ending; what was said before
    # is all there, and the tests look at it.
    assert done.returncode == 0 or ABORTED in done.stderr, done.stderr
    return done.stdout


def test_gradients_are_those_of_the_whole_batch(tmp_path: Path) -> None:
    script = tmp_path / "two.py"
    script.write_text(SCRIPT)
    said = _torchrun(str(script))
    assert "the wiring of process 1 differs from that of process 0" in said
    assert "same gradients" in said


def test_the_example_learns() -> None:
    said = _torchrun("examples/ddp.py", "--width", "1000", "--steps", "60")
    accuracy = re.search(r"([\d.]+)% of the test images, 2 processes", said)
    assert float(accuracy[1]) > 35
