"""Two processes with gloo: the gradients are those of the whole batch; wiring must be equal."""

import re
import socket
from contextlib import ExitStack

import pytest

from tests import fresh

torch = pytest.importorskip("torch", reason="needs gategrad[train]")
if not torch.distributed.is_available():
    pytest.skip("torch has no distributed", allow_module_level=True)

SCRIPT = """
import sys, torch, torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from gategrad import difflogic, nn
dist.init_process_group("gloo")
rank = dist.get_rank()
def build(seed):
    return nn.Sequential(nn.LogicDense(8, 12, seed=seed), nn.GroupSum(2))
try:
    nn.check_same_wiring(build(rank))
except RuntimeError as error:
    if rank == 0:
        print(error)
def script():
    torch.manual_seed(0)
    return torch.nn.Sequential(difflogic.LogicLayer(8, 12, device="cpu"), difflogic.GroupSum(2))
x = torch.rand(6, 8, generator=torch.Generator().manual_seed(0))
for make in (lambda: build(0), script):
    net = make()
    nn.check_same_wiring(net)
    parallel = DistributedDataParallel(net)
    parallel(x[3 * rank : 3 * rank + 3]).square().mean().backward()
    whole = make()
    whole(x).square().mean().backward()
    torch.testing.assert_close(net[0].weight.grad, whole[0].weight.grad)
if rank == 0:
    print("same gradients")
dist.barrier()
del parallel
dist.destroy_process_group()
"""


# What was said before a process is aborted must be there, and one that waits must not wait forever.
BEGIN = "import signal, sys; signal.alarm(100); sys.stdout.reconfigure(line_buffering=True)\n"
# What torch says where a thread of its own aborts a process that is ending, once in a long while;
# the tests look at what was said before.
ABORTED = "terminate called without an active exception"


def _two(script: str, *arguments: str) -> str:
    """What the first of two processes prints, with the variables that torchrun sets."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2"}
    said = []
    with ExitStack() as stack:
        both = [
            fresh.start(BEGIN + script, *arguments, RANK=rank, LOCAL_RANK=rank, **place)
            for rank in ("0", "1")
        ]
        for process in map(stack.enter_context, both):
            said.append(process.stdout.read())
            errors = process.stderr.read()
            assert process.wait() == 0 or ABORTED in errors, errors
    return said[0]


def test_gradients_are_those_of_the_whole_batch() -> None:
    said = _two(SCRIPT)
    assert "the wiring of process 1 differs from that of process 0" in said
    assert "same gradients" in said


def test_the_example_learns() -> None:
    script = "import runpy; runpy.run_path('examples/ddp.py', run_name='__main__')"
    said = _two(script, "--width", "1000", "--steps", "60")
    accuracy = re.search(r"([\d.]+)% of the test images, 2 processes", said)
    assert float(accuracy[1]) > 35
