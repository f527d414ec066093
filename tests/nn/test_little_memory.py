"""Where memory runs out in training, that is an error, and the process goes on."""

import pytest

from tests import fresh
from tests.engine.test_processes import skip_without_limits

CODE = """
import resource, sys
import torch
from gategrad import nn

torch.set_num_threads(2)
KINDS = {
    "tables": [nn.LogicDense(64, 4000, inputs=4, parametrization="light", seed=0)],
    "polynomials": [nn.LogicDense(64, 4000, seed=0), nn.LogicDense(4000, 4000, seed=1)],
    "bits": [nn.LogicDense(64, 4000, seed=0, connections="learned", estimator="straight-through")],
    "mixed wires": [
        nn.LogicDense(64, 2000, seed=0, connections="learned", wire_estimator="soft")
    ],
    "convolution": [torch.nn.Unflatten(1, (1, 8, 8)),
                    nn.LogicConv2d(1, 40, 3, in_size=8, depth=2, seed=0), torch.nn.Flatten()],
}
net = nn.Sequential(*KINDS[sys.argv[1]])

def step(batch):
    x = torch.rand(batch, 64, generator=torch.Generator().manual_seed(0)).round()
    net(x).sum().backward()
    return [p.grad.clone() for p in net.parameters()]

expected = step(300)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
for left in range(0, 60 << 20, 4 << 20):
    resource.setrlimit(resource.RLIMIT_AS, (used + left, resource.RLIM_INFINITY))
    try:
        step(2000)
        print("fits")
    except (MemoryError, RuntimeError) as error:
        assert isinstance(error, MemoryError) or "memory" in str(error), error
        print("error")
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
net.zero_grad()
assert all(torch.equal(a, b) for a, b in zip(step(300), expected, strict=True))
"""


@pytest.mark.parametrize("kind", ["tables", "polynomials", "bits", "mixed wires", "convolution"])
def test_memory_that_runs_out_is_an_error_and_training_goes_on(kind: str) -> None:
    skip_without_limits()
    done = fresh.run(CODE, kind)
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "error" in done.stdout
