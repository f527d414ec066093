"""No cache keeps what tracing made."""

import ast
import textwrap
from pathlib import Path

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

import gategrad
from gategrad.nn.constants import constant
from tests import fresh

PROGRAM = """
import contextlib
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from gategrad import nn
OPTIONS = [{}, {"logic": "min-max"}, {"gates": ("and", "xor")}, {"logic": "lukasiewicz"}]
for options in OPTIONS:
    net = torch.nn.Sequential(nn.LogicDense(20, 60, seed=0, **options)).eval()
    traced(net)
for options in OPTIONS:
    other = torch.nn.Sequential(nn.LogicDense(20, 60, seed=1, **options), nn.GroupSum(3)).eval()
    scores = other(torch.ones(4, 20))
    assert type(scores) is torch.Tensor, type(scores)
    assert ((scores >= 0) & (scores <= 20)).all(), scores
    other.train()(torch.ones(4, 20)).sum().backward()
nn.expected_gates(torch.nn.Sequential(nn.LogicDense(20, 60, seed=1), nn.GroupSum(3))).backward()
"""
TRACES = {
    "export": """
        torch.export.export(net, (torch.ones(4, 20),))
    """,
    "fake": """
        with contextlib.suppress(RuntimeError), FakeTensorMode(allow_non_fake_inputs=True):
            net(torch.ones(4, 20))
    """,
    "functional": """
        with contextlib.suppress(RuntimeError):
            torch.func.functionalize(net._call_impl)(torch.ones(4, 20))
        with torch.inference_mode():
            net(torch.ones(4, 20))
            nn.expected_gates(torch.nn.Sequential(net[0], nn.GroupSum(3)))
    """,
}


@pytest.mark.parametrize("trace", TRACES)
def test_an_unrelated_network_is_as_it_was_after_tracing(trace):
    traced = f"def traced(net):{textwrap.dedent(TRACES[trace]).replace(chr(10), chr(10) + '    ')}"
    code = PROGRAM.replace("OPTIONS =", f"{traced}\nOPTIONS =", 1)
    found = fresh.run(code)
    assert found.returncode == 0, found.stderr


def test_constants_are_kept_only_where_they_are_plain():
    calls = []

    @constant
    def ones(n):
        calls.append(n)
        return torch.ones(n, device="cpu")

    with FakeTensorMode():
        assert type(ones(3)) is not torch.Tensor
    with torch.inference_mode():
        first = ones(3)
    assert not first.is_inference()
    assert ones(3) is first
    with FakeTensorMode():
        assert type(ones(3)) is not torch.Tensor
    assert ones(3) is first
    assert calls == [3, 3, 3]


def test_no_other_cache_may_hold_tensors():
    """Functools' caches, where torch is imported, are of texts and modules; `constant` is ours."""
    for path in sorted((Path(gategrad.__file__).parent / "nn").rglob("*.py")):
        nodes = list(ast.walk(ast.parse(path.read_text())))
        names = {alias.name for node in nodes for alias in getattr(node, "names", [])}
        sources = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
        if any((name or "").split(".")[0] == "torch" for name in names | sources):
            assert not {"cache", "lru_cache", "cached_property"} & names, path
